/** What is known about a call when its agent wraps it up. */
import {
  type CallState,
  type CollectedValue,
  type HungUpBy,
  selectCallEndedAt,
  selectCollected,
  selectGather,
  selectHungUpBy,
  selectTalkMs,
  selectWhispers,
  type Whisper,
} from '@callgather/protocol'

/** A summary of a call. Its values are masked as the server masked them. */
export interface WrapUpSummary {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  /** Telnyx's `call_session_id`, which joins the legs of one call; `null` if unknown. */
  readonly sessionId: string | null
  /** The caller's number, or the SIP address; `null` if unknown. */
  readonly from: string | null
  /** The called number, or the SIP address; `null` if unknown. */
  readonly to: string | null
  /** Telnyx's `direction`: `incoming` or `outgoing`; `null` if unknown. */
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
  readonly whispers: readonly Whisper[]
}

/** Returns the summary of a call. */
export function summaryOf(state: CallState): WrapUpSummary {
  const { session, parties, initiated, answered, timeline } = state
  const endedAt = selectCallEndedAt(state)
  const answeredAt = answered?.at ?? null
  return {
    callId: state.callId,
    sessionId: session?.id ?? null,
    from: parties?.from ?? null,
    to: parties?.to ?? null,
    direction: initiated?.direction ?? null,
    startedAt: initiated?.at ?? timeline.at(0)?.at ?? null,
    answeredAt,
    endedAt,
    durationMs: selectTalkMs(state),
    hungUpBy: selectHungUpBy(state),
    isMissed: endedAt !== null && answeredAt === null && initiated?.direction === 'incoming',
    collected: selectCollected(state),
    outcomes: outcomesOf(state),
    whispers: selectWhispers(state),
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
