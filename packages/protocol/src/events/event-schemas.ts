/** The schemas of events, derived from the event table. */
import * as z from 'zod/mini'
import { eventTable } from './event-table.ts'
import { payloadTypes } from './payload-types.ts'

const envelope = <Type extends z.core.SomeType, Payload extends z.core.SomeType>(event_type: Type, payload: Payload) =>
  z.object({
    id: payloadTypes.text,
    event_type,
    occurred_at: payloadTypes.text,
    command_id: payloadTypes.maybeText,
    payload,
  })

/** The schema of an event of an unknown type. */
export const opaqueEventSchema = envelope(payloadTypes.text, payloadTypes.json)

const schemas = Object.entries(eventTable).map(([type, row]) => ({
  type,
  isOurs: 'isOurs' in row,
  schema: envelope(z.literal(type), z.object(row.payload(payloadTypes))),
}))

/** The schemas of the events that the fold reads, by event type. */
export const eventSchemas = Object.fromEntries(schemas.map(({ type, schema }) => [type, schema]))

/** The schemas of the events that Telnyx sends as webhooks, by event type. */
export const telnyxEventSchemas = Object.fromEntries(
  schemas.flatMap(({ type, isOurs, schema }) => (isOurs ? [] : [[type, schema]])),
)
