/** What every webhook of a call has around its own payload: an id, a time, the ids of the call, its `client_state`, its numbers. */

import type { Chance } from '../clock/chance.ts'
import type { WebhookEvent } from '../delivery/delivery.ts'
import type { CallIdentity } from './call.ts'

/** Events whose payload has neither `from` nor `to`. */
const WITHOUT_NUMBERS: ReadonlySet<string> = new Set([
  'call.playback.started',
  'call.playback.ended',
  'call.speak.started',
  'call.speak.ended',
  'call.transcription',
  'call.conversation_insights.generated',
])

export interface EnvelopeOptions {
  chance: Chance
  identity: CallIdentity
  /** ISO 8601 with microseconds, never twice the same. */
  timestamp(): string
}

/** Makes the events of one call. */
export function createEnvelope({ chance, identity, timestamp }: EnvelopeOptions) {
  const { from, to, call_control_id, connection_id, call_leg_id, call_session_id } = identity
  let events = 0
  return (event_type: string, client_state: string | null, payload: Record<string, unknown>): WebhookEvent => {
    events += 1
    return {
      record_type: 'event',
      event_type,
      id: chance.uuid(call_control_id, 'event', events),
      occurred_at: timestamp(),
      ...(event_type.startsWith('call.conversation.') ? { created_at: timestamp() } : {}),
      payload: {
        call_control_id,
        connection_id,
        call_leg_id,
        call_session_id,
        client_state,
        ...(WITHOUT_NUMBERS.has(event_type) ? {} : { from, to }),
        ...payload,
      },
    }
  }
}
