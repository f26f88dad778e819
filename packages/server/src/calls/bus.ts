import type { StoreChange, Unsubscribe } from './call-store.ts'

/** Tells whoever listens within one process. */
export class Channel<T> {
  readonly #listeners = new Set<(news: T) => void>()

  listen(listener: (news: T) => void): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(news: T): void {
    for (const listener of this.#listeners) listener(news)
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0
  }
}

/** Tells watchers within one process of changes; the bus of the engines that have no other process. */
export class LocalBus {
  // A map, not an object: call ids come from outside, and a plain object would lose `__proto__`.
  readonly #byCall = new Map<string, Channel<StoreChange>>()
  readonly #all = new Channel<StoreChange>()

  watch(callId: string, listener: (change: StoreChange) => void): Unsubscribe {
    const channel = this.#byCall.get(callId) ?? new Channel()
    this.#byCall.set(callId, channel)
    const stop = channel.listen(listener)
    return () => {
      stop()
      if (channel.isIdle && this.#byCall.get(callId) === channel) this.#byCall.delete(callId)
    }
  }

  watchAll(listener: (change: StoreChange) => void): Unsubscribe {
    return this.#all.listen(listener)
  }

  tell(change: StoreChange): void {
    this.#byCall.get(change.callId)?.tell(change)
    this.#all.tell(change)
  }
}
