/**
 * A persistent sorted map from string keys to values: a B-tree of plain arrays.
 *
 * React reads the call state after each event, so a map must be immutable and must share unchanged values. A call may
 * have a hundred thousand events, so an insertion copies one path of the tree (O(log n)) and never the whole list.
 */

/** The maximum number of items per node. A call of a million events is four levels deep. */
const WIDTH = 32

interface Leaf<V> {
  readonly isLeaf: true
  readonly keys: readonly string[]
  readonly items: readonly V[]
  readonly size: number
}

interface Branch<V> {
  readonly isLeaf: false
  /** The smallest key of each child. */
  readonly keys: readonly string[]
  readonly items: readonly Node<V>[]
  readonly size: number
}

type Node<V> = Leaf<V> | Branch<V>

const leafOf = <V>(keys: readonly string[], items: readonly V[]): Leaf<V> => ({
  isLeaf: true,
  keys,
  items,
  size: keys.length,
})

const branchOf = <V>(items: readonly Node<V>[]): Branch<V> => ({
  isLeaf: false,
  keys: items.map((child) => child.keys[0] as string),
  items,
  size: items.reduce((sum, { size }) => sum + size, 0),
})

/** A persistent map whose entries are ordered by key. Every change returns a new map that shares the rest. */
export class SortedMap<V> implements Iterable<V> {
  readonly #root: Node<V>

  private constructor(root: Node<V>) {
    this.#root = root
  }

  /** Returns an empty map. */
  static empty<V>(): SortedMap<V> {
    return new SortedMap<V>(leafOf<V>([], []))
  }

  /** Returns a map of the values, each under the key that `keyOf` returns. O(n log n). */
  static from<V>(values: Iterable<V>, keyOf: (value: V) => string): SortedMap<V> {
    let sorted = SortedMap.empty<V>()
    for (const value of values) sorted = sorted.set(keyOf(value), value)
    return sorted
  }

  /** The number of entries. */
  get size(): number {
    return this.#root.size
  }

  /** Returns the value of a key. O(log n). */
  get(key: string): V | undefined {
    let node = this.#root
    while (!node.isLeaf) node = node.items[childOf(node.keys, key)] as Node<V>
    const index = lowerBound(node.keys, key)
    return node.keys[index] === key ? node.items[index] : undefined
  }

  /** Returns the value at a position in key order; a negative position counts from the end. O(log n). */
  at(position: number): V | undefined {
    let index = position < 0 ? this.size + position : position
    if (index < 0 || index >= this.size) return undefined
    let node = this.#root
    while (!node.isLeaf) {
      let place = 0
      for (let child = node.items[0]; child && index >= child.size; child = node.items[++place]) index -= child.size
      node = node.items[place] as Node<V>
    }
    return node.items[index]
  }

  /** Returns the number of keys smaller than `key`, which is the position of `key` if the map has it. O(log n). */
  rank(key: string): number {
    let before = 0
    let node = this.#root
    while (!node.isLeaf) {
      const index = childOf(node.keys, key)
      for (const child of node.items.slice(0, index)) before += child.size
      node = node.items[index] as Node<V>
    }
    return before + lowerBound(node.keys, key)
  }

