/** Settings for undocumented Telnyx behaviour of call legs: rules L1 to L11 of the README. */
import { z } from 'zod'

/** Settings of call legs. */
export interface LegSettings {
  /** README rule L7: the response to a duplicate command: `ok`, or `same` as the first one, with its `conversation_id`. Default `'ok'`. */
  duplicateCommandAnswer: 'ok' | 'same'
  /** README rule L7: how long a `command_id` is remembered, in milliseconds. Documented: 60 s. Default `60_000`. */
  commandIdMemoryMs: number
  /** How long `GET /calls/{id}` still knows an ended call, in milliseconds. Documented: 10 minutes. Default `600_000`. */
  endedCallMemoryMs: number
  /**
   * Without an open browser phone, an outgoing call is answered after this many milliseconds; `null` never answers.
   * `callees` overrides this per number. Default `2000`.
   */
  calleeAnswersAfterMs: number | null
  /** The behaviour of called numbers. */
  callees: Record<string, 'answer' | 'busy' | 'reject' | 'no_answer' | 'machine'>
  /** How long an incoming call rings before it ends by itself, in milliseconds. Default `60_000`. */
  incomingRingMs: number
}

export const legSettings = z.strictObject({
  duplicateCommandAnswer: z.enum(['ok', 'same']).default('ok'),
  commandIdMemoryMs: z.number().default(60_000),
  endedCallMemoryMs: z.number().default(600_000),
  calleeAnswersAfterMs: z.number().nullable().default(2000),
  callees: z.record(z.string(), z.enum(['answer', 'busy', 'reject', 'no_answer', 'machine'])).default({}),
  incomingRingMs: z.number().default(60_000),
})
