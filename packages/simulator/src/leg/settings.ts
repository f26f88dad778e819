/** Settings for undocumented Telnyx behaviour of call legs: rules L1 to L11 of the README. */
import { z } from 'zod'

export const legSettings = z.strictObject({
  /** L7: the response to a duplicate command: `ok`, or `same` as the first one, with its `conversation_id`. */
  duplicateCommandAnswer: z.enum(['ok', 'same']).default('ok'),
  /** L7: how long a `command_id` is remembered, in milliseconds. Documented: 60 s. */
  commandIdMemoryMs: z.number().default(60_000),
  /** How long `GET /calls/{id}` still knows an ended call, in milliseconds. Documented: 10 minutes. */
  endedCallMemoryMs: z.number().default(600_000),
  /**
   * Without an open browser phone, an outgoing call is answered after this many milliseconds; `null` never answers.
   * `callees` overrides this per number.
   */
  calleeAnswersAfterMs: z.number().nullable().default(2000),
  /** The behaviour of called numbers. */
  callees: z.record(z.string(), z.enum(['answer', 'busy', 'reject', 'no_answer', 'machine'])).default({}),
  /** How long an incoming call rings before it ends by itself, in milliseconds. */
  incomingRingMs: z.number().default(60_000),
})
