/** Who is called: a telephone that takes the call, or a stand-in that behaves as its number was told to. */
import type { Settings } from '../settings/settings.ts'
import type { Call } from './call.ts'

const BUSY_DELAY_MS = 500
/** How long it takes to tell a machine from a person. */
const DETECTION_DELAY_MS = 3000

/** A number that is told how to behave does so; any other rings at a telephone that takes it (`offer`). */
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

/** Says what answered, when the program asked; a machine cancels the gather that runs (G20). */
function reportDetection(call: Call, detection: 'standard' | 'premium', isMachine: boolean, cancels: boolean): void {
  const premium = detection === 'premium'
  call.after(DETECTION_DELAY_MS, () => {
    const result = isMachine ? 'machine' : premium ? 'human_residence' : 'human'
    call.emit(`call.machine.${premium ? 'premium.' : ''}detection.ended`, { result })
    if (isMachine && cancels) call.gather.feed({ type: 'machine' })
    call.publishUpdate()
  })
}
