/**
 * Chance without a sequence: every value is a hash of the seed and a label, never "the next draw". So the fate of one
 * webhook does not depend on how many others were sent before it, and one seed means the same thing under any load.
 */
import { createHash } from 'node:crypto'

export interface Chance {
  readonly seed: string
  /** A number in [0, 1) that belongs to these labels. */
  fraction(...labels: readonly (string | number)[]): number
  /** 32 bytes that belong to these labels. */
  bytes(...labels: readonly (string | number)[]): Buffer
  /** A version-4 UUID that belongs to these labels. */
  uuid(...labels: readonly (string | number)[]): string
}

/** Makes chance from a seed. */
export function createChance(seed: string | number): Chance {
  const bytes = (...labels: readonly (string | number)[]) =>
    createHash('sha256')
      .update(`${seed}\u0000${labels.join('\u0000')}`)
      .digest()
  return {
    seed: String(seed),
    bytes,
    fraction: (...labels) => bytes(...labels).readUInt32BE(0) / 2 ** 32,
    uuid(...labels) {
      const raw = bytes(...labels).subarray(0, 16)
      raw.writeUInt8(((raw[6] ?? 0) & 0x0f) | 0x40, 6)
      raw.writeUInt8(((raw[8] ?? 0) & 0x3f) | 0x80, 8)
      const hex = raw.toString('hex')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
  }
}
