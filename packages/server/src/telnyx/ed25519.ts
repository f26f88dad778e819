/**
 * Ed25519 verification, which is most of what a webhook costs: some 0.1 ms with OpenSSL, half of that with libsodium.
 * libsodium is an optional dependency, a native addon; where it is not installed, Node's own crypto does the same work.
 *
 * The two differ where nobody who signs honestly ever comes: libsodium reads the first 64 bytes of a longer signature,
 * and OpenSSL takes one whose R is of small order. Both are refused here, before either is asked, so that it does not
 * matter which is installed.
 */
import { type KeyObject, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'

/** Whether a signature of 64 bytes fits a message under a key. */
export type VerifyEd25519 = (message: Buffer, signature: Buffer, key: KeyObject) => boolean

/** The same on another thread, where it takes a little longer and holds nobody up. */
export type VerifyElsewhere = (message: Buffer, signature: Buffer, key: KeyObject) => Promise<boolean>

/** What verifies: `libsodium` needs the package `sodium-native`. */
export type VerifierName = 'libsodium' | 'node:crypto'

interface Sodium {
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean
}

const SIGNATURE_BYTES = 64

/** The eight points whose order divides 8, in the one encoding of each y, without the sign of x (RFC 8032, 5.1.2). */
const smallOrder: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** How those end. A point seldom ends so, and is then told from them without being written out. */
const smallOrderEnds: ReadonlySet<number> = new Set(
  [...smallOrder].map((point) => Number.parseInt(point.slice(-2), 16)),
)

/** Whether 32 bytes encode a point of small order: as a key, anyone could sign under it. */
export function isSmallOrder(point: Uint8Array): boolean {
  const end = (point[31] ?? 0) & 0x7f
  if (!smallOrderEnds.has(end)) return false
  const y = Buffer.from(point)
  y[31] = end
  return smallOrder.has(y.toString('hex'))
}

/** Whether a signature is one that a verifier may be asked about. */
const isProper = (signature: Buffer) => signature.length === SIGNATURE_BYTES && !isSmallOrder(signature.subarray(0, 32))

/** What no verifier may accept, taken away from it. */
const strict =
  (verifies: VerifyEd25519): VerifyEd25519 =>
  (message, signature, key) =>
    isProper(signature) && verifies(message, signature, key)

/** Node's own. Always there. */
export const verifyWithNode = strict((message, signature, key) => verify(null, message, key, signature))

/** Node's own, on its thread pool. */
export const verifyOnPool: VerifyElsewhere = async (message, signature, key) =>
  isProper(signature) &&
  new Promise<boolean>((resolve, reject) => {
    verify(null, message, key, signature, (error, fits) => (error ? reject(error) : resolve(fits)))
  })

/** How a verifier's work is done on other threads: only Node's own can be, and only where there is a core for it. */
export const elsewhereOf = (verifies: VerifyEd25519): VerifyElsewhere | null =>
  verifies === verifyWithNode && availableParallelism() > 1 ? verifyOnPool : null

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
  return strict((message, signature, key) => {
    let bytes = bytesOf.get(key)
    if (!bytes) {
      bytes = key.export({ format: 'der', type: 'spki' }).subarray(-32)
      bytesOf.set(key, bytes)
    }
    return sodium.crypto_sign_verify_detached(signature, message, bytes)
  })
}
