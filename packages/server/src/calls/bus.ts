import type { StoreChange, Unsubscribe } from './call-store.ts'

/** Tells watchers within one process of changes; the bus of the engines that have no other process. */
export class LocalBus {
  // Maps, not objects: call ids come from outside, and a plain object would lose `__proto__`.
  readonly #byCall = new Map<string, Set<(change: StoreChange) => void>>()
  readonly #all = new Set<(change: StoreChange) => void>()

  watch(callId: string, listener: (change: StoreChange) => void): Unsubscribe {
    const listeners = this.#byCall.get(callId) ?? new Set()
    this.#byCall.set(callId, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#byCall.get(callId) === listeners) this.#byCall.delete(callId)
    }
  }

  watchAll(listener: (change: StoreChange) => void): Unsubscribe {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  tell(change: StoreChange): void {
    for (const listener of this.#byCall.get(change.callId) ?? []) listener(change)
    for (const listener of this.#all) listener(change)
  }
}
