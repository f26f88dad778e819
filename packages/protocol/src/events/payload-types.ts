/** The schemas that event payloads are built from. Only `event-schemas.ts` imports this file at run time. */
import * as z from 'zod/mini'
import { masks } from '../base/mask.ts'

const text = z.string()
const maybeText = z.optional(text)

/**
 * A change of a conversation: `messages` replaces all messages from index `from` on. An out-of-date history has no
 * messages; its `from` is only the length of that history.
 */
const splice = z.object({
  from: z.int().check(z.minimum(0)),
  // Telnyx also sends roles other than `assistant` and `user`.
  messages: z.array(z.object({ role: text, content: text })),
})

export const payloadTypes = {
  optional: z.optional,
  nullable: z.nullable,
  text,
  maybeText,
  nullableText: z.nullable(text),
  int: z.int(),
  number: z.number(),
  boolean: z.boolean(),
  json: z.record(z.string(), z.unknown()),
  splice,
  /** What is masked of a gather's input. */
  mask: z.enum(masks),
  /** A step of the delivery of a record. `dead`: the server gave up. `requeued`: an operator asked to try again. */
  recordStep: z.enum(['sending', 'delivered', 'dead', 'requeued']),
  insights: z.array(z.looseObject({ insight_id: z.optional(z.nullable(text)), result: z.optional(z.unknown()) })),
  transcription: z.object({
    transcript: z.nullable(text),
    is_final: z.nullable(z.boolean()),
    confidence: z.optional(z.number()),
    transcription_track: maybeText,
  }),
} as const

/** The argument of a row's `payload` function. An interface, because `.d.ts` files expand an alias in each row. */
export interface PayloadTypes extends Readonly<typeof payloadTypes> {}
