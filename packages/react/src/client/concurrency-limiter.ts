/** Limits the concurrent requests on a link, so that live events arrive between large snapshots. */

/** The maximum number of concurrent requests on a link: enough to fill a slow network. A page may watch 200 calls. */
const MAX_CONCURRENT_REQUESTS = 16

export class ConcurrencyLimiter {
  readonly #queue = new Set<() => Promise<unknown>>()
  #running = 0

  /** Runs a request now, or queues it, first in, first out. Returns a function that removes it from the queue. */
  run(request: () => Promise<unknown>): () => void {
    this.#queue.add(request)
    this.#next()
    return () => this.#queue.delete(request)
  }

  #next(): void {
    const [request] = this.#queue
    if (!request || this.#running >= MAX_CONCURRENT_REQUESTS) return
    this.#queue.delete(request)
    this.#running++
    const finish = () => {
      this.#running--
      this.#next()
    }
    request().then(finish, finish)
  }
}
