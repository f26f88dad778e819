/** Reads untrusted JSON values. */

/** Returns the value if it is an object and not an array. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** Returns the bound that a JSON value exceeds. Does not recurse, so that deep values can't overflow the stack. */
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
