/**
 * Telnyx's public keys, checked before they are trusted.
 *
 * OpenSSL accepts a small-order point as a key, and under such a key one signature fits any body. A key that is not a
 * valid point of the curve therefore stops the start. Messages never quote the value, which may be a misplaced secret.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'

/** The DER bytes of an Ed25519 SubjectPublicKeyInfo that precede the 32 bytes of the key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** The field's prime 2^255 - 19, and the curve constant d = -121665 / 121666 (RFC 8032, 5.1). */
const P = 2n ** 255n - 19n
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n

/** The canonical encodings, without the sign of x, of the points whose order divides 8 (RFC 8032, 5.1.2). */
const smallOrderPoints: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** Whether 32 bytes encode a point of small order. If such a point were a key, anyone could sign under it. */
export function isSmallOrder(point: Uint8Array): boolean {
  const y = Buffer.from(point)
  y[31] = (y[31] ?? 0) & 0x7f
  return smallOrderPoints.has(y.toString('hex'))
}

/** A configured key is unusable. The message names the fault and never quotes the key. */
export class PublicKeyError extends Error {
  override readonly name = 'PublicKeyError'
}

/**
 * Parses a public key as the Telnyx portal shows it: standard base64 of 32 bytes, 44 characters.
 *
 * @throws PublicKeyError when the text has another form, or the key is not a valid point of the curve.
 */
export function readPublicKey(text: string): KeyObject {
  const bytes = Buffer.from(text, 'base64')
  if (text.length !== 44 || bytes.length !== 32 || bytes.toString('base64') !== text) {
    throw new PublicKeyError(
      'The Telnyx public key is not 44 characters of base64. Copy it from the portal, under Keys & Credentials, ' +
        'Public Key; it is not the API key.',
    )
  }
  const y = littleEndian(bytes) & (2n ** 255n - 1n)
  if (y >= P) throw new PublicKeyError('The Telnyx public key is not in canonical form. Copy it from the portal again.')
  if (isSmallOrder(bytes)) {
    throw new PublicKeyError(
      'The Telnyx public key is a small-order point, under which anyone can sign. Copy it from the portal again.',
    )
  }
  if (!isOnCurve(y)) {
    throw new PublicKeyError(
      'The Telnyx public key is not a point of the Ed25519 curve. Copy it from the portal again.',
    )
  }
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' })
}

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

/** Whether x² = (y² - 1) / (d·y² + 1) has a root, by Euler's criterion, which does not compute the root. */
function isOnCurve(y: bigint): boolean {
  const y2 = (y * y) % P
  const u = (y2 - 1n + P) % P
  const v = (D * y2 + 1n) % P
  // u/v is a square exactly if u·v is.
  return u === 0n || power((u * v) % P, (P - 1n) / 2n) === 1n
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % P) {
    if (left & 1n) result = (result * square) % P
  }
  return result
}
