/**
 * Telnyx's public keys, each with the time in which it counts.
 *
 * A webhook is judged by the keys of the moment it was signed, which its signed timestamp says: so an old key can be
 * retired at a given time, and a new one be in place before it is used, without anybody being awake. The timestamp lies
 * within the tolerance of our clock, so a retired key is of no use to whoever finds it later.
 */
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { readPublicKey } from './public-key.ts'

/** A public key of Telnyx, and when it counts. */
export interface DatedPublicKey {
  /** As the Telnyx portal shows it: 44 characters of base64. */
  readonly key: string
  /** From when on: ISO 8601 with a time zone, or a Date. Default: always. */
  readonly notBefore?: string | Date | undefined
  /** Until when, this moment included. Default: for ever. */
  readonly notAfter?: string | Date | undefined
}

/** One key or several, with or without dates. */
export type PublicKeys = string | DatedPublicKey | readonly (string | DatedPublicKey)[]

interface DatedKey {
  readonly key: KeyObject
  readonly from: number
  readonly until: number
}

/** The keys that webhooks are judged by. */
export class KeyRing {
  readonly #keys: readonly DatedKey[]

  /**
   * @param now Our clock, in milliseconds: keys that have all expired are refused.
   * @throws PublicKeyError of a key that proves nothing; Error when there is none, or a date is wrong. No message
   *   repeats a key.
   */
  constructor(keys: PublicKeys, now: number) {
    const given = (Array.isArray(keys) ? keys : [keys]) as readonly (string | DatedPublicKey)[]
    this.#keys = given.filter((each) => each !== '').map(readDatedKey)
    if (this.#keys.length === 0) {
      throw new Error(
        'A Telnyx public key is required: without it nobody can tell a webhook from a forgery. Copy it from the portal, ' +
          'under Keys & Credentials, Public Key.',
      )
    }
    if (this.#keys.every(({ until }) => until < now)) {
      throw new Error(
        'Every Telnyx public key has expired (`notAfter`), so no webhook could be verified. Copy the key in force from ' +
          'the portal, under Keys & Credentials, Public Key.',
      )
    }
  }

  /** The keys that count at a moment, in milliseconds. */
  keysAt(moment: number): readonly KeyObject[] {
    return this.#keys.filter(({ from, until }) => from <= moment && moment <= until).map(({ key }) => key)
  }
}

/**
 * Reads keys from text: one, several by comma, or a JSON array of `{"key", "notBefore", "notAfter"}`.
 *
 * @throws as `KeyRing` does.
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
    // The error of either would quote what stands there.
    throw new Error(
      'The keys must be a JSON array of {"key": "…", "notBefore": "…", "notAfter": "…"}, the dates optional.',
    )
  }
}

function readDatedKey(given: string | DatedPublicKey): DatedKey {
  const isGiven = typeof given === 'string' || (typeof given === 'object' && given !== null)
  if (!isGiven || (typeof given === 'object' && typeof given.key !== 'string')) {
    throw new Error(
      '`telnyx.publicKey` holds something that is no key. If it comes from an environment variable, set that one.',
    )
  }
  const { key, notBefore, notAfter } = typeof given === 'string' ? { key: given } : given
  const from = parseTime('notBefore', notBefore) ?? Number.NEGATIVE_INFINITY
  const until = parseTime('notAfter', notAfter) ?? Number.POSITIVE_INFINITY
  if (from >= until) throw new Error('A Telnyx public key has a `notAfter` that is not after its `notBefore`.')
  return { key: readPublicKey(key), from, until }
}

/** With a time zone: without one it would mean another moment on each server. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

function parseTime(field: string, moment: string | Date | undefined): number | undefined {
  if (moment === undefined) return undefined
  const time = typeof moment === 'string' ? (MOMENT.test(moment) ? Date.parse(moment) : Number.NaN) : moment.getTime()
  if (Number.isNaN(time)) {
    throw new Error(`A Telnyx public key’s \`${field}\` is no time such as 2026-11-30T00:00:00Z.`)
  }
  return time
}
