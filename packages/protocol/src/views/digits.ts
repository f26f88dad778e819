/**
 * Reads a row of key presses by a gather's rules: which attempt they belong to, which count, which do not. Telnyx says
 * what was pressed and, at the end, what it made of it; in between, this is the best that can be known.
 */

import { gatherDefaults, limits } from '../base/limits.ts'
import type { KeyEntry } from '../call-state/call-state.ts'
import type { GatherName } from '../commands/command-name.ts'

/** What a digit gather accepts, with Telnyx's defaults filled in. */
export interface DigitRules {
  readonly minDigits: number
  readonly maxDigits: number
  /** The key that ends the input; `null` for none. */
  readonly terminatingDigit: string | null
  /** The characters accepted. */
  readonly validDigits: string
  readonly maxAttempts: number
  readonly firstDigitTimeoutMs: number
  readonly interDigitTimeoutMs: number
}

/** A key and the part it played. */
export interface KeyPress {
  readonly id: string
  readonly at: string
  /** `null` where policy hides it. */
  readonly digit: string | null
  /** `invalid` keys count as input, and make it invalid; they are not dropped. */
  readonly role: 'digit' | 'invalid' | 'terminator'
}

/** What the keys of a gather amount to. */
export interface DigitAttempt {
  /** Which attempt the last keys belong to, from 1. */
  readonly attempt: number
  /** The keys of that attempt. */
  readonly keys: KeyPress[]
  /** Its digits, `•` for a hidden one, without the terminator. */
  readonly digits: string
}

/** The rules of a gather, from the body of its command. */
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

/** Webhook times are a little later than the keys; a pause only ends an attempt when it is clearly too long. */
const ATTEMPT_SLACK_MS = 250

/**
 * Reads keys in the order they were pressed. An attempt is over at its terminator, at its last possible digit, or
 * after too long a pause; a key after that begins the next one.
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
    const terminates = digit !== null && digit === rules.terminatingDigit
    if (terminates) keys.push({ id, at, digit, role: 'terminator' })
    else {
      const valid = digit === null || rules.validDigits.includes(digit)
      keys.push({ id, at, digit, role: valid ? 'digit' : 'invalid' })
      digits += digit ?? '•'
    }
    over = terminates || digits.length >= rules.maxDigits
    previous = entry
  }
  return { attempt, keys, digits }
}

/** Milliseconds between two ISO times. `Date` reads only milliseconds, which is enough here. */
const millisBetween = (from: string, to: string) => Date.parse(to) - Date.parse(from)
