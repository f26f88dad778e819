import { type CallState, type Gather, selectGather, selectHungUpBy } from '@callgather/protocol'

/** The state of a gather's card. Digits and fields are left out, because they change often and have their own views. */
export type GatherSlice = NonNullable<ReturnType<typeof gatherSliceOf>>

/** Selects the card state of the call's latest gather. The result is flat, so that it compares by value. */
export function gatherSliceOf(state: CallState) {
  const gather = selectGather(state)
  if (!gather) return null
  const digits = gather.kind === 'digits' ? gather : null
  return {
    id: gather.id,
    kind: gather.kind,
    status: gather.status,
    command: gather.command,
    label: gather.label,
    body: gather.body,
    outcome: gather.outcome,
    /** The side that hung up, if a hang-up ended the gather. */
    hungUpBy: selectHungUpBy(state),
    mask: gather.mask,
    /** How the caller's input is hidden. After a masked gather, the server also hides the keys of the next one. */
    hidden: gather.mask ?? (digits?.digits.includes('•') ? ('digits' as const) : undefined),
    delivery: gather.delivery,
    requestedAt: gather.requestedAt,
    /** When Telnyx accepted a stop of the gather that no event has confirmed yet; `null` for none. */
    stopAcceptedAt: stopAcceptedAt(state, gather),
    endedAt: gather.endedAt,
    refusal: gather.refusal,
    prompt: digits?.prompt.text ?? null,
    media: digits?.prompt.media ?? null,
    playing: digits?.prompt.playing === true,
    /** The current attempt; `null` while it is unknown. */
    attempt: digits?.attempt ?? null,
    tries: digits?.rules?.maxAttempts ?? 1,
    /** Why the last entry of digits was rejected; `null` if it was not. */
    rejected: digits?.rejected ?? null,
    /** Whether the caller has entered at least one digit. */
    begun: (digits?.digitCount ?? 0) > 0,
  }
}

/** When Telnyx accepted a stop of a gather that has not ended yet; `null` if it accepted none. */
export function stopAcceptedAt(state: CallState, gather: Gather): string | null {
  if (gather.status !== 'collecting') return null
  const stop = gather.kind === 'fields' ? 'ai_assistant_stop' : 'gather_stop'
  let latest: string | null = null
  for (const { request, outcome } of state.commands) {
    if (request?.command !== stop || outcome?.status !== 'accepted') continue
    if (gather.requestedAt !== null && request.at < gather.requestedAt) continue
    if (latest === null || outcome.at > latest) latest = outcome.at
  }
  return latest
}
