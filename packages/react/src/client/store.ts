/** A value that changes and can be watched: the shape `useSyncExternalStore` asks for. */
export interface Store<T> {
  getSnapshot(): T
  /** Calls back on every change; the function returned stops that. */
  subscribe(onChange: () => void): () => void
}

/** A store and the means to change it. */
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
