/** The phase of a call, and the status of its gathers and conversations. */
import type { CallState, CommandState, ConversationState, GatherState } from '../call-state/call-state.ts'

/** The phase of a call: `unknown` until a webhook reports the call. */
export type CallPhase = 'unknown' | 'ringing' | 'answered' | 'ended'

/** The status of a gather or conversation; `unknown` when Telnyx did not answer the command that starts it. */
export type GatherStatus = 'requested' | 'collecting' | 'ended' | 'refused' | 'unknown'

/** Telnyx's error for a command that it refused. */
export interface Refusal {
  /** The HTTP status of Telnyx's answer. */
  readonly httpStatus: number
  /** Telnyx's error code, a string of digits. */
  readonly code: string
  /** Telnyx's title of the error. */
  readonly title: string
  /** Telnyx's explanation of the error. */
  readonly detail?: string | undefined
}

/** Returns the phase of the call. */
export function selectCallPhase(state: CallState): CallPhase {
  if (state.hangup || state.closed) return 'ended'
  if (state.answered) return 'answered'
  return state.initiated ? 'ringing' : 'unknown'
}

/**
 * Which party hung up. `us`: the agent, the host's code or an assistant. `caller` placed the call; `callee` was called.
 */
export type HungUpBy = 'us' | 'caller' | 'callee'

/** Maps Telnyx's `caller` or `callee` to `us` when the call's direction shows that this party is our side. */
export function readHungUpBy(source: unknown, direction: unknown): HungUpBy | null {
  if (source !== 'caller' && source !== 'callee') return null
  const ours = direction === 'incoming' ? 'callee' : direction === 'outgoing' ? 'caller' : null
  return source === ours ? 'us' : source
}

/** Returns which party hung up; `null` during the call, and when Telnyx did not report it. */
export const selectHungUpBy = (state: CallState): HungUpBy | null =>
  readHungUpBy(state.hangup?.source, state.initiated?.direction)

/**
 * Returns whether an ended call was never answered: `missed` if it came in, `unanswered` if our side placed it. `null`
 * during the call, and when it was answered or its start is unknown. Keys and words prove that it was answered.
 */
export function selectNotAnswered(state: CallState): 'missed' | 'unanswered' | null {
  const { initiated, answered, hangup, keys, conversations, tracks } = state
  if (!hangup || !initiated?.direction || answered) return null
  const hasEvidence = keys.size > 0 || Object.keys(tracks).length > 0 || [...conversations].some((it) => it.created)
  if (hasEvidence) return null
  return initiated.direction === 'outgoing' ? 'unanswered' : 'missed'
}

/** Returns when the call ended as an ISO time; `null` during the call. */
export const selectCallEndedAt = (state: CallState): string | null => state.hangup?.at ?? state.closed?.at ?? null

/** `evidence` is an event that proves that the command ran; it outranks a missing or unknown response from Telnyx. */
export function statusOf(command: CommandState | null, over: boolean, evidence: boolean): GatherStatus {
  if (command?.outcome?.status === 'refused') return 'refused'
  if (over) return 'ended'
  if (evidence || command?.outcome?.status === 'accepted' || !command) return 'collecting'
  return command.outcome?.status === 'unknown' ? 'unknown' : 'requested'
}

/**
 * Returns the latest request of a gather or conversation. A refused one changed nothing on the call: it is the latest
 * only while no other runs and none has ended since.
 */
export function latestOf(
  latest: CallState['latestGather'],
  all: CallState['gathers'] | CallState['conversations'],
): { readonly id: string; readonly stamp: string } | null {
  const isRefused = ({ command }: Item) => command?.outcome?.status === 'refused'
  const asked = latest && all.get(latest.id)
  if (!asked || !isRefused(asked)) return latest
  // One without a request was not started through CallGather.
  const begun = [...(all as Iterable<Item>)]
    .filter((it) => !isRefused(it))
    .map(({ id, command, ended }) => ({ id, stamp: command?.request?.stamp ?? '', ended }))
  const newest = begun.reduce(
    (one, other) => (other.stamp < one.stamp ? one : other),
    begun[0] ?? { ...latest, ended: null },
  )
  return newest.ended && newest.ended.stamp < latest.stamp ? latest : newest
}

type Item = GatherState | ConversationState

export function refusalOf(command: CommandState | null): Refusal | null {
  const outcome = command?.outcome
  if (outcome?.status !== 'refused') return null
  const { httpStatus, code, title, detail } = outcome
  return { httpStatus, code, title, detail }
}
