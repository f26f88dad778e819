/**
 * Seeded randomness without a sequence: each value is a hash of the seed and its labels. So the faults of a webhook do
 * not depend on how many webhooks precede it, and a seed reproduces a run under any load.
 */
import { createHash } from 'node:crypto'

export interface Chance {
  readonly seed: string
  /** Returns a number in [0, 1), derived from the seed and the labels. */
  fraction(...labels: readonly (string | number)[]): number
  /** Returns 32 bytes, derived from the seed and the labels. */
  bytes(...labels: readonly (string | number)[]): Buffer
  /** Returns a version-4 UUID, derived from the seed and the labels. */
  uuid(...labels: readonly (string | number)[]): string
}

/** Creates a source of seeded randomness. */
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
