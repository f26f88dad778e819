import { Signer } from '@callgather/test-kit/telnyx'
import { describe, expect, it } from 'vitest'
import { type DatedPublicKey, KeyRing, type PublicKeys, parsePublicKeys } from './key-ring.ts'
import { verifySignature } from './signature.ts'

const MONTH = Date.parse('2026-12-01T00:00:00Z')
const [old, next] = [new Signer(), new Signer()]

/** Verifies a webhook that arrives two seconds after it was signed. */
async function judge(signer: Signer, at: number, keys: PublicKeys) {
  const { headers, body } = signer.sign('{}', at)
  const request = {
    body,
    signature: [headers['telnyx-signature-ed25519'] ?? ''],
    timestamp: [headers['telnyx-timestamp'] ?? ''],
  }
  const check = await verifySignature(request, new KeyRing(keys, MONTH - 86_400_000), at + 2000)
  return check.ok ? 'accepted' : check.fault
}

describe('keys with dates', () => {
  const keys: readonly DatedPublicKey[] = [
    { key: old.publicKey, notAfter: '2026-12-01T00:00:00Z' },
    { key: next.publicKey, notBefore: '2026-11-30T23:00:00+00:00', notAfter: new Date(MONTH + 3_600_000) },
  ]

  it('verifies a webhook with the public keys that were valid when the webhook was signed', async () => {
    const HOUR = 3_600_000
    const times = { before: MONTH - 2 * HOUR, during: MONTH - HOUR / 2, after: MONTH + HOUR / 2 }
    expect([await judge(old, times.before, keys), await judge(next, times.before, keys)]).toEqual([
      'accepted',
      'mismatch',
    ])
    expect([await judge(old, times.during, keys), await judge(next, times.during, keys)]).toEqual([
      'accepted',
      'accepted',
    ])
    expect([await judge(old, times.after, keys), await judge(next, times.after, keys)]).toEqual([
      'mismatch',
      'accepted',
    ])
  })

  it('a public key is valid from `notBefore` through `notAfter`, by the time of signing', async () => {
    expect(await judge(old, MONTH, keys)).toBe('accepted')
    expect(await judge(old, MONTH + 1000, keys)).toBe('mismatch')
    expect(await judge(next, MONTH - 3_600_000, keys)).toBe('accepted')
    expect(await judge(next, MONTH - 3_601_000, keys)).toBe('mismatch')
  })

  it('rejects a webhook with the fault `no_key` when no public key is valid', async () => {
    expect(await judge(next, MONTH + 7_200_000, keys)).toBe('no_key')
  })
})

describe('parsing public keys', () => {
  const read = (text: string) => parsePublicKeys(text, MONTH)

  it('parses public keys from one key, several keys separated by commas, or JSON with dates', () => {
    expect(read(old.publicKey)).toEqual([old.publicKey])
    expect(read(`${old.publicKey}, ${next.publicKey}`)).toEqual([old.publicKey, next.publicKey])
    const dated = [next.publicKey, { key: old.publicKey, notAfter: '2026-12-05T00:00:00Z' }]
    expect(read(JSON.stringify(dated))).toEqual(dated)
  })

  const secret = 'KEY0123456789ABCDEF0123456789ABCDEF_abcdefghijkl'
  const wrong: Record<string, [text: string, says: RegExp]> = {
    'an empty text': [' ', /required/],
    'an empty list': ['[]', /required/],
    'an API key': [secret, /not 44 characters/],
    'an API key with a date': [JSON.stringify([{ key: secret }]), /not 44 characters/],
    'invalid JSON': [`[${secret}`, /must be a JSON array/],
    'a key with a misspelt field': [
      JSON.stringify([{ key: old.publicKey, notafter: '2026-12-05T00:00:00Z' }]),
      /must be a JSON/,
    ],
    'a key with a number as its date': [JSON.stringify([{ key: old.publicKey, notAfter: 1 }]), /must be a JSON array/],
    'a key whose date has no time zone': [
      JSON.stringify([{ key: old.publicKey, notAfter: '2026-12-05T00:00:00' }]),
      /notAfter/,
    ],
    'a key whose date does not exist': [
      JSON.stringify([{ key: old.publicKey, notBefore: '2026-13-05T00:00:00Z' }]),
      /notBef/,
    ],
    'a key whose validity ends before it begins': [
      JSON.stringify([{ key: old.publicKey, notBefore: '2026-12-05T00:00:00Z', notAfter: '2026-12-04T00:00:00Z' }]),
      /not after/,
    ],
    'keys that have all expired': [
      JSON.stringify([{ key: old.publicKey, notAfter: '2026-11-30T23:59:59Z' }]),
      /has expired/,
    ],
  }
  for (const [what, [text, says]] of Object.entries(wrong)) {
    it(`rejects ${what} as the public keys without quoting the text`, () => {
      expect(() => read(text.trim())).toThrow(says)
      try {
        read(text.trim())
      } catch (error) {
        for (const value of [secret, old.publicKey]) expect(String(error)).not.toContain(value.slice(0, 12))
      }
    })
  }
})
