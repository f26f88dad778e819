/** Who is called: a telephone that takes the call, or a stand-in that behaves as its number was told to. */
import type { Call } from './call.ts'
import type { Exchange, NewCall } from './exchange.ts'

const BUSY_MS = 500
/** How long it takes to tell a machine from a person. */
const DETECTION_MS = 3000

export class Callee {
  private readonly call: Call
  private readonly exchange: Exchange
  private readonly after: (ms: number, then: () => void) => void

  constructor(call: Call, exchange: Exchange, after: (ms: number, then: () => void) => void) {
    this.call = call
    this.exchange = exchange
    this.after = after
  }

  /** A number that is told how to behave does so; any other rings at a telephone that takes it. */
  meet(detection: NewCall['detection']): void {
    const { callees, calleeAnswersAfterMs } = this.exchange.settings.leg
    const { call } = this
    const told = callees[call.identity.to]
    if (detection) call.whenAnswered(() => this.detect(told === 'machine', detection))
    if (told === undefined && this.exchange.offer(call)) return
    if (told === 'busy' || told === 'reject')
      this.after(BUSY_MS, () => call.end({ type: 'reject', cause: told === 'busy' ? 'user_busy' : 'call_rejected' }))
    else if (told !== 'no_answer' && calleeAnswersAfterMs !== null)
      this.after(calleeAnswersAfterMs, () => call.connect({ type: 'picked-up' }))
  }

  /** Says what answered, when the program asked; a machine cancels the gather that runs (G20). */
  private detect(machine: boolean, detection: 'standard' | 'premium'): void {
    const premium = detection === 'premium'
    this.after(DETECTION_MS, () => {
      const result = machine ? 'machine' : premium ? 'human_residence' : 'human'
      this.call.emit(`call.machine.${premium ? 'premium.' : ''}detection.ended`, { result })
      if (machine && this.exchange.settings.gather.machineCancels) this.call.gathering.feed({ type: 'machine' })
      this.call.changed()
    })
  }
}
