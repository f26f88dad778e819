/**
 * A persistent sorted map from string keys to values: a B-tree of plain arrays.
 *
 * A call's state is folded once per event and read by React, so it must be immutable and must share what did not
 * change; and a call may last for a hundred thousand events, so an insertion may copy one path (O(log n)) and never
 * the whole list. Arrays copied whole give the first but not the second; this gives both.
 */

/** Children per node. Wide enough that a call of a million events is four levels deep. */
const WIDTH = 32

interface Leaf<V> {
  readonly keys: readonly string[]
  readonly values: readonly V[]
  readonly size: number
}

interface Branch<V> {
  /** The smallest key of each child. */
  readonly keys: readonly string[]
  readonly children: readonly Node<V>[]
  readonly size: number
}

type Node<V> = Leaf<V> | Branch<V>

const isLeaf = <V>(node: Node<V>): node is Leaf<V> => 'values' in node
const emptyLeaf: Leaf<never> = { keys: [], values: [], size: 0 }

/** A persistent map whose entries are ordered by key. Every change returns a new map that shares the rest. */
export class Sorted<V> implements Iterable<V> {
  readonly #root: Node<V>

  private constructor(root: Node<V>) {
    this.#root = root
  }

  /** The map with nothing in it. */
  static empty<V>(): Sorted<V> {
    return new Sorted<V>(emptyLeaf)
  }

  /** How many entries there are. */
  get size(): number {
    return this.#root.size
  }

  /** The value under a key. O(log n). */
  get(key: string): V | undefined {
    let node = this.#root
    while (!isLeaf(node)) {
      const child = node.children[childOf(node.keys, key)]
      if (!child) return undefined
      node = child
    }
    const index = lowerBound(node.keys, key)
    return node.keys[index] === key ? node.values[index] : undefined
  }

  /** The value at a position in key order; negative counts from the end. O(log n). */
  at(position: number): V | undefined {
    let index = position < 0 ? this.size + position : position
    if (index < 0 || index >= this.size) return undefined
    let node = this.#root
    while (!isLeaf(node)) {
      let next: Node<V> | undefined
      for (const child of node.children) {
        if (index < child.size) {
          next = child
          break
        }
        index -= child.size
      }
      if (!next) return undefined
      node = next
    }
    return node.values[index]
  }

  /** How many keys are smaller than `key`: the position where it is, or would be. O(log n). */
  rank(key: string): number {
    let before = 0
    let node = this.#root
    while (!isLeaf(node)) {
      const index = childOf(node.keys, key)
      for (const child of node.children.slice(0, index)) before += child.size
      const child = node.children[index]
      if (!child) return before
      node = child
    }
    return before + lowerBound(node.keys, key)
  }

