import { createHmac, hkdfSync } from 'node:crypto'

/** What a derived key is for. A key serves one purpose only, so that none can be turned against another. */
export type KeyPurpose = 'marker' | 'digest' | 'command-id'

/**
 * Derives the key of one purpose from the server's secret (HKDF, RFC 5869). The same secret gives the same keys on
 * every node and after every restart.
 */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'callgather', purpose, 32))
}

/** What only who knows the key can make of these parts (HMAC-SHA-256, RFC 2104). As JSON, they cannot run into each other. */
export const macOf = (key: Uint8Array, ...parts: unknown[]): Buffer =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest()

/** A short text by which two contents are told apart, and which without the key says nothing of them: 132 bits of it. */
export const digestOf = (key: Uint8Array, ...parts: unknown[]): string =>
  macOf(key, ...parts)
    .toString('base64url')
    .slice(0, 22)
