/**
 * Is this request from Telnyx? Ed25519 over the bytes `timestamp`, `|`, raw body (Telnyx, "Webhook signing").
 *
 * Over the bytes as they came, never over a string or a re-serialised body: a byte that is not UTF-8 would read as
 * U+FFFD and two bodies would share one signature. The cheap checks come first, the signature (0.1 ms) last.
 */
import type { KeyObject } from 'node:crypto'
import { type VerifyEd25519, type VerifyElsewhere, verifyWithNode } from './ed25519.ts'
import type { KeyRing } from './key-ring.ts'

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
export type SignatureCheck = { readonly ok: true } | Refused

interface Refused {
  readonly ok: false
  readonly fault: SignatureFault
}

const fault = (name: SignatureFault): Refused => ({ ok: false, fault: name })
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
 * @param verify What checks the signature itself.
 */
export function checkSignature(
  request: SignedRequest,
  keys: KeyRing,
  now: number,
  toleranceSeconds: number = DEFAULT_TOLERANCE_SECONDS,
  verify: VerifyEd25519 = verifyWithNode,
): SignatureCheck {
  const examined = examine(request, keys, now, toleranceSeconds)
  if ('ok' in examined) return examined
  const { timestamp, signature, inForce } = examined
  signatureBytes.write(signature, 'base64')
  const message = signedBytes(timestamp, request.body, reused)
  return inForce.some((key) => verify(message, signatureBytes, key)) ? { ok: true } : fault('mismatch')
}

/** The same, with the signature itself checked on another thread. Its bytes are its own: others are checked meanwhile. */
export async function checkSignatureElsewhere(
  request: SignedRequest,
  keys: KeyRing,
  now: number,
  toleranceSeconds: number,
  verify: VerifyElsewhere,
): Promise<SignatureCheck> {
  const examined = examine(request, keys, now, toleranceSeconds)
  if ('ok' in examined) return examined
  const { timestamp, signature, inForce } = examined
  const bytes = Buffer.from(signature, 'base64')
  const message = signedBytes(timestamp, request.body, Buffer.allocUnsafe)
  for (const key of inForce) if (await verify(message, bytes, key)) return { ok: true }
  return fault('mismatch')
}

/** A request in which only the signature is left to check, and the keys that may have made it. */
interface Examined {
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
): Examined | Refused {
  const [signature] = request.signature
  const [timestamp] = request.timestamp
  if (signature === undefined || timestamp === undefined) return fault('missing')
  if (request.signature.length > 1 || request.timestamp.length > 1) return fault('malformed')
  if (!SIGNATURE.test(signature) || !TIMESTAMP.test(timestamp)) return fault('malformed')
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds) return fault('stale')

  const inForce = keys.at(Number(timestamp) * 1000)
  return inForce.length === 0 ? fault('no_key') : { timestamp, signature, inForce }
}

/** Room for one signature and one message: a check is over when it returns, and allocating cost it a tenth of its time. */
const signatureBytes = Buffer.alloc(64)
const room = Buffer.allocUnsafeSlow(64 * 1024)
const reused = (length: number): Buffer => (length <= room.length ? room : Buffer.allocUnsafe(length))

/** What is signed: the timestamp, a bar and the body. */
function signedBytes(timestamp: string, body: Uint8Array, roomFor: (length: number) => Buffer): Buffer {
  const start = timestamp.length + 1
  const length = start + body.length
  const bytes = roomFor(length)
  bytes.write(`${timestamp}|`, 'latin1')
  bytes.set(body, start)
  return bytes.subarray(0, length)
}
