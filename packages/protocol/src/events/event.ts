/**
 * The event types of a call, as the server stores and relays them and the fold reads them.
 *
 * Events differ from Telnyx's webhooks in two fields. The server sets `command_id`, the command that an event belongs
 * to, on receipt. `message_history` holds only the change, while Telnyx resends the whole history.
 */
import type { core } from 'zod/mini'
import { eventTable } from './event-table.ts'
import type { PayloadTypes } from './payload-types.ts'

/** The fields that all events have, around their payload. */
export interface EventEnvelope<Type extends string, Payload> {
  /** Telnyx's event id, or the server's id for an event that the server makes. Unique within a call. */
  id: string
  event_type: Type
  /** ISO 8601 in UTC, always with six decimals, so that times compare as strings. */
  occurred_at: string
  /** The command that this event belongs to. */
  command_id?: string | undefined
  payload: Payload
}

/** The name of an event type that the fold reads. */
export type KnownEventType = keyof typeof eventTable

/** An event of the known type `Type`. */
export type EventOf<Type extends KnownEventType> = Type extends KnownEventType
  ? EventEnvelope<Type, core.$InferObjectOutput<ReturnType<(typeof eventTable)[Type]['payload']>, core.$strip['out']>>
  : never

/** An event of any known type, discriminated by `event_type`. */
export type KnownEvent = { [Type in KnownEventType]: EventOf<Type> }[KnownEventType]

/** An event of an unknown type. The server stores and relays it unchanged. */
export type OpaqueEvent = EventEnvelope<string, Record<string, unknown>>

/** An event in a call's log, of a known or unknown type. */
export type CallEvent = KnownEvent | OpaqueEvent

/** A change of a conversation: `messages` replaces all messages from index `from` on. */
export type HistorySplice = core.output<PayloadTypes['splice']>

/** A message of a conversation, with its role. */
export type HistoryMessage = HistorySplice['messages'][number]

/** Whether the fold reads events of this event's type. */
export const isKnownEvent = (event: CallEvent): event is KnownEvent => Object.hasOwn(eventTable, event.event_type)

/** The rank of events of unknown types among events with the same time. */
const OPAQUE_RANK = 6

/**
 * Returns the sort key of an event in its call: by time, then cause before effect, then id. Webhooks arrive unordered
 * and repeated; this order is the same on the server and in the browser.
 */
export function stampOf(event: CallEvent): string {
  const rank = isKnownEvent(event) ? eventTable[event.event_type].rank : OPAQUE_RANK
  return `${event.occurred_at} ${rank} ${event.id}`
}
