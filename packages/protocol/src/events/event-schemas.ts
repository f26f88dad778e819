/** The schema of each event, derived from the event table. */
import * as z from 'zod/mini'
import { eventTable } from './event-table.ts'
import { payloadParts } from './payload-parts.ts'

const envelope = <Type extends z.core.SomeType, Payload extends z.core.SomeType>(event_type: Type, payload: Payload) =>
  z.object({
    id: payloadParts.text,
    event_type,
    occurred_at: payloadParts.text,
    command_id: payloadParts.maybeText,
    payload,
  })

/** An event of a type we do not know. */
export const opaqueEventSchema = envelope(payloadParts.text, payloadParts.json)

const schemasOf = (isWanted: (row: object) => boolean) =>
  Object.fromEntries(
    Object.entries(eventTable).flatMap(([type, row]) =>
      isWanted(row) ? [[type, envelope(z.literal(type), z.object(row.payload(payloadParts)))]] : [],
    ),
  )

/** Every event the fold understands, by type. */
export const eventSchemas = schemasOf(() => true)

/** The events that Telnyx sends. */
export const telnyxEventSchemas = schemasOf((row) => !('isOurs' in row))
