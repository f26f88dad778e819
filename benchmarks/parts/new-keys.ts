import type { CallState } from '@callgather/protocol'

/**
 * The ids of the keys that one version of a call has and an earlier one had not, wherever in the order they stand: keys
 * are in the order in which they were pressed, which is not always the order in which they came.
 */
export function* newKeys(before: CallState, after: CallState): Generator<string> {
  const shared = after.keys.sharedPrefix(before.keys)
  const known = new Set<string>()
  for (let nth = shared; nth < before.keys.size; nth++) known.add(before.keys.at(nth)?.id ?? '')
  for (let nth = shared; nth < after.keys.size; nth++) {
    const id = after.keys.at(nth)?.id ?? ''
    if (!known.has(id)) yield id
  }
}
