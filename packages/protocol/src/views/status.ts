/** How far a call, and a command on it, have come. */
import type { CallState, CommandState } from '../call-state/call-state.ts'

/** How far a call has come. */
export type CallPhase = 'unknown' | 'ringing' | 'answered' | 'ended'

/** How far a gather, or a conversation, has come. */
export type GatherStatus = 'requested' | 'collecting' | 'ended' | 'refused' | 'unknown'

/** Telnyx's words for why a command was refused. */
export interface Refusal {
  readonly httpStatus: number
  readonly code: string
  readonly title: string
  readonly detail?: string | undefined
}

/** How far the call has come. */
export function selectCallPhase(state: CallState): CallPhase {
  if (state.hangup || state.closed) return 'ended'
  if (state.answered) return 'answered'
  return state.initiated ? 'ringing' : 'unknown'
}

/**
 * Who hung up. `us`: our side, by the agent, the host's code or an assistant. `caller` placed the call, `callee` was
 * called.
 */
export type HungUpBy = 'us' | 'caller' | 'callee'

/** Telnyx names the legs by their part in the call. Which of them is ours follows from the direction, once it is known. */
export function readHungUpBy(source: unknown, direction: unknown): HungUpBy | null {
  if (source !== 'caller' && source !== 'callee') return null
  const ours = direction === 'incoming' ? 'callee' : direction === 'outgoing' ? 'caller' : null
  return source === ours ? 'us' : source
}

/** Who hung up; `null` while the call is up, and where Telnyx does not say. */
export const selectHungUpBy = (state: CallState): HungUpBy | null =>
  readHungUpBy(state.hangup?.source, state.initiated?.direction)

/** When the call ended, if it has. */
export const selectCallEndedAt = (state: CallState): string | null => state.hangup?.at ?? state.closed?.at ?? null

/** Refused stays refused; what was seen to run has run, whatever the answer was. */
export function statusOf(command: CommandState | null, over: boolean, evidence: boolean): GatherStatus {
  if (command?.outcome?.status === 'refused') return 'refused'
  if (over) return 'ended'
  if (evidence || command?.outcome?.status === 'accepted' || !command) return 'collecting'
  return command.outcome?.status === 'unknown' ? 'unknown' : 'requested'
}

export function refusalOf(command: CommandState | null): Refusal | null {
  const outcome = command?.outcome
  if (outcome?.status !== 'refused') return null
  const { httpStatus, code, title, detail } = outcome
  return { httpStatus, code, title, detail }
}
