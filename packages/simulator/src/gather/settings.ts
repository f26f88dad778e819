/** Settings for undocumented Telnyx behaviour of DTMF gathers: rules G1 to G23 of RULES.md. */
import { z } from 'zod'

/** Settings of DTMF gathers. */
export interface GatherSettings {
  /** Rule G2: `status` in `call.playback.ended` of a prompt that a key interrupts. Default `'cancelled'`. */
  bargeInStatus: 'cancelled' | 'completed'
  /** Rule G2: whether to collect keys or end the gather as `invalid` after its prompt fails to play. Default `'collect'`. */
  afterFailedPrompt: 'collect' | 'end'
  /** Rule G3: whether to emit `call.speak.started` and `call.speak.ended` for the prompts of `gather_using_speak`. Default `false`. */
  emitSpeakEvents: boolean
  /** Rule G4: whether a key that interrupts the prompt counts as the first digit. Default `true`. */
  bargeInKeyCounts: boolean
  /** Rule G5: whether `digits` includes the terminating digit. Default `false`. */
  terminatorInDigits: boolean
  /** Rule G6: when the first key is the terminator, the attempt is invalid, counts as silent (`timeout`), or continues. Default `'invalid'`. */
  terminatorFirst: 'invalid' | 'timeout' | 'ignore'
  /** Rule G7: whether to keep a key outside `valid_digits`, which makes the attempt invalid, or to drop the key. Default `'keep'`. */
  invalidKey: 'keep' | 'drop'
  /** Rules G10, G11: `status` of a gather that ends without input. Default `'timeout'`. */
  noInputStatus: 'timeout' | 'invalid'
  /** Rule G12: whether an invalid attempt counts towards `maximum_tries`. Default `true`. */
  invalidUsesTry: boolean
  /** Rule G13: `digits` of a gather that ends as `invalid`: its last input, or an empty string. Default `'keep'`. */
  invalidDigits: 'keep' | 'blank'
  /** Rule G17: response to `gather_stop` without an active gather: `ok`, or error 10027. Default `'ok'`. */
  stopWhenIdle: 'ok' | 'refuse'
  /** Rule G18: a second gather replaces the active gather, cancels both, or is refused. Default `'replace'`. */
  secondGather: 'replace' | 'cancel-both' | 'refuse'
  /** Rule G19: whether the gather or its prompt ends first when the call ends. Default `'gather-first'`. */
  hangupOrder: 'gather-first' | 'prompt-first'
  /** Rule G20: whether a detected answering machine cancels the active gather with `cancelled_amd`. Default `true`. */
  machineCancels: boolean
  /** Whether `call.gather.ended` contains `gather_id`, which Telnyx describes in text but not in a schema. Default `true`. */
  sendGatherId: boolean
}

export const gatherSettings = z.strictObject({
  bargeInStatus: z.enum(['cancelled', 'completed']).default('cancelled'),
  afterFailedPrompt: z.enum(['collect', 'end']).default('collect'),
  emitSpeakEvents: z.boolean().default(false),
  bargeInKeyCounts: z.boolean().default(true),
  terminatorInDigits: z.boolean().default(false),
  terminatorFirst: z.enum(['invalid', 'timeout', 'ignore']).default('invalid'),
  invalidKey: z.enum(['keep', 'drop']).default('keep'),
  noInputStatus: z.enum(['timeout', 'invalid']).default('timeout'),
  invalidUsesTry: z.boolean().default(true),
  invalidDigits: z.enum(['keep', 'blank']).default('keep'),
  stopWhenIdle: z.enum(['ok', 'refuse']).default('ok'),
  secondGather: z.enum(['replace', 'cancel-both', 'refuse']).default('replace'),
  hangupOrder: z.enum(['gather-first', 'prompt-first']).default('gather-first'),
  machineCancels: z.boolean().default(true),
  sendGatherId: z.boolean().default(true),
})
