import { generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Signer } from '@callgather/test-kit/telnyx'
import { describe, expect, it } from 'vitest'
import { KeyRing } from './key-ring.ts'
import { isSmallOrder, PublicKeyError, readPublicKey } from './public-key.ts'
import { type SignedRequest, verifyEd25519, verifySignature } from './signature.ts'

const signer = new Signer()
const NOW = Date.parse('2026-11-22T10:41:00.000Z')
const keys = new KeyRing(signer.publicKey, NOW)

function signed(body = Buffer.from('{"data":{}}'), at = NOW): SignedRequest {
  const { headers } = signer.sign(body, at)
  return {
    signature: [headers['telnyx-signature-ed25519'] ?? ''],
    timestamp: [headers['telnyx-timestamp'] ?? ''],
    body,
  }
}

describe('the signature of a webhook', () => {
  const check = (request: SignedRequest, by = keys, tolerance?: number) => verifySignature(request, by, NOW, tolerance)
  const faultOf = async (request: SignedRequest, tolerance?: number) => {
    const checked = await check(request, keys, tolerance)
    return checked.ok ? null : checked.fault
  }

  it('accepts a Telnyx signature whose timestamp is within five minutes of our clock', async () => {
    expect(await faultOf(signed())).toBeNull()
    for (const seconds of [-300, -299, 299, 300])
      expect(await faultOf(signed(undefined, NOW + seconds * 1000))).toBeNull()
    for (const seconds of [-301, 301, 86_400])
      expect(await faultOf(signed(undefined, NOW + seconds * 1000))).toBe('stale')
    expect(await faultOf(signed(undefined, NOW - 61_000), 60)).toBe('stale')
  })

  it('a webhook signature covers every byte of the body, also invalid UTF-8', async () => {
    const body = Buffer.from([0x7b, 0xff, 0xfe, 0x7d])
    const request = signed(body)
    expect(await faultOf(request)).toBeNull()
    // Decoded as text, both bodies are the same: U+FFFD twice.
    expect(await faultOf({ ...request, body: Buffer.from([0x7b, 0xfe, 0xff, 0x7d]) })).toBe('mismatch')
    expect(await faultOf({ ...request, body: Buffer.from(body.toString('utf8')) })).toBe('mismatch')
    expect(await faultOf({ ...request, body: Buffer.concat([body, Buffer.from(' ')]) })).toBe('mismatch')
    expect(await faultOf({ ...request, body: Buffer.alloc(0) })).toBe('mismatch')
  })

  it('rejects a webhook unless each signature header has exactly one value', async () => {
    const request = signed()
    expect(await faultOf({ ...request, signature: [] })).toBe('missing')
    expect(await faultOf({ ...request, timestamp: [] })).toBe('missing')
    expect(await faultOf({ ...request, signature: [...request.signature, ...request.signature] })).toBe('malformed')
    expect(await faultOf({ ...request, timestamp: [...request.timestamp, ...request.timestamp] })).toBe('malformed')
  })

  it('accepts only one of the sixteen base64 spellings of a webhook signature', async () => {
    const request = signed()
    const [text = ''] = request.signature
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const last = alphabet.indexOf(text.at(-3) ?? '')
    const spellings = Array.from({ length: 16 }, (_, bits) => {
      const letter = alphabet[(last & 0x30) | bits]
      return `${text.slice(0, -3)}${letter}==`
    })
    const sameBytes = spellings.filter((spelling) =>
      Buffer.from(spelling, 'base64').equals(Buffer.from(text, 'base64')),
    )
    expect(sameBytes).toHaveLength(16)
    const faults = await Promise.all(spellings.map((spelling) => faultOf({ ...request, signature: [spelling] })))
    expect(spellings.filter((_, index) => faults[index] === null)).toEqual([text])
  })

  const malformations: Record<string, (text: string) => string> = {
    'missing its padding': (text) => text.slice(0, -2),
    'URL-safe base64': (text) => `-_${text.slice(2)}`,
    'preceded by a space': (text) => ` ${text}`,
    'followed by a line end': (text) => `${text}\n`,
    'written as hexadecimal': (text) => Buffer.from(text, 'base64').toString('hex'),
    'prefixed with a version': (text) => `v1a,${text}`,
    truncated: (text) => text.slice(4),
    empty: () => '',
  }
  for (const [name, spoil] of Object.entries(malformations)) {
    it(`rejects a webhook whose signature is ${name}`, async () => {
      const request = signed()
      expect(await faultOf({ ...request, signature: [spoil(request.signature[0] ?? '')] })).toBe('malformed')
    })
  }

  for (const timestamp of [
    '',
    ' 1795344060',
    '1795344060 ',
    '1795344060.0',
    '+1795344060',
    '0x6b02f7bc',
    '1e9',
    '01795344060',
    '1795344060000',
    '١٧٩٥٣٤٤٠٦٠',
    'NaN',
    '-1',
    '1795344060|{}',
  ]) {
    it(`rejects a webhook signature with the timestamp ${JSON.stringify(timestamp)}`, async () => {
      const { body } = signed()
      const { headers } = signer.sign(body, NOW)
      expect(
        await faultOf({ body, signature: [headers['telnyx-signature-ed25519'] ?? ''], timestamp: [timestamp] }),
      ).toBe('malformed')
    })
  }

  it('accepts a webhook signature of any valid public key during a key rotation', async () => {
    const next = new Signer()
    const request = signed()
    const judge = (...given: string[]) => check(request, new KeyRing(given, NOW))
    expect(await judge(next.publicKey, signer.publicKey)).toEqual({ ok: true })
    expect(await judge(next.publicKey)).toEqual({ ok: false, fault: 'mismatch' })
  })

  it('verifies concurrent webhook signatures independently', async () => {
    const genuine = Array.from({ length: 100 }, (_, index) => signed(Buffer.from(`{"data":{"n":${index}}}`)))
    const forged = genuine.map((request, index) => ({ ...request, body: signed(Buffer.from(`{"n":${index}}`)).body }))
    const both = genuine.flatMap((request, index) => [request, forged[index] ?? request])
    expect(await Promise.all(both.map((request) => faultOf(request)))).toEqual(
      genuine.flatMap(() => [null, 'mismatch']),
    )
  })
})

