/** Reading a part of a store: rendered again when that part changes, and not before. */
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react'
import type { Store } from '../client/store.ts'

/**
 * The slice of a store that `select` picks. A slice built anew is not a slice changed: where it is the same one level
 * deep, the one known before stays.
 */
export function useSlice<State, T>(store: Store<State>, select: (state: State) => T): T {
  const pick = picking(store, select)
  // What is on the screen, so that a `select` written inline, which is new with each render, keeps its slice too.
  const shown = useRef<{ readonly slice: T } | null>(null)
  const getSlice = useCallback(() => {
    const slice = pick()
    return shown.current && isEqual(shown.current.slice, slice) ? shown.current.slice : slice
  }, [pick])
  const slice = useSyncExternalStore(store.subscribe, getSlice, getSlice)
  useEffect(() => {
    shown.current = { slice }
  }, [slice])
  return slice
}

type Pick = () => unknown

const picks = new WeakMap<object, WeakMap<object, Pick>>()

/** Picks a slice once for each state of the store, however many components ask with the same `select`. */
function picking<State, T>(store: Store<State>, select: (state: State) => T): () => T {
  const ofStore = picks.get(store) ?? new WeakMap<object, Pick>()
  picks.set(store, ofStore)
  const known = ofStore.get(select)
  // What is kept under a function was picked by it.
  if (known) return known as () => T
  let last: { readonly state: State; readonly slice: T } | null = null
  const pick = () => {
    const state = store.getSnapshot()
    if (last?.state === state) return last.slice
    const picked = select(state)
    const slice = last && isEqual(last.slice, picked) ? last.slice : picked
    last = { state, slice }
    return slice
  }
  ofStore.set(select, pick)
  return pick
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

/** Whether a value is an object literal or an array. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
