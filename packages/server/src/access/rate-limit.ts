/** How often somebody may ask: a bucket of tokens for each, that fills steadily. */

/** How a limit is set. */
export interface RateLimitOptions {
  /** How many a second, in the long run. */
  readonly perSecond: number
  /** How many at once. */
  readonly burst: number
  readonly now?: () => number
}

interface Bucket {
  tokens: number
  at: number
}

const MOST_BUCKETS = 100_000

/** Buckets by key. */
export class RateLimit {
  readonly #options: Required<RateLimitOptions>
  readonly #buckets = new Map<string, Bucket>()

  constructor({ now = Date.now, ...options }: RateLimitOptions) {
    this.#options = { ...options, now }
  }

  /** Takes a token; how many milliseconds to wait for one where there is none, else 0. */
  take(key: string): number {
    const { perSecond, burst, now } = this.#options
    const at = now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at }
    // A clock that is set back must not empty the bucket.
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, at - bucket.at) / 1000) * perSecond)
    bucket.at = at
    // Re-inserting keeps the one used last at the end.
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size > MOST_BUCKETS) {
      const [oldest] = this.#buckets.keys()
      if (oldest !== undefined) this.#buckets.delete(oldest)
    }
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000)
    bucket.tokens -= 1
    return 0
  }
}
