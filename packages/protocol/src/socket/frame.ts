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

/** Up: watch a call, from a cursor if one is held. */
const watchRequestSchema = z.object({ call_id: text, cursor: z.optional(cursorSchema) })

/**
 * The answer: the whole log as a snapshot, or all of it after the cursor as a delta. Never a part: live events follow
 * at exactly `cursor.seq + 1`.
 */
const watchReplySchema = z.union([
  z.object({
    ok: z.literal(true),
    kind: z.enum(['snapshot', 'delta']),
    cursor: cursorSchema,
    /** Stands for the call and its epoch in the frames that follow on this socket. */
    channel: z.int(),
    /** The JSON of an array of events, the last of which is at `cursor`. */
    events: text,
    /** The server's clock, for timers: ISO 8601. */
    now: text,
    /** What the ticket allows on this call. */
    scopes: z.array(text),
    /** Whose ticket it is. */
    subject: z.optional(text),
  }),
  z.object({ ok: z.literal(false), error: socketErrorSchema }),
])

/** Up: no longer watch a call. */
const unwatchRequestSchema = z.object({ call_id: text })

/** Down: what was appended to a watched call: its channel, the number of the first event, the events in order. */
const callEventFrameSchema = z.tuple([z.int(), seq], opaqueEventSchema)

/**
 * Down, every few seconds: how far each watched call's log reaches; reveals a last event that was lost. `degraded` says
 * whether the server's store is away, so that nothing new can come until it is back; where it is left out, nothing has
 * changed.
 */
const callHeadFrameSchema = z.object({
  now: text,
  heads: z.array(z.object({ call_id: text, epoch: text, seq })),
  degraded: z.optional(z.boolean()),
})

const summarySchema = z.looseObject({ callId: text, phase: z.enum(['unknown', 'ringing', 'answered', 'ended']) })

/** The answer to `calls:watch`: every call the ticket may see. */
const callsReplySchema = z.union([
  z.object({ ok: z.literal(true), now: text, calls: z.array(summarySchema), subject: z.optional(text) }),
  z.object({ ok: z.literal(false), error: socketErrorSchema }),
])

/** Down: calls that are new or have changed, whole; and those that are gone. */
export const callsEventFrameSchema = z.object({ calls: z.array(summarySchema), gone: z.array(text) })

/** Up: a fresh ticket for this socket. The subject cannot change. */
const ticketRequestSchema = z.object({ ticket: text })

/** The answer to a fresh ticket. */
const ticketReplySchema = z.union([
  z.object({ ok: z.literal(true), expires_at: text }),
  z.object({ ok: z.literal(false), error: socketErrorSchema }),
])

/** Everything a client may say, by event name. */
export const upSchemas = {
  'call:watch': watchRequestSchema,
  'call:unwatch': unwatchRequestSchema,
  'calls:watch': z.object({}),
  'calls:unwatch': z.object({}),
  'ticket:refresh': ticketRequestSchema,
} as const

/** Everything a server may say, by event name; `…:reply` are the answers. */
export const downSchemas = {
  'call:watch:reply': watchReplySchema,
  'calls:watch:reply': callsReplySchema,
  'ticket:refresh:reply': ticketReplySchema,
  'call:event': callEventFrameSchema,
  'call:head': callHeadFrameSchema,
  'calls:event': callsEventFrameSchema,
  error: socketErrorSchema,
} as const
