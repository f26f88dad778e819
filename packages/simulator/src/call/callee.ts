/** Outgoing calls: routes them to a connected phone, or to a simulated callee that follows `settings.leg`. */
import type { Settings } from '../settings/settings.ts'
import type { Call } from './call.ts'

const BUSY_DELAY_MS = 500
/** Delay from the answer to the result of answering-machine detection. */
const DETECTION_DELAY_MS = 3000
/** Time from the detection of a machine to the end of its greeting, which ends with a beep. */
const GREETING_MS = 4000

/** How each mode of detection reports the end of a greeting. The mode `detect` does not. */
const greetingResults: Readonly<Record<string, string>> = {
  premium: 'beep_detected',
  detect_beep: 'beep_detected',
  detect_words: 'ended',
  greeting_end: 'ended',
}

/** Routes an outgoing call. `settings.leg.callees` decides first; other numbers ring at a phone if `offer` finds one. */
export function routeToCallee(call: Call, { leg, gather }: Settings, offer: () => boolean): void {
  const { detection } = call.options
  const behaviour = leg.callees[call.identity.to]
  if (detection)
    call.whenAnswered(() => reportDetection(call, detection, behaviour === 'machine', gather.machineCancels))
  if (behaviour === undefined && offer()) return
  if (behaviour === 'busy' || behaviour === 'reject')
    call.after(BUSY_DELAY_MS, () =>
      call.end({ type: 'reject', cause: behaviour === 'busy' ? 'user_busy' : 'call_rejected' }),
    )
  else if (behaviour !== 'no_answer' && leg.calleeAnswersAfterMs !== null)
    call.after(leg.calleeAnswersAfterMs, () => call.connect({ type: 'picked-up' }))
}

/** Emits the results of detection. An answering machine cancels the active gather (rule G20). */
function reportDetection(call: Call, detection: string, isMachine: boolean, shouldCancel: boolean): void {
  const events = `call.machine.${detection === 'premium' ? 'premium.' : ''}`
  call.after(DETECTION_DELAY_MS, () => {
    const human = detection === 'premium' ? 'human_residence' : 'human'
    call.emit(`${events}detection.ended`, { result: isMachine ? 'machine' : human })
    if (isMachine && shouldCancel) call.gather.feed({ type: 'machine' })
    const result = greetingResults[detection]
    if (isMachine && result !== undefined)
      call.after(GREETING_MS, () => call.emit(`${events}greeting.ended`, { result }))
    call.publishUpdate()
  })
}
