/**
 * Verifies Telnyx's signature: Ed25519 over the bytes `timestamp`, `|`, raw body (Telnyx, "Webhook signing").
 *
 * It must cover the raw bytes: as a string, invalid UTF-8 becomes U+FFFD, and two bodies would share one signature.
 * The signature is verified last, because it takes 0.1 ms on Node's thread pool.
 */
import { type KeyObject, verify } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'
import { isSmallOrder } from './public-key.ts'

/** The allowed difference between Telnyx's clock and ours. Telnyx's SDK allows the same difference. */
export const DEFAULT_TOLERANCE_SECONDS = 300

/** The raw body and all values of the two signature headers. */
export interface SignedRequest {
  readonly signature: readonly string[]
  readonly timestamp: readonly string[]
  readonly body: Uint8Array
}

/**
 * Why a signature was rejected, for metrics and logs only. `no_key`: no configured key was valid at the signed time.
 */
export type SignatureFault = 'missing' | 'malformed' | 'stale' | 'no_key' | 'mismatch'

/** The result of the verification of a signature. */
export type SignatureCheck = { readonly ok: true } | SignatureRejection

interface SignatureRejection {
  readonly ok: false
  readonly fault: SignatureFault
}

const fault = (name: SignatureFault): SignatureRejection => ({ ok: false, fault: name })
/**
 * A signature: 64 bytes in base64. The last character has four unused bits, which must be zero (RFC 4648, 3.5);
 * otherwise one signature would have sixteen spellings.
 */
const SIGNATURE = /^[A-Za-z0-9+/]{85}[AQgw]==$/
const TIMESTAMP = /^[1-9]\d{9,10}$/

/**
 * Verifies a request with every key that was valid when it was signed.
 *
 * @param keys Telnyx's public keys. There are several during a key rotation.
 * @param now Our clock, in milliseconds.
 * @param toleranceSeconds See `DEFAULT_TOLERANCE_SECONDS`.
 */
export async function verifySignature(
  request: SignedRequest,
  keys: KeyRing,
  now: number,
  toleranceSeconds: number = DEFAULT_TOLERANCE_SECONDS,
): Promise<SignatureCheck> {
  const examined = examine(request, keys, now, toleranceSeconds)
  if ('ok' in examined) return examined
  const { timestamp, signature, inForce } = examined
  const message = Buffer.concat([Buffer.from(`${timestamp}|`), request.body])
  const bytes = Buffer.from(signature, 'base64')
  for (const key of inForce) if (await verifyEd25519(message, bytes, key)) return { ok: true }
  return fault('mismatch')
}

/** Whether a signature is valid for a message and a key. Unlike OpenSSL, it rejects an R of small order. */
export async function verifyEd25519(message: Buffer, signature: Buffer, key: KeyObject): Promise<boolean> {
  if (signature.length !== 64 || isSmallOrder(signature.subarray(0, 32))) return false
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, isValid) => (error ? reject(error) : resolve(isValid)))
  })
}

/** The checked signature headers of a request, and the keys that may have made the signature. */
interface SignatureInput {
  readonly timestamp: string
  readonly signature: string
  readonly inForce: readonly KeyObject[]
}

/**
 * Checks the headers before the body is read: their form, a fresh timestamp, and a valid key for it. Returns `null` if
 * they are valid.
 */
export function checkHeaders(
  request: Omit<SignedRequest, 'body'>,
  keys: KeyRing,
  now: number,
  toleranceSeconds: number,
): SignatureFault | null {
  const examined = examine(request, keys, now, toleranceSeconds)
  return 'fault' in examined ? examined.fault : null
}

function examine(
  request: Omit<SignedRequest, 'body'>,
  keys: KeyRing,
  now: number,
  toleranceSeconds: number,
): SignatureInput | SignatureRejection {
  const [signature] = request.signature
  const [timestamp] = request.timestamp
  if (signature === undefined || timestamp === undefined) return fault('missing')
  if (request.signature.length > 1 || request.timestamp.length > 1) return fault('malformed')
  if (!SIGNATURE.test(signature) || !TIMESTAMP.test(timestamp)) return fault('malformed')
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds) return fault('stale')

  const inForce = keys.keysAt(Number(timestamp) * 1000)
  return inForce.length === 0 ? fault('no_key') : { timestamp, signature, inForce }
}
