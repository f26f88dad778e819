/**
 * Ed25519 verification, which is most of what a webhook costs: some 0.1 ms with OpenSSL, half of that with libsodium.
 * libsodium is an optional dependency, a native addon; where it is not installed, Node's own crypto does the same work.
 * Both judge every published test vector alike as far as a proper key is concerned, and improper ones never get here.
 */
import { type KeyObject, verify } from 'node:crypto'
import { createRequire } from 'node:module'

/** Whether a signature of 64 bytes fits a message under a key. */
export type VerifyEd25519 = (message: Buffer, signature: Buffer, key: KeyObject) => boolean

/** What verifies: `libsodium` needs the package `sodium-native`. */
export type VerifierName = 'libsodium' | 'node:crypto'

interface Sodium {
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean
}

/** Node's own. Always there. */
export const verifyWithNode: VerifyEd25519 = (message, signature, key) => verify(null, message, key, signature)

/**
 * The verifier of a name; by default the fastest there is.
 *
 * @throws when libsodium is asked for and cannot be loaded.
 */
export function verifierOf(name?: VerifierName): VerifyEd25519 {
  if (name === 'node:crypto') return verifyWithNode
  try {
    return verifyWithSodium(createRequire(import.meta.url)('sodium-native') as Sodium)
  } catch (error) {
    if (name === undefined) return verifyWithNode
    const message = 'The verifier `libsodium` needs the package `sodium-native`, which cannot be loaded. Install it.'
    throw new Error(message, { cause: error })
  }
}

function verifyWithSodium(sodium: Sodium): VerifyEd25519 {
  const bytesOf = new WeakMap<KeyObject, Buffer>()
  return (message, signature, key) => {
    let bytes = bytesOf.get(key)
    if (!bytes) {
      bytes = key.export({ format: 'der', type: 'spki' }).subarray(-32)
      bytesOf.set(key, bytes)
    }
    return sodium.crypto_sign_verify_detached(signature, message, bytes)
  }
}
