/** An observable value with the interface that React's `useSyncExternalStore` needs. */
export interface Store<T> {
  getSnapshot(): T
  /** Calls `onChange` after each change of the value. Returns a function that unsubscribes. */
  subscribe(onChange: () => void): () => void
}

/** A store with a setter for its value. */
export class WritableStore<T> implements Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  readonly getSnapshot = (): T => this.#value

  readonly subscribe = (onChange: () => void): (() => void) => {
    const listener = () => onChange()
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener()
  }
}
