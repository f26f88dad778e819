/** The masks of a gather's input. */

/** All masks, the strictest first. */
export const masks = ['all', 'digits', 'allButLast4'] as const

/**
 * What a gather hides of the caller's input. `all` hides everything, even that keys were pressed. `digits` shows only
 * the number of digits. `allButLast4` also shows the last four of eight or more digits.
 */
export type Mask = 'all' | 'digits' | 'allButLast4'

/** Whether a value names a mask. */
export const isMask = (value: unknown): value is Mask => masks.some((mask) => mask === value)

/** Reads a mask from a record or a mark. An unknown value reads as `all`. */
export function readMask(value: unknown): Mask | undefined {
  if (value === undefined || value === null) return undefined
  return isMask(value) ? value : 'all'
}
