/** Settings for undocumented Telnyx behaviour of call legs: rules L1 to L11 of RULES.md. */
import { z } from 'zod'

/** Settings of call legs. */
export interface LegSettings {
  /** Rule L7: response to a duplicate command: `ok`, or the `same` response as before, with its `conversation_id`. Default `'ok'`. */
  duplicateCommandAnswer: 'ok' | 'same'
  /** Rule L7: how long a `command_id` is remembered, in milliseconds. Telnyx documents 60 s. Default `60_000`. */
  commandIdMemoryMs: number
  /** How long `GET /calls/{id}` returns a call after its end, in milliseconds. Telnyx documents 10 minutes. Default `600_000`. */
  endedCallMemoryMs: number
  /**
   * Without an open phone page, a simulated callee answers an outgoing call after this many milliseconds, or never with
   * `null`. `callees` overrides this for a number. Default `2000`.
   */
  calleeAnswersAfterMs: number | null
  /** How the simulated callee behaves, by called number. Default `{}`. */
  callees: Record<string, 'answer' | 'busy' | 'reject' | 'no_answer' | 'machine'>
  /** How long an incoming call rings before it ends without an answer, in milliseconds. Default `60_000`. */
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
