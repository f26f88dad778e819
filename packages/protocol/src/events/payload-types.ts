/** The parts that payloads are made of. Only `event-schemas.ts` imports them at run time. */
import * as z from 'zod/mini'
import { masks } from '../base/mask.ts'

const text = z.string()
const maybeText = z.optional(text)

/**
 * A change to a conversation: after it the messages from index `from` on are those given, and no others. An out-of-date
 * history carries no messages, only the length it had.
 */
const splice = z.object({
  from: z.int().check(z.minimum(0)),
  // Roles beyond `assistant` and `user` occur.
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
  insights: z.array(z.looseObject({ insight_id: z.optional(z.nullable(text)), result: z.optional(z.unknown()) })),
  transcription: z.object({
    transcript: z.nullable(text),
    is_final: z.nullable(z.boolean()),
    confidence: z.optional(z.number()),
    transcription_track: maybeText,
  }),
} as const

/** What a row builds its payload from. An interface, because declarations would repeat an alias in each row. */
export interface PayloadTypes extends Readonly<typeof payloadTypes> {}
