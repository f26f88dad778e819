/**
 * The UI state of each call: drafts, commands, armed messages, filters. It belongs to a client and a call, not to a
 * component. So it survives unmounts, and a late response settles the command on the right call.
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { GatherClient } from '../client/gather-client.ts'
import type { Store } from '../client/store.ts'
import { useGatherClient } from './provider.tsx'

/** The maximum number of calls with UI state. Above it, the least recently used hidden call is evicted. */
const MAX_CALLS = 500

/** The UI state of one call. `Remembered` stores its values under `key`. */
export class CallMemory {
  readonly #listeners = new Set<() => void>()
  /** The key of the values. `clear` replaces it, which releases all values at once. */
  #key = {}
  /** The key that replaces `#key` while the signed-in agent is unknown, so that earlier values are hidden but kept. */
  #pausedKey: object | null = null

  /** The key of the values that may be shown. */
  get key(): object {
    return this.#pausedKey ?? this.#key
  }

  /** The keys of all values, including hidden values. */
  get keys(): readonly object[] {
    return this.#pausedKey ? [this.#pausedKey, this.#key] : [this.#key]
  }

  /** Returns a function that checks whether the agent is still the same. Call that function after an `await`. */
  mark(): () => boolean {
    const key = this.#key
    return () => key === this.#key
  }

  get isShown(): boolean {
    return this.#listeners.size > 0
  }

  readonly subscribe = (onChange: () => void): (() => void) => {
    const listener = () => onChange()
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  clear(): void {
    this.#key = {}
    this.setPaused(false)
  }

  setPaused(isPaused: boolean): void {
    this.#pausedKey = isPaused ? {} : null
    this.notify()
  }
}

/** The UI state of all calls of a client. */
export class CallMemories {
  readonly #calls = new Map<string, CallMemory>()

  of(callId: string): CallMemory {
    const memory = this.#calls.get(callId) ?? new CallMemory()
    this.#calls.delete(callId)
    this.#calls.set(callId, memory)
    if (this.#calls.size > MAX_CALLS) this.#evict()
    return memory
  }

  clear(): void {
    for (const memory of this.#calls.values()) memory.clear()
  }

  setPaused(isPaused: boolean): void {
    for (const memory of this.#calls.values()) memory.setPaused(isPaused)
  }

  #evict(): void {
    for (const [callId, memory] of this.#calls) {
      if (memory.isShown) continue
      this.#calls.delete(callId)
      return
    }
  }
}

const memories = new WeakMap<GatherClient, CallMemories>()

/** Returns the UI state of a client's calls. It is hidden while the session is paused, and cleared when it ends. */
export function callMemories(client: GatherClient): CallMemories {
  const known = memories.get(client)
  if (known) return known
  const made = new CallMemories()
  memories.set(client, made)
  client.session.addCache({
    isShown: () => false,
    clear: () => made.clear(),
    setPaused: (isPaused) => made.setPaused(isPaused),
  })
  return made
}

/** A kind of UI state, such as drafts, with a value for each call. Values are immutable. */
export class Remembered<T> {
  readonly initial: T
  readonly #values = new WeakMap<object, { readonly value: T }>()

  constructor(initial: T) {
    this.initial = initial
  }

  /** Returns the value of a call that may be shown. */
  read(memory: CallMemory): T {
    return this.#at(memory.key)
  }

  /** Changes both the visible and the hidden value of a call, so that a late response also settles hidden state. */
  change(memory: CallMemory, change: (value: T) => T): void {
    let isChanged = false
    for (const key of memory.keys) {
      const before = this.#at(key)
      const value = change(before)
      if (Object.is(value, before)) continue
      this.#values.set(key, { value })
      isChanged = true
    }
    if (isChanged) memory.notify()
  }

  #at(key: object): T {
    const known = this.#values.get(key)
    return known ? known.value : this.initial
  }
}

/** Returns the UI state of a call in the client of the nearest `GatherProvider`. */
export function useCallMemory(callId: string): CallMemory {
  const client = useGatherClient()
  return useMemo(() => callMemories(client).of(callId), [client, callId])
}

/** Returns a call's UI state of one kind, and a function that changes it even when another call is shown. */
export function useRemembered<T>(
  callId: string,
  kind: Remembered<T>,
): readonly [T, (change: (value: T) => T) => void, CallMemory] {
  const memory = useCallMemory(callId)
  const value = useMemorySlice(
    memory,
    useCallback(() => kind.read(memory), [kind, memory]),
    kind.initial,
  )
  const change = useCallback((next: (value: T) => T) => kind.change(memory, next), [kind, memory])
  return useMemo(() => [value, change, memory], [value, change, memory])
}

/** Reads a value of a call's UI state. Returns `initial` on a server and during hydration. */
export function useMemorySlice<T>(memory: Pick<Store<T>, 'subscribe'>, read: () => T, initial: T): T {
  return useSyncExternalStore(memory.subscribe, read, () => initial)
}
