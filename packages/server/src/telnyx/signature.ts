/**
 * Is this request from Telnyx? Ed25519 over the bytes `timestamp`, `|`, raw body (Telnyx, "Webhook signing").
 *
 * Over the bytes as they came, never over a string or a re-serialised body: a byte that is not UTF-8 would read as
 * U+FFFD and two bodies would share one signature. The cheap checks come first. The signature comes last: it takes
 * 0.1 ms, on Node's thread pool.
 */
import { type KeyObject, verify } from 'node:crypto'
import type { KeyRing } from './key-ring.ts'
import { isSmallOrder } from './public-key.ts'

/** How far the sender's clock may be from ours, either way, in seconds. Telnyx's SDK uses the same. */
export const DEFAULT_TOLERANCE_SECONDS = 300

/** The two headers, each with every value that was sent under its name. */
export interface SignedRequest {
  readonly signature: readonly string[]
  readonly timestamp: readonly string[]
  readonly body: Uint8Array
}

/**
 * Why a request was not believed: for our own metrics and logs, never for the sender. `no_key`: none of ours counted
 * when it was signed.
 */
export type SignatureFault = 'missing' | 'malformed' | 'stale' | 'no_key' | 'mismatch'

/** The outcome of a check. */
export type SignatureCheck = { readonly ok: true } | SignatureRejection

interface SignatureRejection {
  readonly ok: false
  readonly fault: SignatureFault
}

const fault = (name: SignatureFault): SignatureRejection => ({ ok: false, fault: name })
/**
 * 64 bytes. The last character carries two bits of them, and four that base64 ignores: sixteen spellings of one
 * signature, of which we accept the one in which those are zero (RFC 4648, 3.5).
 */
const SIGNATURE = /^[A-Za-z0-9+/]{85}[AQgw]==$/
const TIMESTAMP = /^[1-9]\d{9,10}$/

/**
 * Checks one request against every key that counted when it was signed.
 *
 * @param keys Telnyx's public keys: several while one replaces another.
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

/** Whether a signature fits a message under a key. OpenSSL accepts an R of small order; this does not. */
export async function verifyEd25519(message: Buffer, signature: Buffer, key: KeyObject): Promise<boolean> {
  if (signature.length !== 64 || isSmallOrder(signature.subarray(0, 32))) return false
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, isValid) => (error ? reject(error) : resolve(isValid)))
  })
}

/** A request in which only the signature is left to check, and the keys that may have made it. */
interface SignatureInput {
  readonly timestamp: string
  readonly signature: string
  readonly inForce: readonly KeyObject[]
}

/**
 * What can be said before the body is read: whether both headers are there and well formed, the timestamp is fresh, and
 * a key counted at that time. `null` when nothing speaks against the request.
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
