import { createHmac, hkdfSync } from 'node:crypto'

/** The purpose of a derived key. Each key has one purpose, so that its output is useless for other purposes. */
export type KeyPurpose = 'marker' | 'digest' | 'command-id'

/**
 * Derives the key of one purpose from the server's secret (HKDF, RFC 5869). The same secret gives the same keys on
 * every node and after every restart.
 */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'callgather', purpose, 32))
}

/** Returns the HMAC-SHA-256 (RFC 2104) of the parts, which are encoded as JSON to keep them separate. */
export const macOf = (key: Uint8Array, ...parts: unknown[]): Buffer =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest()

/** Returns a keyed digest of the parts: the first 132 bits of their HMAC, as 22 characters. */
export const digestOf = (key: Uint8Array, ...parts: unknown[]): string =>
  macOf(key, ...parts)
    .toString('base64url')
    .slice(0, 22)
