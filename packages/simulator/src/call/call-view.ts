/** A call as others see it: the caller's side (`/_sim/calls`), and `GET /v2/calls/{id}`. */

import type { LegState } from '../leg/leg.ts'
import { type Sound, spoken } from '../line/line.ts'
import type { CallView, Collecting, TranscriptLine } from './activity.ts'
import type { Call, CallIdentity } from './call.ts'

/** What there is to see. Times are milliseconds since the epoch. */
export interface Visible {
  identity: CallIdentity
  leg: LegState
  clientState: string | null
  createdAt: number
  answeredAt: number | null
  endedAt: number | null
  bridgedWith: string | null
  playing: Sound | null
  collecting: Collecting | null
  transcript: readonly TranscriptLine[]
}

export function viewOf(call: Visible): CallView {
  const { identity, leg, playing } = call
  return {
    id: identity.call_control_id,
    ...identity,
    direction: leg.direction,
    state: leg.phase === 'answered' || leg.phase === 'ended' ? leg.phase : 'ringing',
    client_state: call.clientState,
    created_at: iso(call.createdAt),
    answered_at: call.answeredAt === null ? null : iso(call.answeredAt),
    ended_at: call.endedAt === null ? null : iso(call.endedAt),
    hangup_cause: leg.cause,
    bridged_with: call.bridgedWith,
    speaking: playing && { kind: playing.kind, text: spoken(playing.text), purpose: playing.purpose },
    collecting: call.collecting,
    transcript: call.transcript.slice(),
  }
}

/** `data` of `GET /v2/calls/{id}`. */
export function statusOf(
  { identity, leg, clientState, answeredAt, endedAt }: Visible,
  now: number,
): Record<string, unknown> {
  const { call_control_id, call_leg_id, call_session_id } = identity
  return {
    record_type: 'call',
    call_control_id,
    call_leg_id,
    call_session_id,
    is_alive: leg.phase !== 'ended',
    call_duration: answeredAt === null ? 0 : Math.floor(((endedAt ?? now) - answeredAt) / 1000),
    start_time: leg.start_time,
    ...(endedAt === null ? {} : { end_time: iso(endedAt) }),
    ...(clientState === null ? {} : { client_state: clientState }),
  }
}

/** What the platform waits for: the digits of a gather, or words. */
export function collectingOf({
  gathering,
  conversations,
}: Pick<Call, 'gathering' | 'conversations'>): Collecting | null {
  const gather = gathering.current
  if (gather) {
    const { params, attempt, digits, phase } = gather.state
    const { minimum_digits, maximum_digits, terminating_digit, valid_digits, maximum_tries } = params
    const limits = { minimum_digits, maximum_digits, terminating_digit, valid_digits, maximum_tries }
    return { kind: 'digits', command: gather.command, digits, ...limits, attempt, phase }
  }
  const talk = conversations.current
  return talk && { kind: talk.kind, command: talk.command, conversation_id: talk.id }
}

const iso = (ms: number) => new Date(ms).toISOString()
