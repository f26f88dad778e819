import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isSmallOrder, verifierOf, verifyOnPool, verifyWithNode } from './ed25519.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const message = Buffer.from('1795344060|{}')
const signature = sign(null, message, privateKey)

const withSodium = (() => {
  try {
    return verifierOf('libsodium')
  } catch {
    return null
  }
})()

describe.each([
  ['node:crypto', verifyWithNode],
  ['node:crypto, on its thread pool', verifyOnPool],
  ['libsodium', withSodium],
] as const)('the verifier %s', (_, verify) => {
  it.skipIf(!verify)('takes 64 bytes and no others', async () => {
    expect(await verify?.(message, signature, publicKey)).toBe(true)
    for (const length of [0, 1, 32, 63])
      expect(await verify?.(message, signature.subarray(0, length), publicKey)).toBe(false)
    for (const more of [1, 2, 64]) {
      expect(await verify?.(message, Buffer.concat([signature, Buffer.alloc(more)]), publicKey)).toBe(false)
    }
  })

  it.skipIf(!verify)('refuses every bit that is changed', async () => {
    for (let bit = 0; bit < 512; bit++) {
      const changed = Buffer.from(signature)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(await verify?.(message, changed, publicKey)).toBe(false)
    }
  })

  it.skipIf(!verify)('refuses an R of small order, with either sign', async () => {
    for (const y of ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`]) {
      for (const sign of [0, 0x80]) {
        const forged = Buffer.concat([Buffer.from(y, 'hex'), signature.subarray(32)])
        forged[31] = (forged[31] ?? 0) | sign
        expect(isSmallOrder(forged.subarray(0, 32))).toBe(true)
        expect(await verify?.(message, forged, publicKey)).toBe(false)
      }
    }
  })
})
