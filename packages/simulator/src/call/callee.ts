/** Outgoing calls: routes them to a connected phone, or to a simulated callee that follows `settings.leg`. */
import type { Settings } from '../settings/settings.ts'
import type { Call } from './call.ts'

const BUSY_DELAY_MS = 500
/** Delay from the answer to the result of answering-machine detection. */
const DETECTION_DELAY_MS = 3000

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

/** Emits the detection result. An answering machine cancels the active gather (README rule G20). */
function reportDetection(
  call: Call,
  detection: 'standard' | 'premium',
  isMachine: boolean,
  shouldCancel: boolean,
): void {
  const premium = detection === 'premium'
  call.after(DETECTION_DELAY_MS, () => {
    const result = isMachine ? 'machine' : premium ? 'human_residence' : 'human'
    call.emit(`call.machine.${premium ? 'premium.' : ''}detection.ended`, { result })
    if (isMachine && shouldCancel) call.gather.feed({ type: 'machine' })
    call.publishUpdate()
  })
}
