/** Reads a slice of a store. A component renders again only when its slice changes. */
import { replaceEqualDeep } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import type { Store } from '../client/store.ts'

/**
 * Returns the slice of a store that `select` picks. A slice keeps its identity while it is deeply equal to the previous
 * slice, and so does each equal value in it.
 */
export function useSlice<State, T>(store: Store<State>, select: (state: State) => T): T {
  const pick = picking(store, select)
  // The rendered slice. An inline `select` is new on each render; its slice keeps its identity by this comparison.
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

/** Returns a function that computes the slice once for each state and `select`, for any number of components. */
function picking<State, T>(store: Store<State>, select: (state: State) => T): () => T {
  const ofStore = picks.get(store) ?? new WeakMap<object, Pick>()
  picks.set(store, ofStore)
  const known = ofStore.get(select)
  // The cache is keyed by `select`, so the cached function returns the type that `select` returns.
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
