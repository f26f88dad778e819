/**
 * What happened on a call, as it is stored, relayed and folded.
 *
 * Two things in an event are ours: `command_id`, the command an event belongs to, worked out once at the border; and
 * `message_history`, which Telnyx resends whole each time and we carry as what changed.
 */
import type { core } from 'zod/mini'
import { eventTable } from './event-table.ts'
import type { PayloadTypes } from './payload-types.ts'

/** What every event has, whatever its payload. */
export interface EventEnvelope<Type extends string, Payload> {
  /** Telnyx's event id, or ours for our own events. Unique within a call. */
  id: string
  event_type: Type
  /** ISO 8601 in UTC, always with six decimals, so that times compare as strings. */
  occurred_at: string
  /** The command that this event belongs to. */
  command_id?: string | undefined
  payload: Payload
}

/** The types of event that the fold understands. */
export type KnownEventType = keyof typeof eventTable

/** An event of one known type. */
export type EventOf<Type extends KnownEventType> = Type extends KnownEventType
  ? EventEnvelope<Type, core.$InferObjectOutput<ReturnType<(typeof eventTable)[Type]['payload']>, core.$strip['out']>>
  : never

/** An event of any known type, discriminated by `event_type`. */
export type KnownEvent = { [Type in KnownEventType]: EventOf<Type> }[KnownEventType]

/** An event of a type we do not know: kept and relayed as it came. */
export type OpaqueEvent = EventEnvelope<string, Record<string, unknown>>

/** Anything that may stand in a call's log. */
export type CallEvent = KnownEvent | OpaqueEvent

/** What changed in a conversation. */
export type HistorySplice = core.output<PayloadTypes['splice']>

/** One turn of a conversation. */
export type HistoryMessage = HistorySplice['messages'][number]

/** Whether an event is of a type the fold understands. */
export const isKnownEvent = (event: CallEvent): event is KnownEvent => Object.hasOwn(eventTable, event.event_type)

/** Where events of unknown types stand among events of the same microsecond. */
const OPAQUE_RANK = 6

/**
 * Where an event stands in its call: a string that sorts by time, then cause before effect, then id. Webhooks come
 * unordered and repeated; this order is the same on the server and in the browser.
 */
export function stampOf(event: CallEvent): string {
  const rank = isKnownEvent(event) ? eventTable[event.event_type].rank : OPAQUE_RANK
  return `${event.occurred_at} ${rank} ${event.id}`
}
