/**
 * A slice of a feed, in a box: TanStack Query takes a selected `undefined` for "no data yet", which a slice may well be;
 * and it hands both feeds and slices to `structuralSharing`, of which only slices are to be compared.
 */
export class Slice<T> {
  readonly value: T

  constructor(value: T) {
    this.value = value
  }
}

/** The slice known before, if the new one is the same one level deep: a slice built anew is not a slice changed. */
export function keepIfEqual(known: unknown, next: unknown): unknown {
  const kept = known instanceof Slice && next instanceof Slice && isEqual(known.value, next.value)
  return kept ? known : next
}

function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && Object.is(one[key], other[key]))
  )
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
