/** Settings for undocumented Telnyx behaviour of call legs: rules L1 to L11 of the README. */
import { z } from 'zod'

export const legSettings = z.strictObject({
  /** L7: what an ignored duplicate command answers: plain `ok`, or `same` as the first one did (with its `conversation_id`). */
  duplicateCommandAnswer: z.enum(['ok', 'same']).default('ok'),
  /** L7: how long a `command_id` is remembered, in milliseconds. Documented: 60 s. */
  commandIdMemoryMs: z.number().default(60_000),
  /** How long `GET /calls/{id}` still knows an ended call, in milliseconds. Documented: 10 minutes. */
  endedCallMemoryMs: z.number().default(600_000),
  /**
   * What an outgoing call meets when no browser phone is open: someone who picks up after this many milliseconds, or
   * `null`, nobody. `callees` decides for single numbers.
   */
  calleeAnswersAfterMs: z.number().nullable().default(2000),
  /** How single numbers behave when they are called. */
  callees: z.record(z.string(), z.enum(['answer', 'busy', 'reject', 'no_answer', 'machine'])).default({}),
  /** How long an incoming call rings before it ends by itself, in milliseconds. */
  incomingRingMs: z.number().default(60_000),
})
