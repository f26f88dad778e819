/** What is masked of a gather's input. */

/** Every mask, the strictest first. */
export const masks = ['all', 'digits', 'allButLast4'] as const

/**
 * What is masked of a gather's input: `all` of it, even that keys were pressed; the `digits`, so that only their number
 * is known; or `allButLast4`, the digits except the last four of eight or more.
 */
export type Mask = 'all' | 'digits' | 'allButLast4'

/** Whether a value names a mask. */
export const isMask = (value: unknown): value is Mask => masks.some((mask) => mask === value)

/** Reads a mask from a record or a mark. An unknown value masks everything. */
export function readMask(value: unknown): Mask | undefined {
  if (value === undefined || value === null) return undefined
  return isMask(value) ? value : 'all'
}
