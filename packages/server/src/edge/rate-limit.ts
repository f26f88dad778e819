/** Rate limits: a token bucket for each key, such as a subject or an address. */
import { errorTable, GatherError, telnyxError } from '@callgather/protocol'
import { LRUCache } from 'lru-cache'

/** Options of a rate limit. */
export interface RateLimitOptions {
  /** The sustained number of requests per second. */
  readonly perSecond: number
  /** The maximum number of requests at once. */
  readonly burst: number
  readonly now?: () => number
}

interface Bucket {
  tokens: number
  at: number
}

const MAX_BUCKETS = 100_000

/** Token buckets by key. The least recently used key is evicted when there are too many keys. */
export class RateLimit {
  readonly #options: Required<RateLimitOptions>
  // `max` would allocate all buckets at once, which takes 20 ms and several MB per limit.
  readonly #buckets = new LRUCache<string, Bucket>({ maxSize: MAX_BUCKETS, sizeCalculation: () => 1 })

  /** @throws when the limit would refuse everything or nothing. */
  constructor({ perSecond, burst, now = Date.now }: RateLimitOptions) {
    if (!(perSecond > 0) || !(burst >= 1) || !Number.isFinite(perSecond) || !Number.isFinite(burst)) {
      throw new RangeError('A rate limit needs a positive number per second and a burst of at least 1.')
    }
    this.#options = { perSecond, burst, now }
  }

  /** Takes a token and returns 0. If there is no token, returns the milliseconds until the next token. */
  take(key: string): number {
    const { perSecond, burst, now } = this.#options
    const at = now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at }
    // If the clock is set back, the bucket keeps its tokens.
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, at - bucket.at) / 1000) * perSecond)
    bucket.at = at
    this.#buckets.set(key, bucket)
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000)
    bucket.tokens -= 1
    return 0
  }

  /**
   * Takes a token for a request.
   *
   * @param what The limited requests, in the plural, such as `Commands`: the subject of the error message.
   * @throws GatherError 429 when there is no token. Its wait time becomes the `Retry-After` header.
   */
  takeOrThrow(key: string, what = 'Requests'): void {
    const waitMs = this.take(key)
    if (waitMs === 0) return
    const detail = `${what} come too fast. Wait ${Math.ceil(waitMs / 1000)} s and try again.`
    throw new GatherError(errorTable.tooManyRequests.status, [telnyxError('tooManyRequests', detail)], {
      retryAfterMs: waitMs,
    })
  }
}