describe('the Ed25519 verifier', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const message = Buffer.from('1795344060|{}')
  const signature = sign(null, message, privateKey)

  it('the Ed25519 verifier accepts only signatures of 64 bytes', async () => {
    expect(await verifyEd25519(message, signature, publicKey)).toBe(true)
    for (const length of [0, 1, 32, 63])
      expect(await verifyEd25519(message, signature.subarray(0, length), publicKey)).toBe(false)
    for (const more of [1, 2, 64]) {
      expect(await verifyEd25519(message, Buffer.concat([signature, Buffer.alloc(more)]), publicKey)).toBe(false)
    }
  })

  it('the Ed25519 verifier rejects a signature with any bit changed', async () => {
    for (let bit = 0; bit < 512; bit++) {
      const changed = Buffer.from(signature)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await verifyEd25519(message, changed, publicKey)).toBe(false)
    }
  })

  it('the Ed25519 verifier rejects a signature whose R has small order, with both signs', async () => {
    for (const y of ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`]) {
      for (const signBit of [0, 0x80]) {
        const forged = Buffer.concat([Buffer.from(y, 'hex'), signature.subarray(32)])
        forged[31] = (forged[31] ?? 0) | signBit
        expect(isSmallOrder(forged.subarray(0, 32))).toBe(true)
        expect(await verifyEd25519(message, forged, publicKey)).toBe(false)
      }
    }
  })
})

describe('Telnyx’s public key', () => {
  const refused: Record<string, string> = {
    empty: '',
    'an API key': 'KEY0123456789ABCDEF0123456789ABCDEF_abcdefghijkl',
    hexadecimal: Buffer.from(signer.publicKey, 'base64').toString('hex'),
    'url-safe base64': signer.publicKey.replaceAll('+', '-').replaceAll('/', '_').replace('=', '-'),
    'too short': Buffer.alloc(31, 1).toString('base64'),
    'too long': Buffer.alloc(33, 1).toString('base64'),
    'of order one': Buffer.from(`01${'00'.repeat(31)}`, 'hex').toString('base64'),
    'of order one with the sign bit set': Buffer.from(`01${'00'.repeat(30)}80`, 'hex').toString('base64'),
    'of order two': Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex').toString('base64'),
    'of order four': Buffer.alloc(32).toString('base64'),
    'the first point of order eight': Buffer.from(
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'hex',
    ).toString('base64'),
    'the second point of order eight': Buffer.from(
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'hex',
    ).toString('base64'),
    'not in canonical form': Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex').toString('base64'),
    'no point of the curve': Buffer.from(`02${'00'.repeat(31)}`, 'hex').toString('base64'),
  }
  for (const [name, text] of Object.entries(refused)) {
    it(`rejects a public key that is ${name}, and does not quote the key`, () => {
      expect(() => readPublicKey(text)).toThrow(PublicKeyError)
      try {
        readPublicKey(text)
      } catch (error) {
        if (text !== '') expect(String(error)).not.toContain(text.slice(0, 12))
      }
    })
  }
})

const vectors = process.env.CALLGATHER_ED25519_VECTORS
const found = vectors !== undefined && existsSync(join(vectors, 'wycheproof-ed25519.json'))
if (!found) console.warn('Ed25519 vectors skipped: set CALLGATHER_ED25519_VECTORS to the folder that holds them.')

describe.skipIf(!found)('published Ed25519 vectors', () => {
  const load = <T>(file: string) => JSON.parse(readFileSync(join(vectors ?? '', file), 'utf8')) as T
  const judge = async (publicKey: string, message: string, signature: string): Promise<boolean> => {
    try {
      const key = readPublicKey(Buffer.from(publicKey, 'hex').toString('base64'))
      // The vectors sign the bare message, without Telnyx's timestamp.
      return await verifyEd25519(Buffer.from(message, 'hex'), Buffer.from(signature, 'hex'), key)
    } catch (error) {
      if (error instanceof PublicKeyError) return false
      throw error
    }
  }

  it('the Ed25519 verifier gives the expected result for all Wycheproof vectors', async () => {
    interface Group {
      publicKey: { pk: string }
      tests: { tcId: number; msg: string; sig: string; result: string }[]
    }
    const { testGroups } = load<{ testGroups: Group[] }>('wycheproof-ed25519.json')
    const tests = testGroups.flatMap((group) => group.tests.map((test) => ({ ...test, pk: group.publicKey.pk })))
    expect(tests).toHaveLength(151)
    const judged = await Promise.all(tests.map(({ pk, msg, sig }) => judge(pk, msg, sig)))
    expect(tests.filter(({ result }, index) => judged[index] !== (result === 'valid'))).toEqual([])
  })

  it('rejects the small-order and non-canonical keys and points of speccheck, which OpenSSL accepts', async () => {
    const cases = load<{ message: string; pub_key: string; signature: string }[]>('speccheck-ed25519.json')
    expect(cases).toHaveLength(12)
    const judged = await Promise.all(cases.map((each) => judge(each.pub_key, each.message, each.signature)))
    // The accepted signature has a key and an R of large order, so it can't be forged.
    expect(judged.flatMap((isAccepted, index) => (isAccepted ? [index] : []))).toEqual([3])
  })
})