  /**
   * How many entries at the beginning are the same values in another map. Nodes that the two share are not looked into,
   * so for a map and a later version of it this costs little more than finding the first change. O(log n) then.
   */
  sharedPrefix(other: SortedMap<V>): number {
    let count = 0
    const [ours, theirs] = [[this.#root], [other.#root]]
    for (;;) {
      const [one, another] = [ours.pop(), theirs.pop()]
      if (!one || !another) return count
      if (one === another) {
        count += one.size
      } else if (one.isLeaf && another.isLeaf) {
        const length = Math.min(one.size, another.size)
        for (let index = 0; index < length; index++) {
          if (!Object.is(one.items[index], another.items[index])) return count + index
        }
        count += length
        if (one.size > length) ours.push(leafOf(one.keys.slice(length), one.items.slice(length)))
        if (another.size > length) theirs.push(leafOf(another.keys.slice(length), another.items.slice(length)))
      } else {
        // Open the larger node, so that nodes of the same size are compared whatever the depth of the two trees.
        const opensOurs = !one.isLeaf && (another.isLeaf || one.size >= another.size)
        if (opensOurs) theirs.push(another)
        else ours.push(one)
        const [node, stack] = opensOurs ? [one, ours] : [another, theirs]
        if (!node.isLeaf) stack.push(...node.items.toReversed())
      }
    }
  }

  /** Returns a map with `key` set; this map if `key` already has the value. O(log n). */
  set(key: string, value: V): SortedMap<V> {
    const [left, right] = insert(this.#root, key, value)
    if (left === this.#root && !right) return this
    return new SortedMap(right ? branchOf([left, right]) : left)
  }

  /** Returns a map without `key`; this map if it has no such key. O(log n). */
  delete(key: string): SortedMap<V> {
    let root = remove(this.#root, key)
    if (root === this.#root) return this
    // A root with one child would only add a level.
    while (root && !root.isLeaf && root.items.length === 1) root = root.items[0]
    return root ? new SortedMap(root) : SortedMap.empty()
  }

  /** The values in key order. */
  [Symbol.iterator](): IterableIterator<V> {
    // The fold and the masking read many small maps, for which a generator costs more than the values.
    return this.#root.isLeaf ? this.#root.items.values() : walk(this.#root)
  }

  /** The values in reverse order. */
  *reversed(): IterableIterator<V> {
    for (let index = this.size - 1; index >= 0; index--) yield this.at(index) as V
  }

  /** Returns the values in key order, as `JSON.stringify` writes the map. `SortedMap.from` restores the map. */
  toJSON(): V[] {
    return [...this]
  }
}

function* walk<V>(node: Node<V>): IterableIterator<V> {
  if (node.isLeaf) yield* node.items
  else for (const child of node.items) yield* walk(child)
}

/** Returns the first position whose key is not smaller than `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Returns the position of the child node for `key`: the last child whose first key is not larger. */
function childOf(keys: readonly string[], key: string): number {
  const index = lowerBound(keys, key)
  return keys[index] === key ? index : Math.max(0, index - 1)
}

function insert<V>(node: Node<V>, key: string, value: V): [Node<V>, Node<V>?] {
  if (node.isLeaf) {
    const index = lowerBound(node.keys, key)
    if (node.keys[index] === key) {
      return Object.is(node.items[index], value) ? [node] : [leafOf(node.keys, node.items.with(index, value))]
    }
    const [keys, items] = [node.keys.toSpliced(index, 0, key), node.items.toSpliced(index, 0, value)]
    const cut = cutOf(items, index)
    if (cut === undefined) return [leafOf(keys, items)]
    return [leafOf(keys.slice(0, cut), items.slice(0, cut)), leafOf(keys.slice(cut), items.slice(cut))]
  }
  const index = childOf(node.keys, key)
  const child = node.items[index] as Node<V>
  const [left, right] = insert(child, key, value)
  if (left === child && !right) return [node]
  if (!right) return [branchOf(node.items.with(index, left))]
  const items = node.items.toSpliced(index, 1, left, right)
  const cut = cutOf(items, index + 1)
  return cut === undefined ? [branchOf(items)] : [branchOf(items.slice(0, cut)), branchOf(items.slice(cut))]
}

/**
 * Returns where to split a node with too many items; `undefined` if it has not. Events append at the end of a call, so a
 * node that grew at its end stays full.
 */
function cutOf({ length }: readonly unknown[], changed: number): number | undefined {
  if (length <= WIDTH) return undefined
  return changed === length - 1 ? length - 1 : length >>> 1
}

function remove<V>(node: Node<V>, key: string): Node<V> | undefined {
  if (node.isLeaf) {
    const index = lowerBound(node.keys, key)
    if (node.keys[index] !== key) return node
    return node.size === 1 ? undefined : leafOf(node.keys.toSpliced(index, 1), node.items.toSpliced(index, 1))
  }
  const index = childOf(node.keys, key)
  const child = node.items[index] as Node<V>
  const left = remove(child, key)
  if (left === child) return node
  if (left) return branchOf(node.items.with(index, left))
  return node.items.length === 1 ? undefined : branchOf(node.items.toSpliced(index, 1))
}
