/**
 * Interprets key presses by the rules of their gather: the attempt each key belongs to, and whether it is valid. Telnyx
 * reports its own result only when the gather ends; until then, this is an estimate.
 */

import { gatherDefaults, limits } from '../base/limits.ts'
import type { KeyEntry } from '../call-state/call-state.ts'
import type { GatherName } from '../commands/command-name.ts'

/** What a digit gather accepts, with Telnyx's defaults filled in. */
export interface DigitRules {
  readonly minDigits: number
  readonly maxDigits: number
  /** The key that ends the input; `null` if no key does. */
  readonly terminatingDigit: string | null
  /** The keys that the gather accepts as valid, such as `0123456789`. */
  readonly validDigits: string
  readonly maxAttempts: number
  readonly firstDigitTimeoutMs: number
  readonly interDigitTimeoutMs: number
}

/** A key that the caller pressed, and its role in the attempt. */
export interface KeyPress {
  readonly id: string
  readonly at: string
  /** The key; `null` when it is masked. */
  readonly digit: string | null
  /** An `invalid` key stays part of the input and makes the whole input invalid. */
  readonly role: 'digit' | 'invalid' | 'terminator'
}

/** Why Telnyx rejects an entry. `not_accepted`: it asked again, and the keys do not show why. */
export type Rejection = 'too_short' | 'wrong_key' | 'not_accepted'

/** The current attempt of a digit gather, computed from its keys. */
export interface DigitAttempt {
  /** The number of the current attempt, from 1, as far as the keys show it. An attempt without a key isn't counted. */
  readonly attempt: number
  /** The keys of that attempt. */
  readonly keys: KeyPress[]
  /** The digits of that attempt without the terminator; a masked digit is `•`. */
  readonly digits: string
  /** Why the finished entry does not fit the rules; `null` while it is unfinished, and when it fits. */
  readonly rejected: Rejection | null
}

/** Reads the rules of a digit gather from the body of its command. */
export function readDigitRules(command: GatherName | null, body: Readonly<Record<string, unknown>>): DigitRules {
  const number = (key: keyof typeof limits) => {
    const value = body[key]
    return typeof value === 'number' ? value : limits[key].default
  }
  const terminator = body.terminating_digit ?? gatherDefaults.terminating_digit
  const plain = command === 'gather'
  return {
    minDigits: number('minimum_digits'),
    maxDigits: number('maximum_digits'),
    terminatingDigit: typeof terminator === 'string' && terminator !== '' ? terminator : null,
    validDigits: typeof body.valid_digits === 'string' ? body.valid_digits : gatherDefaults.valid_digits,
    maxAttempts: plain ? 1 : number('maximum_tries'),
    firstDigitTimeoutMs: number(plain ? 'initial_timeout_millis' : 'timeout_millis'),
    interDigitTimeoutMs: number('inter_digit_timeout_millis'),
  }
}

/** Webhook times lag behind key presses. A pause ends an attempt only when it exceeds the timeout by this much. */
const ATTEMPT_SLACK_MS = 250

/**
 * Computes the current attempt from keys in the order they were pressed. An attempt ends at its terminator, at the
 * maximum number of digits, or after a pause longer than the inter-digit timeout. The next key starts a new attempt.
 */
export function readKeys(entries: readonly KeyEntry[], rules: DigitRules): DigitAttempt {
  let attempt = 1
  let keys: KeyPress[] = []
  let digits = ''
  let over = false
  let previous: KeyEntry | null = null
  for (const entry of entries) {
    const paused =
      previous !== null && millisBetween(previous.at, entry.at) > rules.interDigitTimeoutMs + ATTEMPT_SLACK_MS
    if (over || paused) {
      attempt = Math.min(attempt + 1, rules.maxAttempts)
      keys = []
      digits = ''
    }
    const { id, at, digit } = entry
    const role = keyRole(digit, rules)
    const terminates = role === 'terminator'
    keys.push({ id, at, digit, role })
    if (!terminates) digits += digit ?? '•'
    over = terminates || digits.length >= rules.maxDigits
    previous = entry
  }
  return { attempt, keys, digits, rejected: over ? faultOf(keys, digits.length, rules) : null }
}

/** Returns why a finished entry does not fit the rules; `null` if it fits. A wrong key is kept and counts. */
export function faultOf(keys: readonly KeyPress[], digitCount: number, rules: DigitRules): Rejection | null {
  if (keys.some((key) => key.role === 'invalid')) return 'wrong_key'
  return digitCount < rules.minDigits ? 'too_short' : null
}

/** Returns the role of a key in a gather with these rules. A masked key (`null`) counts as a digit. */
export function keyRole(digit: string | null, rules: DigitRules): KeyPress['role'] {
  if (digit !== null && digit === rules.terminatingDigit) return 'terminator'
  return digit === null || rules.validDigits.includes(digit) ? 'digit' : 'invalid'
}

/** Milliseconds between two ISO times. `Date` reads only milliseconds, which is enough here. */
const millisBetween = (from: string, to: string) => Date.parse(to) - Date.parse(from)
