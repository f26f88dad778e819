/**
 * The bytes of a request's body, wherever they come from.
 *
 * They are read once, by us. If something in front has read them, the bytes that Telnyx signed are gone; then the
 * answer is a loud 500 that says so, because a 2xx would lose the event and a 401 would hide the cause.
 */
import { gatherError } from '@callgather/protocol'
import { LRUCache } from 'lru-cache'

/** How much may be in memory at one time unless it is said otherwise. */
export const DEFAULT_BODY_BUDGET_BYTES = 64 * 1024 * 1024

/** How long a body may take, in milliseconds, whatever the server's own timeouts are. */
const BODY_TIMEOUT_MS = 8_000
/** Of the budget, the share that only addresses of verified webhooks may use, and the share of any other address. */
const RESERVED_SHARE = 0.25
const ADDRESS_SHARE = 0.25
/** Bodies of one unproven address that may be in memory at one time. */
const MAX_BODIES_PER_ADDRESS = 1_000
/** When the budget is used up, a body that has taken this long makes room for a new one, in milliseconds. */
const EVICTABLE_AFTER_MS = 250
/** How many addresses are remembered for their verified webhooks, and for how long, in milliseconds. */
const MAX_PROVEN_ADDRESSES = 1_000
const PROVEN_TTL_MS = 3_600_000

/** A body that has not been read yet. */
export interface UnreadBody {
  /** Gives each chunk to `take`, in order; resolves after the last. What `take` throws ends it. */
  readonly forEachChunk: (take: (chunk: Uint8Array) => void) => Promise<void>
  /** What `Content-Length` says. */
  readonly contentLength: string | null | undefined
  /** Gives up on the rest. */
  readonly cancel: () => void
}

/** The sender closed the connection in the middle of its body, was too slow, or had to make room for others. */
export class BodyAbortedError extends Error {
  override readonly name = 'BodyAbortedError'
}

/**
 * Bytes of bodies in memory, over all requests, from the first chunk until the request is answered. When they are used
 * up, slow senders lose their place first; then new ones are asked to retry.
 *
 * A quarter is kept for addresses that lately sent a verified webhook, so that strangers cannot use up the room of
 * Telnyx; and no other address may use more than a quarter. Behind a proxy this needs `trustProxy`.
 */
export class BodyBudget {
  readonly #limit: number
  readonly #now: () => number
  readonly #proven = new LRUCache<string, true>({ max: MAX_PROVEN_ADDRESSES, ttl: PROVEN_TTL_MS })
  readonly #unproven = new Map<string, { bytes: number; bodies: number }>()
  /** Oldest first. */
  readonly #reading = new Set<BodyShare>()
  #used = 0

  constructor(limit: number = DEFAULT_BODY_BUDGET_BYTES, now: () => number = () => performance.now()) {
    this.#limit = limit
    this.#now = now
  }

  /** Bytes in memory now. */
  get used(): number {
    return this.#used
  }

  /** Remembers that an address has sent a verified webhook. */
  markProven(address: string | undefined): void {
    if (address !== undefined) this.#proven.set(address, true)
  }

  /** The share of one request, which must be closed when the request has been answered. */
  open(address = ''): BodyShare {
    const isProven = this.#proven.has(address)
    let bytes = 0
    let isOpen = false
    const charge = (size: number, bodies: number) => {
      bytes += size
      this.#used += size
      if (isProven) return
      const own = this.#unproven.get(address) ?? { bytes: 0, bodies: 0 }
      own.bytes += size
      own.bodies += bodies
      if (own.bodies > 0) this.#unproven.set(address, own)
      else this.#unproven.delete(address)
    }
    const share: BodyShare = {
      address,
      isProven,
      startedAt: this.#now(),
      cancel: () => {},
      start: (cancel) => {
        // Slow senders lose their place here too: an address may be that of a proxy, with Telnyx behind it.
        const isFull = () => !isProven && (this.#unproven.get(address)?.bodies ?? 0) >= MAX_BODIES_PER_ADDRESS
        while (isFull()) this.#evict((other) => other.address === address)
        share.startedAt = this.#now()
        share.cancel = cancel
        isOpen = true
        charge(0, 1)
        this.#reading.add(share)
      },
      reserve: (size) => {
        if (!isOpen) throw new BodyAbortedError('The body was given up to make room for others.')
        const own = () => this.#unproven.get(address)?.bytes ?? 0
        while (!isProven && own() + size > this.#limit * ADDRESS_SHARE) {
          this.#evict((other) => other !== share && !other.isProven && other.address === address)
        }
        const limit = isProven ? this.#limit : this.#limit * (1 - RESERVED_SHARE)
        while (this.#used + size > limit) this.#evict((other) => other !== share && (isProven || !other.isProven))
        charge(size, 0)
      },
      complete: () => {
        this.#reading.delete(share)
      },
      close: () => {
        this.#reading.delete(share)
        if (!isOpen) return
        isOpen = false
        charge(-bytes, -1)
      },
    }
    return share
  }

  /**
   * Gives up the body that has been incomplete for longest.
   *
   * @throws GatherError 503 when all of them are young.
   */
  #evict(mayGo: (share: BodyShare) => boolean): void {
    const oldest = [...this.#reading].find(mayGo)
    if (!oldest || this.#now() - oldest.startedAt < EVICTABLE_AFTER_MS) throw tooManyBodiesError()
    oldest.close()
    oldest.cancel()
  }
}

/** What one request holds of the budget. */
export interface BodyShare {
  readonly address: string
  readonly isProven: boolean
  startedAt: number
  cancel: () => void
  /** Reading begins; `cancel` ends it. */
  readonly start: (cancel: () => void) => void
  /** Takes bytes, or refuses with 503. */
  readonly reserve: (bytes: number) => void
  /** All of the body has come. */
  readonly complete: () => void
  /** Gives everything back. */
  readonly close: () => void
}

/**
 * Reads a body whole.
 *
 * @throws GatherError 413 past the limit; 503 past the budget. BodyAbortedError when the rest will not come.
 */
export async function readBody(body: UnreadBody, limit: number, share: BodyShare): Promise<Uint8Array> {
  if (Number(body.contentLength ?? 0) > limit) throw bodyTooLargeError(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  let isCancelled = false
  const cancel = () => {
    isCancelled = true
    body.cancel()
  }
  share.start(cancel)
  const timer = setTimeout(cancel, BODY_TIMEOUT_MS)
  try {
    await body.forEachChunk((chunk) => {
      if (size + chunk.length > limit) throw bodyTooLargeError(limit)
      share.reserve(chunk.length)
      size += chunk.length
      chunks.push(chunk)
    })
    if (isCancelled) throw new BodyAbortedError('The body was not sent in time.')
    share.complete()
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  } finally {
    clearTimeout(timer)
  }
}

/** The error of a body that something else has read. */
export const bodyAlreadyReadError = () =>
  gatherError(
    'internal',
    'The request body was read before CallGather could see its bytes, so its signature cannot be checked. Mount ' +
      'CallGather before body parsers such as express.json(), or exclude its path from them.',
  )

const tooManyBodiesError = () =>
  gatherError('unavailable', 'Too many request bodies are under way. Try again in a moment.')

const bodyTooLargeError = (limit: number) =>
  gatherError('bodyTooLarge', `The body is larger than the ${limit} bytes taken here.`)
