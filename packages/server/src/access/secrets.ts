import { hkdfSync } from 'node:crypto'

/** What a derived key is for. A key serves one purpose only, so that none can be turned against another. */
export type KeyPurpose = 'marker' | 'digest' | 'command-id' | 'set-aside'

/**
 * Derives the key of one purpose from the server's secret (HKDF, RFC 5869). The same secret gives the same keys on
 * every node and after every restart.
 */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'callgather', purpose, 32))
}
