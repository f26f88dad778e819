/** Settings for undocumented Telnyx behaviour of DTMF gathers: rules G1 to G23 of the README. */
import { z } from 'zod'

/** Settings of DTMF gathers. */
export interface GatherSettings {
  /** README rule G2: the end status of a media prompt that a key interrupts. Default `'cancelled'`. */
  bargeInStatus: 'cancelled' | 'completed'
  /** README rule G2: after a prompt fails to play, collect keys or end the gather as `invalid`. Default `'collect'`. */
  afterFailedPrompt: 'collect' | 'end'
  /** README rule G3: emit `call.speak.started` and `call.speak.ended` for the prompts of `gather_using_speak`. Default `false`. */
  emitSpeakEvents: boolean
  /** README rule G4: a key that interrupts the prompt counts as the first digit. Default `true`. */
  bargeInKeyCounts: boolean
  /** README rule G5: the terminating digit is part of `digits`. Default `false`. */
  terminatorInDigits: boolean
  /** README rule G6: the terminator as first key: an invalid attempt, a silent one (`timeout`), or no effect. Default `'invalid'`. */
  terminatorFirst: 'invalid' | 'timeout' | 'ignore'
  /** README rule G7: a key outside `valid_digits` is kept (and makes the attempt invalid), or dropped. Default `'keep'`. */
  invalidKey: 'keep' | 'drop'
  /** README rules G10, G11: the status of a gather without input. Default `'timeout'`. */
  noInputStatus: 'timeout' | 'invalid'
  /** README rule G12: an invalid attempt uses up one of `maximum_tries`. Default `true`. */
  invalidUsesTry: boolean
  /** README rule G13: `digits` of a gather that ends `invalid`: its last input, or nothing. Default `'keep'`. */
  invalidDigits: 'keep' | 'blank'
  /** README rule G17: `gather_stop` with nothing to stop. Default `'ok'`. */
  stopWhenIdle: 'ok' | 'refuse'
  /** README rule G18: a gather while one is active: it replaces the first, both are cancelled, or it is refused. Default `'replace'`. */
  secondGather: 'replace' | 'cancel-both' | 'refuse'
  /** README rule G19: at a hangup, `call.gather.ended` before the end of its prompt, or after. Default `'gather-first'`. */
  hangupOrder: 'gather-first' | 'prompt-first'
  /** README rule G20: a detected answering machine cancels a running gather with `cancelled_amd`. Default `true`. */
  machineCancels: boolean
  /** `call.gather.ended` contains `gather_id`. Telnyx describes it in text, but not in a schema. Default `true`. */
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
