/**
 * What crosses the socket, as schemas: `wire.schema.json` is made from them, and a test holds the two together.
 *
 * A call's log is its events in the order they were appended, each with a sequence number. `epoch` names the log: it
 * changes when the log may have lost something, and then nothing known under the old epoch may be trusted.
 */
import * as z from 'zod/mini'
import { eventSchemas, opaqueEventSchema } from '../events/event-schemas.ts'

const text = z.string()
const seq = z.int().check(z.minimum(0))

/** An event and its place in the log of its call, from 1, without gaps. */
export const recordSchema = z.object({
  seq,
  event: z.union([...Object.values(eventSchemas), opaqueEventSchema]),
})

/** A place in a call's log: everything up to and including `seq` is known. */
export const cursorSchema = z.object({ epoch: text, seq })

/** How a request over the socket was refused; `code` and `title` are Telnyx's. */
const socketErrorSchema = z.object({ status: z.int(), code: text, title: text, detail: z.optional(text) })

const refusedSchema = z.object({ ok: z.literal(false), error: socketErrorSchema })

const summarySchema = z.looseObject({ callId: text, phase: z.enum(['unknown', 'ringing', 'answered', 'ended']) })

/** Calls that are new or have changed, whole; and those that are gone. */
export const callsEventFrameSchema = z.object({ calls: z.array(summarySchema), gone: z.array(text) })

/** The messages of a client, by event name. */
export const clientMessageSchemas = {
  'call:watch': z.object({ call_id: text, cursor: z.optional(cursorSchema) }),
  'call:unwatch': z.object({ call_id: text }),
  'calls:watch': z.object({}),
  'calls:unwatch': z.object({}),
  'ticket:refresh': z.object({ ticket: text }),
} as const

/** The messages of a server, by event name; `…:reply` are replies. `socket.ts` documents them. */
export const serverMessageSchemas = {
  'call:watch:reply': z.union([
    z.object({
      ok: z.literal(true),
      kind: z.enum(['snapshot', 'delta']),
      cursor: cursorSchema,
      channel: z.int(),
      events: text,
      now: text,
      scopes: z.array(text),
      subject: z.optional(text),
    }),
    refusedSchema,
  ]),
  'calls:watch:reply': z.union([
    z.object({
      ok: z.literal(true),
      now: text,
      calls: z.array(summarySchema),
      truncated: z.optional(z.literal(true)),
      subject: z.optional(text),
    }),
    refusedSchema,
  ]),
  'ticket:refresh:reply': z.union([z.object({ ok: z.literal(true), expires_at: text }), refusedSchema]),
  'call:event': z.tuple([z.int(), seq], opaqueEventSchema),
  'call:head': z.object({
    now: text,
    heads: z.array(z.object({ call_id: text, epoch: text, seq })),
    degraded: z.optional(z.boolean()),
  }),
  'calls:event': callsEventFrameSchema,
  error: socketErrorSchema,
} as const
