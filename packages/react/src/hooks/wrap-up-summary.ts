/** What is known about a call when its agent wraps it up. */
import {
  type CallState,
  type CollectedValue,
  type HungUpBy,
  selectCallEndedAt,
  selectCollected,
  selectGather,
  selectHungUpBy,
} from '@callgather/protocol'

/** A message that an agent whispered to the assistant. */
export interface WrapUpWhisper {
  /** The `command_id` of the message. */
  readonly id: string
  readonly text: string
  /** The subject of the agent's ticket; `null` if the message was not sent through CallGather. */
  readonly who: string | null
  /** ISO 8601, UTC. */
  readonly at: string
}

/** A summary of a call. Its values are masked as the server masked them. */
export interface WrapUpSummary {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  readonly from: string | null
  readonly to: string | null
  readonly direction: string | null
  /** When the call started: ISO 8601, UTC; `null` if unknown. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC; `null` if it was not answered. */
  readonly answeredAt: string | null
  /** When the call ended: ISO 8601, UTC; `null` during the call. */
  readonly endedAt: string | null
  /** How long the parties talked, in milliseconds; `null` during the call and if it was not answered. */
  readonly durationMs: number | null
  /** Which party hung up; `null` during the call, and when Telnyx did not report it. */
  readonly hungUpBy: HungUpBy | null
  /** Whether an incoming call ended without an answer. */
  readonly isMissed: boolean
  /** Every value collected on the call, newest first. */
  readonly collected: readonly CollectedValue[]
  /** How the requests to the caller ended, and how often: Telnyx's statuses, such as `valid` or `timeout`. */
  readonly outcomes: readonly { readonly outcome: string; readonly count: number }[]
  /** The messages whispered to the assistant, oldest first, without refused messages. */
  readonly whispers: readonly WrapUpWhisper[]
}

/** Returns the summary of a call. */
export function summaryOf(state: CallState): WrapUpSummary {
  const { parties, initiated, answered, timeline } = state
  const endedAt = selectCallEndedAt(state)
  const answeredAt = answered?.at ?? null
  return {
    callId: state.callId,
    from: parties?.from ?? null,
    to: parties?.to ?? null,
    direction: initiated?.direction ?? null,
    startedAt: initiated?.at ?? timeline.at(0)?.at ?? null,
    answeredAt,
    endedAt,
    durationMs: endedAt !== null && answeredAt !== null ? Date.parse(endedAt) - Date.parse(answeredAt) : null,
    hungUpBy: selectHungUpBy(state),
    isMissed: endedAt !== null && answeredAt === null && initiated?.direction === 'incoming',
    collected: selectCollected(state),
    outcomes: outcomesOf(state),
    whispers: whispersOf(state),
  }
}

function outcomesOf(state: CallState) {
  const counts = new Map<string, number>()
  for (const { id } of state.gathers) {
    const outcome = selectGather(state, id)?.outcome
    if (outcome) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  }
  return Array.from(counts, ([outcome, count]) => ({ outcome, count }))
}

function whispersOf(state: CallState): WrapUpWhisper[] {
  const whispers: WrapUpWhisper[] = []
  for (const { id, request, outcome } of state.commands) {
    if (request?.command !== 'ai_assistant_add_messages' || outcome?.status === 'refused') continue
    const messages: readonly unknown[] = Array.isArray(request.body.messages) ? request.body.messages : []
    const text = messages.flatMap(contentOf).join('\n')
    if (text !== '') whispers.push({ id, text, who: request.subject ?? null, at: request.at })
  }
  return whispers.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function contentOf(message: unknown): string[] {
  const isText = typeof message === 'object' && message !== null && 'content' in message
  return isText && typeof message.content === 'string' ? [message.content] : []
}