  /**
   * How many entries at the beginning are the same values in another map. Nodes that the two share are not looked into,
   * so for a map and a later version of it this costs little more than finding the first change. O(log n) then.
   */
  sharedPrefix(other: Sorted<V>): number {
    let count = 0
    const [ours, theirs] = [[this.#root], [other.#root]]
    for (;;) {
      const [one, another] = [ours.pop(), theirs.pop()]
      if (!one || !another) return count
      if (one === another) {
        count += one.size
      } else if (isLeaf(one) && isLeaf(another)) {
        const length = Math.min(one.size, another.size)
        for (let index = 0; index < length; index++) {
          if (!Object.is(one.values[index], another.values[index])) return count + index
        }
        count += length
        if (one.size > length) ours.push(leaf(one.keys.slice(length), one.values.slice(length)))
        if (another.size > length) theirs.push(leaf(another.keys.slice(length), another.values.slice(length)))
      } else {
        // The larger one is opened, so that parts of the same size meet, whatever the depth of the two trees.
        const opensOurs = !isLeaf(one) && (isLeaf(another) || one.size >= another.size)
        if (opensOurs) theirs.push(another)
        else ours.push(one)
        const [node, stack] = opensOurs ? [one, ours] : [another, theirs]
        if (!isLeaf(node)) for (const child of node.children.toReversed()) stack.push(child)
      }
    }
  }

  /** This map with `key` set; the same map if the value was already there. O(log n). */
  set(key: string, value: V): Sorted<V> {
    const [left, right] = insert(this.#root, key, value)
    if (left === this.#root && !right) return this
    return new Sorted(right ? branch([left, right]) : left)
  }

  /** This map without `key`; the same map if it was not there. O(log n). */
  delete(key: string): Sorted<V> {
    const root = remove(this.#root, key)
    if (root === this.#root) return this
    if (!root) return Sorted.empty()
    // A root with one child would only add a level.
    let top = root
    while (!isLeaf(top) && top.children.length === 1 && top.children[0]) top = top.children[0]
    return new Sorted(top)
  }

  /** The values in key order. */
  [Symbol.iterator](): IterableIterator<V> {
    return walk(this.#root)
  }

  /** The values in reverse order. */
  reversed(): IterableIterator<V> {
    return walkBack(this.#root)
  }

  /** The values in key order, as an array; also how the map is written as JSON. */
  toJSON(): V[] {
    return [...this]
  }
}

function* walk<V>(node: Node<V>): IterableIterator<V> {
  if (isLeaf(node)) yield* node.values
  else for (const child of node.children) yield* walk(child)
}

function* walkBack<V>(node: Node<V>): IterableIterator<V> {
  if (isLeaf(node)) for (let index = node.values.length - 1; index >= 0; index--) yield node.values[index] as V
  else for (let index = node.children.length - 1; index >= 0; index--) yield* walkBack(node.children[index] as Node<V>)
}

/** The first position whose key is not smaller than `key`. */
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

/** The child that holds `key`, or would: the last one that begins at or before it. */
function childOf(keys: readonly string[], key: string): number {
  const index = lowerBound(keys, key)
  return keys[index] === key ? index : Math.max(0, index - 1)
}

const leaf = <V>(keys: readonly string[], values: readonly V[]): Leaf<V> => ({ keys, values, size: keys.length })

function branch<V>(children: readonly Node<V>[]): Branch<V> {
  let size = 0
  for (const child of children) size += child.size
  return { keys: children.map((child) => child.keys[0] as string), children, size }
}

function insert<V>(node: Node<V>, key: string, value: V): [Node<V>, Node<V>?] {
  if (isLeaf(node)) {
    const index = lowerBound(node.keys, key)
    if (node.keys[index] === key) {
      return Object.is(node.values[index], value) ? [node] : [leaf(node.keys, node.values.with(index, value))]
    }
    const grewAtEnd = index === node.keys.length
    return splitLeaf(node.keys.toSpliced(index, 0, key), node.values.toSpliced(index, 0, value), grewAtEnd)
  }
  const index = childOf(node.keys, key)
  const child = node.children[index] as Node<V>
  const [left, right] = insert(child, key, value)
  if (left === child && !right) return [node]
  const grewAtEnd = index === node.children.length - 1
  return splitBranch(node.children.toSpliced(index, 1, ...(right ? [left, right] : [left])), grewAtEnd)
}

/** Where an overfull node is cut. Calls grow at their end, so a node that grew there leaves a full one behind. */
const cutOf = (length: number, grewAtEnd: boolean) => (grewAtEnd ? length - 1 : length >>> 1)

function splitLeaf<V>(keys: readonly string[], values: readonly V[], grewAtEnd: boolean): [Leaf<V>, Leaf<V>?] {
  if (keys.length <= WIDTH) return [leaf(keys, values)]
  const cut = cutOf(keys.length, grewAtEnd)
  return [leaf(keys.slice(0, cut), values.slice(0, cut)), leaf(keys.slice(cut), values.slice(cut))]
}

function splitBranch<V>(children: readonly Node<V>[], grewAtEnd: boolean): [Branch<V>, Branch<V>?] {
  if (children.length <= WIDTH) return [branch(children)]
  const cut = cutOf(children.length, grewAtEnd)
  return [branch(children.slice(0, cut)), branch(children.slice(cut))]
}

function remove<V>(node: Node<V>, key: string): Node<V> | undefined {
  if (isLeaf(node)) {
    const index = lowerBound(node.keys, key)
    if (node.keys[index] !== key) return node
    return node.size === 1 ? undefined : leaf(node.keys.toSpliced(index, 1), node.values.toSpliced(index, 1))
  }
  const index = childOf(node.keys, key)
  const child = node.children[index] as Node<V>
  const left = remove(child, key)
  if (left === child) return node
  if (left) return branch(node.children.with(index, left))
  return node.children.length === 1 ? undefined : branch(node.children.toSpliced(index, 1))
}
