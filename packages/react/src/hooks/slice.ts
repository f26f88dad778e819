/** Reading a part of a store: rendered again when that part changes, and not before. */
import { replaceEqualDeep } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import type { Store } from '../client/store.ts'

/**
 * The slice of a store that `select` picks. A slice built anew is not a slice changed: it keeps the identity of the one
 * before, and of each part of it that is equal.
 */
export function useSlice<State, T>(store: Store<State>, select: (state: State) => T): T {
  const pick = picking(store, select)
  // What is on the screen, so that a `select` written inline, which is new with each render, keeps its slice too.
  const shown = useRef<T | undefined>(undefined)
  const getSlice = useMemo(() => {
    let last: { readonly picked: T; readonly slice: T } | null = null
    return () => {
      const picked = pick()
      if (!last || last.picked !== picked) last = { picked, slice: replaceEqualDeep(shown.current, picked) }
      return last.slice
    }
  }, [pick])
  const slice = useSyncExternalStore(store.subscribe, getSlice, getSlice)
  useEffect(() => {
    shown.current = slice
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
    const slice = replaceEqualDeep(last?.slice, select(state))
    last = { state, slice }
    return slice
  }
  ofStore.set(select, pick)
  return pick
}
