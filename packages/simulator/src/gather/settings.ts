/** What Telnyx does not document of DTMF gathers, as named choices: rules G1 to G23 of the README. */
import { z } from 'zod'

export type GatherSettings = z.infer<typeof gatherSettings>

export const gatherSettings = z.strictObject({
  /** G2: how a media prompt ends when a key cuts it. */
  bargeInStatus: z.enum(['cancelled', 'completed']).default('cancelled'),
  /** G2: after a prompt that could not be played, go on and collect, or end the gather `invalid`. */
  afterFailedPrompt: z.enum(['collect', 'end']).default('collect'),
  /** G3: emit `call.speak.started` and `call.speak.ended` for the prompts of `gather_using_speak`. */
  emitSpeakEvents: z.boolean().default(false),
  /** G4: a key that cuts the prompt counts as the first digit. */
  bargeInKeyCounts: z.boolean().default(true),
  /** G5: the terminating digit is part of `digits`. */
  terminatorInDigits: z.boolean().default(false),
  /** G6: the terminator as first key: an invalid attempt, a silent one (`timeout`), or no effect. */
  terminatorFirst: z.enum(['invalid', 'timeout', 'ignore']).default('invalid'),
  /** G7: a key outside `valid_digits` is kept (and makes the attempt invalid), or dropped. */
  invalidKey: z.enum(['keep', 'drop']).default('keep'),
  /** G10, G11: the status of a gather in which no key came. */
  noInputStatus: z.enum(['timeout', 'invalid']).default('timeout'),
  /** G12: an invalid attempt uses up one of `maximum_tries`. */
  invalidUsesTry: z.boolean().default(true),
  /** G13: `digits` of a gather that ends `invalid`: its last input, or nothing. */
  invalidDigits: z.enum(['keep', 'blank']).default('keep'),
  /** G17: `gather_stop` with nothing to stop. */
  stopWhenIdle: z.enum(['ok', 'refuse']).default('ok'),
  /** G18: a gather while one is active: it replaces the first, both are cancelled, or it is refused. */
  secondGather: z.enum(['replace', 'cancel-both', 'refuse']).default('replace'),
  /** G19: at a hangup, `call.gather.ended` before the end of its prompt, or after. */
  hangupOrder: z.enum(['gather-first', 'prompt-first']).default('gather-first'),
  /** G20: a detected answering machine cancels a running gather with `cancelled_amd`. */
  machineCancels: z.boolean().default(true),
  /** `gather_id` is sent back in `call.gather.ended`, as the command's text promises and no schema shows. */
  sendGatherId: z.boolean().default(true),
})
