/**
 * What this screen remembers for each call, besides the call itself: drafts, commands, armed messages, filters.
 *
 * It belongs to a client and a call, never to a component. A component that is given another `callId` reads that call's
 * state in the same render; a late answer settles the state of the call that the command was given for; and a component
 * that is mounted again finds what it left.
 */
import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { GatherClient } from '../client/gather-client.ts'
import type { Store } from '../client/store.ts'
import { useGatherClient } from './provider.tsx'

/** More calls than an agent handles in a shift. Beyond it, the least recently shown call is evicted. */
const MAX_CALLS = 500

/** The memory of one call. The values are kept by `Remembered`, under keys. */
export class CallMemory {
  readonly #listeners = new Set<() => void>()
  /** Replaced by `clear`, which releases every value at once. */
  #key = {}
  /** In its place while it is not known who is signed in: what was written before is hidden, and kept. */
  #pausedKey: object | null = null

  /** The key of what may be shown. */
  get key(): object {
    return this.#pausedKey ?? this.#key
  }

  /** The keys of all that is remembered. */
  get keys(): readonly object[] {
    return this.#pausedKey ? [this.#pausedKey, this.#key] : [this.#key]
  }

  /** Returns whether it is still of the same agent: for what is done after a wait. */
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

/** The memories of one client. */
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

/** The memories of a client: hidden while the session is paused, emptied when another agent signs in or it is closed. */
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

/** One kind of state that is remembered for each call. Values are immutable: `change` makes a new one. */
export class Remembered<T> {
  readonly initial: T
  readonly #values = new WeakMap<object, { readonly value: T }>()

  constructor(initial: T) {
    this.initial = initial
  }

  /** The value that may be shown. */
  read(memory: CallMemory): T {
    return this.#at(memory.key)
  }

  /** Changes the value, also the one that is hidden: a late answer settles it, and the same agent finds what was added. */
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

/** The memory of a call under the client of this place. */
export function useCallMemory(callId: string): CallMemory {
  const client = useGatherClient()
  return useMemo(() => callMemories(client).of(callId), [client, callId])
}

/** A call's state of one kind, and the means to change it for that call, whichever call is shown by then. */
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

/** Reads from a call's memory; on the server, and while hydrating, nothing is remembered. */
export function useMemorySlice<T>(memory: Pick<Store<T>, 'subscribe'>, read: () => T, initial: T): T {
  return useSyncExternalStore(memory.subscribe, read, () => initial)
}
