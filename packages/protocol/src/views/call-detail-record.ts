/**
 * The record of a finished call, for the systems of the host: who called, what was asked and collected, and how the agent
 * wrapped the call up. Its values are masked as the server masked them. `call-detail-record.schema.json` describes it.
 */
import type { Mask } from '../base/mask.ts'
import type { CallState } from '../call-state/call-state.ts'
import { type CollectedItem, selectCollected } from './collected.ts'
import { selectGather } from './gather.ts'
import { type HungUpBy, selectCallEndedAt, selectHungUpBy } from './status.ts'
import { selectTalkMs, selectWhispers, type Whisper } from './wrap-up.ts'

/** A gather in the record of a call. The values that it collected are in `collected`. */
export interface RecordedGather {
  /** The gather's `command_id`; the id of its ending event if it was not started through CallGather. */
  readonly gatherId: string
  readonly kind: 'digits' | 'fields'
  /** The command that started the gather, such as `gather_using_speak`; `null` if not started through CallGather. */
  readonly command: string | null
  /** What the gather asked for, in the words of its agent; `null` without a label. */
  readonly label: string | null
  /** The subject of the agent's ticket; `null` if it was not started through CallGather. */
  readonly requestedBy: string | null
  /** ISO 8601, UTC; `null` if unknown. */
  readonly requestedAt: string | null
  /** ISO 8601, UTC; `null` if it was refused, or did not run. */
  readonly endedAt: string | null
  /** How it ended: Telnyx's `valid`, `invalid`, `timeout`, `cancelled`, `call_hangup`, … An open list. */
  readonly outcome: string | null
  /** Telnyx's error code if it refused the gather; otherwise `null`. */
  readonly refusal: string | null
  /** The mask of the caller's input; `null` when the input is not masked. */
  readonly mask: Mask | null
}

/** The record of a finished call. All times are ISO 8601 in UTC. */
export interface CallDetailRecord {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  /** Telnyx's session, which several legs of one call share; `null` if unknown. */
  readonly sessionId: string | null
  readonly from: string | null
  readonly to: string | null
  /** Telnyx's `incoming` or `outgoing`; `null` if unknown. */
  readonly direction: string | null
  /** The caller's name from the caller ID; `null` without one. The caller can choose it, so don't trust it. */
  readonly callerName: string | null
  readonly startedAt: string | null
  /** `null` if the call was not answered. */
  readonly answeredAt: string | null
  readonly endedAt: string | null
  /** How long the parties talked, in milliseconds; `null` if the call was not answered. */
  readonly talkMs: number | null
  /** Which party hung up; `null` when Telnyx did not report it. */
  readonly hungUpBy: HungUpBy | null
  /** Telnyx's cause of the hangup, such as `normal_clearing`; `null` when Telnyx did not report it. */
  readonly hangupCause: string | null
  /** Oldest first. */
  readonly gathers: readonly RecordedGather[]
  /** Every value collected on the call, oldest first. */
  readonly collected: readonly CollectedItem[]
  /** The messages that agents whispered to the assistant, oldest first. */
  readonly whispers: readonly Whisper[]
  /** How the agent wrapped the call up; `null` if no agent did. */
  readonly wrapUp: {
    /** The agent's note as written; empty if there is none. */
    readonly note: string
    /** The id of the disposition that the agent chose; `null` if none. */
    readonly disposition: string | null
    /** The subject of the agent's ticket. */
    readonly who: string
    readonly at: string
  } | null
}

/** Returns the record of a call. */
export function selectCallDetailRecord(state: CallState): CallDetailRecord {
  const { callId, parties, initiated, answered, session, hangup, wrapUp, timeline } = state
  return {
    callId,
    sessionId: session?.id ?? null,
    from: parties?.from ?? null,
    to: parties?.to ?? null,
    direction: initiated?.direction ?? null,
    callerName: initiated?.callerName ?? null,
    startedAt: initiated?.at ?? timeline.at(0)?.at ?? null,
    answeredAt: answered?.at ?? null,
    endedAt: selectCallEndedAt(state),
    talkMs: selectTalkMs(state),
    hungUpBy: selectHungUpBy(state),
    hangupCause: hangup?.cause ?? null,
    gathers: gathersOf(state),
    collected: collectedOf(state),
    whispers: selectWhispers(state),
    wrapUp: wrapUp && { note: wrapUp.note, disposition: wrapUp.disposition, who: wrapUp.subject, at: wrapUp.at },
  }
}

/** Orders two ISO times. */
const byTime = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1)

function gathersOf(state: CallState): RecordedGather[] {
  const gathers = [...state.gathers].flatMap(({ id }): RecordedGather[] => {
    const gather = selectGather(state, id)
    if (!gather) return []
    const { kind, command, label, requestedBy, requestedAt, endedAt, outcome, refusal, mask } = gather
    const common = { gatherId: id, kind, command, label, requestedBy: requestedBy ?? null, requestedAt }
    const isRefused = refusal !== null
    return [
      {
        ...common,
        endedAt: isRefused ? null : endedAt,
        outcome: isRefused ? null : outcome,
        refusal: refusal?.code ?? null,
        mask: mask ?? null,
      },
    ]
  })
  const timeOf = ({ requestedAt, endedAt }: RecordedGather) => requestedAt ?? endedAt ?? ''
  return gathers.sort((one, other) => byTime(timeOf(one), timeOf(other)))
}

const collectedOf = (state: CallState): CollectedItem[] =>
  selectCollected(state)
    .map(({ gatherId, kind, name, label, value, digitCount, last4, mask, outcome, at }) => ({
      ...{ gatherId, kind, name, label, value, digitCount, last4, mask, outcome, at },
    }))
    .sort((one, other) => byTime(one.at, other.at))
