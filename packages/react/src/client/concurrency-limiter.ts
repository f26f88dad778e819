/**
 * Lets a bounded number of requests be under way on one link; the rest wait for their turn. A page may watch two hundred
 * calls, and on a slow line two hundred answers would stand in each other's way, and in the way of what happens now.
 */

/** So many at once keep a line of any length busy. */
const MAX_CONCURRENT_REQUESTS = 16

export class ConcurrencyLimiter {
  /** In the order in which they came. */
  readonly #waiting = new Set<() => Promise<unknown>>()
  #underWay = 0

  /** Makes a request when its turn comes, which may be at once. The function returned gives up a turn that has not come. */
  run(request: () => Promise<unknown>): () => void {
    this.#waiting.add(request)
    this.#next()
    return () => this.#waiting.delete(request)
  }

  #next(): void {
    const [request] = this.#waiting
    if (!request || this.#underWay >= MAX_CONCURRENT_REQUESTS) return
    this.#waiting.delete(request)
    this.#underWay++
    const over = () => {
      this.#underWay--
      this.#next()
    }
    request().then(over, over)
  }
}
