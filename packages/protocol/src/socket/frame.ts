/**
 * The schemas of all socket messages. `wire.schema.json` is generated from them, and a test compares the two.
 *
 * A call's log holds its events in append order, each with a sequence number. `epoch` identifies the log. It changes
 * when the log may have lost events; then a client must discard all events of the old epoch.
 */
import * as z from 'zod/mini'
import { masks } from '../base/mask.ts'
import { eventSchemas, opaqueEventSchema } from '../events/event-schemas.ts'

const text = z.string()
const seq = z.int().check(z.minimum(0))

/** An event and its sequence number in the log of its call: from 1, without gaps. */
export const recordSchema = z.object({
  seq,
  event: z.union([...Object.values(eventSchemas), opaqueEventSchema]),
})

/** A position in a call's log: the reader has every event up to and including `seq`. */
export const cursorSchema = z.object({ epoch: text, seq })

/** The error of a refused socket request; `code` and `title` are from Telnyx's error catalogue. */
const socketErrorSchema = z.object({ status: z.int(), code: text, title: text, detail: z.optional(text) })

const refusedSchema = z.object({ ok: z.literal(false), error: socketErrorSchema })

const summarySchema = z.looseObject({ callId: text, phase: z.enum(['unknown', 'ringing', 'answered', 'ended']) })

/** The summaries of new and changed calls, and the ids of calls that were removed from the list. */
export const callsEventFrameSchema = z.object({ calls: z.array(summarySchema), gone: z.array(text) })

/** The schemas of messages from a client, by event name. */
export const clientMessageSchemas = {
  'call:watch': z.object({ call_id: text, cursor: z.optional(cursorSchema) }),
  'call:unwatch': z.object({ call_id: text }),
  'calls:watch': z.object({}),
  'calls:unwatch': z.object({}),
  'ticket:refresh': z.object({ ticket: text }),
} as const

const templateSchema = z.object({
  name: text,
  command: text,
  label: text,
  mask: z.optional(z.enum(masks)),
  icon: z.optional(text),
})

/**
 * The schemas of messages from a server, by event name; `…:reply` are replies, and `…:trace` an optional second argument.
 * `socket.ts` documents the messages.
 */
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
      templates: z.optional(z.array(templateSchema)),
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
      scopes: z.optional(z.array(text)),
      subject: z.optional(text),
    }),
    refusedSchema,
  ]),
  'ticket:refresh:reply': z.union([z.object({ ok: z.literal(true), expires_at: text }), refusedSchema]),
  'call:event': z.tuple([z.int(), seq], opaqueEventSchema),
  'call:event:trace': z.object({ traceparent: text }),
  'call:head': z.object({
    now: text,
    heads: z.array(z.object({ call_id: text, epoch: text, seq })),
    degraded: z.optional(z.boolean()),
  }),
  'calls:event': callsEventFrameSchema,
  error: socketErrorSchema,
} as const
