/** Reads values that came from outside as JSON. */

/** The value as a plain object, or nothing. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** Whether a value is deeper or larger than it may be; walks with a list, so that depth cannot hurt. */
export function findExcess(
  value: unknown,
  bounds: { readonly depth: number; readonly nodes: number },
): 'too_deep' | 'too_many_nodes' | null {
  let level: unknown[] = [value]
  let nodes = 0
  for (let depth = 0; level.length > 0; depth++) {
    nodes += level.length
    if (nodes > bounds.nodes) return 'too_many_nodes'
    const next: unknown[] = []
    for (const each of level) {
      if (typeof each === 'object' && each !== null) for (const child of Object.values(each)) next.push(child)
    }
    if (next.length > 0 && depth >= bounds.depth) return 'too_deep'
    level = next
  }
  return null
}
