/** Bounds how many tasks run at one time. The next ones wait in order, up to a bound. */
import { gatherError } from '@callgather/protocol'

/** Runs tasks, so many at once. */
export class ConcurrencyLimit {
  readonly #maxRunning: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(maxRunning: number, maxWaiting: number) {
    this.#maxRunning = maxRunning
    this.#maxWaiting = maxWaiting
  }

  /**
   * Runs a task when there is room for it.
   *
   * @throws GatherError 503 when too many wait already.
   */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running += 1
    else {
      if (this.#waiting.length >= this.#maxWaiting) {
        throw gatherError('unavailable', 'Too many requests of this kind wait. Try again in a moment.')
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    try {
      return await task()
    } finally {
      // A task that waits takes over the place of the one that is done.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }
}
