import type { CallEvent, KnownEvent, KnownEventType } from './event.ts'

/**
 * Every known event type and its place among events of the same microsecond: causes before effects, and what ends a
 * thing after what happens in it. The compiler keeps the list complete.
 */
const rank = {
  'call.initiated': 0,
  'call.answered': 1,
  'call.bridged': 2,
  'call.hold': 2,
  'call.unhold': 2,
  'command.requested': 3,
  'command.accepted': 4,
  'command.refused': 4,
  'command.unknown': 4,
  'call.conversation.created': 5,
  'call.playback.started': 5,
  'call.speak.started': 5,
  'call.dtmf.received': 6,
  'call.transcription': 6,
  'call.playback.ended': 7,
  'call.speak.ended': 7,
  'call.ai_gather.message_history_updated': 7,
  'call.ai_gather.partial_results': 7,
  'call.gather.ended': 8,
  'call.ai_gather.ended': 8,
  'call.conversation.ended': 9,
  'call.conversation_insights.generated': 9,
  'call.closed': 9,
  'call.hangup': 9,
} as const satisfies Record<KnownEventType, number>

/** The event types that the fold understands. */
export const knownEventTypes = Object.keys(rank) as KnownEventType[]

/** Whether an event is of a type the fold understands. */
export const isKnownEvent = (event: CallEvent): event is KnownEvent => Object.hasOwn(rank, event.event_type)

/**
 * Where an event stands in its call: a string that sorts by time, then cause before effect, then id. Webhooks come
 * unordered and repeated; this order is the same whoever computes it and whenever.
 */
export function stampOf(event: CallEvent): string {
  return `${event.occurred_at} ${isKnownEvent(event) ? rank[event.event_type] : 6} ${event.id}`
}
