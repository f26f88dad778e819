import {
  type CallState,
  type DigitGather,
  type Gather,
  type HungUpBy,
  type Refusal,
  selectGather,
  selectHungUpBy,
} from '@callgather/protocol'

/** What a card about a gather shows, less its digits and fields: those change at every key, and have views of their own. */
export interface GatherSlice {
  readonly id: string
  readonly kind: Gather['kind']
  readonly status: Gather['status']
  readonly command: Gather['command']
  readonly body: Gather['body']
  readonly outcome: string | null
  /** Who hung up, where that ended it. */
  readonly hungUpBy: HungUpBy | null
  readonly hidden: DigitGather['mask']
  readonly delivery: Gather['delivery']
  readonly requestedAt: string | null
  /** When Telnyx accepted a stop that no event has confirmed yet. */
  readonly stopAcceptedAt: string | null
  readonly endedAt: string | null
  /** Why Telnyx refused it. */
  readonly refusal: Refusal | null
  readonly prompt: string | null
  readonly media: string | null
  readonly playing: boolean
  readonly attempt: number
  readonly tries: number
  /** Whether any key is in. */
  readonly begun: boolean
}

/** The slice of the gather that began last; flat, so that it compares by value. */
export function gatherSliceOf(state: CallState): GatherSlice | null {
  const gather = selectGather(state)
  if (!gather) return null
  const digits = gather.kind === 'digits' ? gather : null
  return {
    id: gather.id,
    kind: gather.kind,
    status: gather.status,
    command: gather.command,
    body: gather.body,
    outcome: gather.outcome,
    hungUpBy: selectHungUpBy(state),
    hidden: gather.mask,
    delivery: gather.delivery,
    requestedAt: gather.requestedAt,
    stopAcceptedAt: stopAcceptedAt(state, gather),
    endedAt: gather.endedAt,
    refusal: gather.refusal,
    prompt: digits?.prompt.text ?? null,
    media: digits?.prompt.media ?? null,
    playing: digits?.prompt.playing === true,
    attempt: digits?.attempt ?? 1,
    tries: digits?.rules.tries ?? 1,
    begun: (digits?.count ?? 0) > 0,
  }
}

/** When Telnyx accepted a stop of a gather that still runs, as far as is known; `null` if it did not. */
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
