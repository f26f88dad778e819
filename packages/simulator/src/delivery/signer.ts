/**
 * Telnyx's webhook signature: Ed25519 over `timestamp|body`, the timestamp in Unix seconds, the signature in padded
 * base64, the public key as the base64 of its 32 raw bytes. It shares no code with the verifiers it tests, because a
 * shared mistake would go unnoticed.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createChance } from '../clock/chance.ts'

export interface Signer {
  /** The public key as the Telnyx portal shows it: 32 bytes in base64, 44 characters. */
  readonly publicKey: string
  /** Returns the two signature headers of a body that is sent at the time `stampMs`. */
  headers(body: Buffer, stampMs: number): SignatureHeaders
}

interface SignatureHeaders {
  'telnyx-timestamp': string
  'telnyx-signature-ed25519': string
}

/** DER bytes that precede the 32 key bytes of an Ed25519 private key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
/** Number of DER bytes that precede the 32 key bytes of an Ed25519 public key. */
const SPKI_PREFIX_LENGTH = 12

/** Creates the signer of a simulator with this seed. The same seed always has the same key. */
export const signerOfSeed = (seed: string | number): Signer => createSigner(createChance(seed).bytes('signing key'))

/** Creates a signer with a new key, or with the key derived from 32 secret bytes. */
export function createSigner(secret?: Buffer): Signer {
  const privateKey: KeyObject = secret
    ? createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
    : generateKeyPairSync('ed25519').privateKey
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: spki.subarray(SPKI_PREFIX_LENGTH).toString('base64'),
    headers(body, stampMs) {
      const timestamp = String(Math.floor(stampMs / 1000))
      const signature = sign(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), privateKey)
      return { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature.toString('base64') }
    },
  }
}
