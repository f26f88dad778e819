/**
 * Telnyx's public keys, each with its validity period.
 *
 * A webhook is verified with the keys that were valid at its signed timestamp, so a key rotation needs no restart. The
 * timestamp must be close to our clock, so a leaked retired key can't sign new webhooks.
 */
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { readPublicKey } from './public-key.ts'

/** A public key of Telnyx and its validity period. */
export interface DatedPublicKey {
  /** The public key as the Telnyx portal shows it: 44 characters of base64. */
  readonly key: string
  /** The start of the key's validity: ISO 8601 with a time zone, or a Date. Default: no start. */
  readonly notBefore?: string | Date | undefined
  /** The end of the key's validity, inclusive, in the form of `notBefore`. Default: no end. */
  readonly notAfter?: string | Date | undefined
}

/** One public key or several, with or without dates of validity. */
export type PublicKeys = string | DatedPublicKey | readonly (string | DatedPublicKey)[]

interface DatedKey {
  readonly key: KeyObject
  readonly from: number
  readonly until: number
}

/** The public keys that verify webhooks. */
export class KeyRing {
  readonly #keys: readonly DatedKey[]

  /**
   * @param now Our clock, in milliseconds: at least one key must not have expired.
   * @throws PublicKeyError for an unusable key; Error when there is no key or a date is invalid. No message quotes a key.
   */
  constructor(keys: PublicKeys, now: number) {
    const given = (Array.isArray(keys) ? keys : [keys]) as readonly (string | DatedPublicKey)[]
    this.#keys = given.filter((each) => each !== '').map(readDatedKey)
    if (this.#keys.length === 0) {
      throw new Error(
        'A Telnyx public key is required, because webhooks cannot be verified without it. Copy it from the portal, ' +
          'under Keys & Credentials, Public Key.',
      )
    }
    if (this.#keys.every(({ until }) => until < now)) {
      throw new Error(
        'Every Telnyx public key has expired (`notAfter`), so no webhook could be verified. Copy the current key from ' +
          'the portal, under Keys & Credentials, Public Key.',
      )
    }
  }

  /** Returns the keys that are valid at a time, in milliseconds. */
  keysAt(moment: number): readonly KeyObject[] {
    return this.#keys.filter(({ from, until }) => from <= moment && moment <= until).map(({ key }) => key)
  }
}

/**
 * Parses public keys from text: one key, several separated by commas, or a JSON array of
 * `{"key", "notBefore", "notAfter"}`.
 *
 * @throws the errors of `KeyRing`.
 */
export function parsePublicKeys(text: string, now: number): readonly (string | DatedPublicKey)[] {
  const keys = text.startsWith('[') ? readJson(text) : text.split(',').map((each) => each.trim())
  new KeyRing(keys, now)
  return keys
}

const keysSchema = z.array(
  z.union([
    z.string(),
    z.strictObject({ key: z.string(), notBefore: z.string().optional(), notAfter: z.string().optional() }),
  ]),
)

function readJson(text: string): readonly (string | DatedPublicKey)[] {
  try {
    return keysSchema.parse(JSON.parse(text))
  } catch {
    // The original error would quote the text.
    throw new Error(
      'The public keys must be a JSON array of {"key": "…", "notBefore": "…", "notAfter": "…"}. The dates are optional.',
    )
  }
}

function readDatedKey(given: string | DatedPublicKey): DatedKey {
  const isGiven = typeof given === 'string' || (typeof given === 'object' && given !== null)
  if (!isGiven || (typeof given === 'object' && typeof given.key !== 'string')) {
    throw new Error('`telnyx.publicKey` is not a key. If it comes from an environment variable, set that variable.')
  }
  const { key, notBefore, notAfter } = typeof given === 'string' ? { key: given } : given
  const from = parseTime('notBefore', notBefore) ?? Number.NEGATIVE_INFINITY
  const until = parseTime('notAfter', notAfter) ?? Number.POSITIVE_INFINITY
  if (from >= until) throw new Error('A Telnyx public key has a `notAfter` that is not after its `notBefore`.')
  return { key: readPublicKey(key), from, until }
}

/** ISO 8601 with a time zone, because a local time would differ between servers. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

function parseTime(field: string, moment: string | Date | undefined): number | undefined {
  if (moment === undefined) return undefined
  const time = typeof moment === 'string' ? (MOMENT.test(moment) ? Date.parse(moment) : Number.NaN) : moment.getTime()
  if (Number.isNaN(time)) {
    throw new Error(`A Telnyx public key’s \`${field}\` is not a valid time. Write it as 2026-11-30T00:00:00Z.`)
  }
  return time
}
