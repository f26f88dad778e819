/**
 * Reads the raw bytes of request bodies, within a memory budget.
 *
 * If a body parser has read the body before us, the bytes that Telnyx signed are lost. The answer is then a 500 that
 * says so, because a 2xx would lose the event and a 401 would hide the cause.
 */
import { gatherError } from '@callgather/protocol'
import { LRUCache } from 'lru-cache'

/** The default memory budget of all request bodies. */
export const DEFAULT_BODY_BUDGET_BYTES = 64 * 1024 * 1024

/** The timeout for reading a request body, independent of the HTTP server's timeouts. */
const BODY_TIMEOUT_MS = 8_000
/** The share of the budget reserved for proven addresses, and the maximum share of any other address. */
const RESERVED_SHARE = 0.25
const ADDRESS_SHARE = 0.25
/** The maximum number of bodies of one unproven address in memory. */
const MAX_BODIES_PER_ADDRESS = 1_000
/** When the budget is used up, a body older than this may be evicted. */
const EVICTABLE_AFTER_MS = 250
/** The size and lifetime of the cache of addresses that sent a verified webhook. */
const MAX_PROVEN_ADDRESSES = 1_000
const PROVEN_TTL_MS = 3_600_000

/** A body that has not been read yet. */
export interface UnreadBody {
  /** Calls `take` with each chunk in order, and resolves after the last chunk. Stops when `take` throws. */
  readonly forEachChunk: (take: (chunk: Uint8Array) => void) => Promise<void>
  /** The value of the `Content-Length` header. */
  readonly contentLength: string | null | undefined
  /** Discards the rest of the body. */
  readonly cancel: () => void
}

/** The body is incomplete: its sender disconnected, was too slow, or the body was evicted. */
export class BodyAbortedError extends Error {
  override readonly name = 'BodyAbortedError'
}

/**
 * Limits the memory of all request bodies, from the first chunk until the request is answered. When the budget is used
 * up, it evicts the slowest body, or refuses the new body with 503.
 *
 * A quarter is reserved for proven addresses, which recently sent a verified webhook, and no other address may use more
 * than a quarter. Otherwise an attacker could block Telnyx. Behind a proxy this needs `trustProxy`.
 */
export class BodyBudget {
  readonly #limit: number
  readonly #now: () => number
  readonly #proven = new LRUCache<string, true>({ max: MAX_PROVEN_ADDRESSES, ttl: PROVEN_TTL_MS })
  readonly #unproven = new Map<string, { bytes: number; bodies: number }>()
  /** The shares of incomplete bodies, oldest first. Not a set, whose discarded tables would keep requests in memory. */
  readonly #reading: BodyShare[] = []
  #used = 0

  constructor(limit: number = DEFAULT_BODY_BUDGET_BYTES, now: () => number = () => performance.now()) {
    this.#limit = limit
    this.#now = now
  }

  /** The bytes of request bodies in memory now. */
  get used(): number {
    return this.#used
  }

  /** Marks an address as proven, because it sent a verified webhook. */
  markProven(address: string | undefined): void {
    if (address !== undefined) this.#proven.set(address, true)
  }

  /** Opens the share of one request. The caller must close it when the request is answered. */
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
        // Evicts slow bodies here too, because the address may be that of a proxy in front of Telnyx.
        const isFull = () => !isProven && (this.#unproven.get(address)?.bodies ?? 0) >= MAX_BODIES_PER_ADDRESS
        while (isFull()) this.#evict((other) => other.address === address)
        share.startedAt = this.#now()
        share.cancel = cancel
        isOpen = true
        charge(0, 1)
        this.#reading.push(share)
      },
      reserve: (size) => {
        if (!isOpen)
          throw new BodyAbortedError('The body was evicted because the memory budget is used up. Send it again.')
        const own = () => this.#unproven.get(address)?.bytes ?? 0
        while (!isProven && own() + size > this.#limit * ADDRESS_SHARE) {
          this.#evict((other) => other !== share && !other.isProven && other.address === address)
        }
        const limit = isProven ? this.#limit : this.#limit * (1 - RESERVED_SHARE)
        while (this.#used + size > limit) this.#evict((other) => other !== share && (isProven || !other.isProven))
        charge(size, 0)
      },
      complete: () => {
        removeFrom(this.#reading, share)
      },
      close: () => {
        removeFrom(this.#reading, share)
        if (!isOpen) return
        isOpen = false
        charge(-bytes, -1)
      },
    }
    return share
  }

  /**
   * Evicts the oldest incomplete body.
   *
   * @throws GatherError 503 when no body is old enough.
   */
  #evict(mayGo: (share: BodyShare) => boolean): void {
    const oldest = this.#reading.find(mayGo)
    if (!oldest || this.#now() - oldest.startedAt < EVICTABLE_AFTER_MS) throw tooManyBodiesError()
    oldest.close()
    oldest.cancel()
  }
}

/** Removes an item from an array, if it has it. */
function removeFrom<T>(items: T[], item: T): void {
  const index = items.indexOf(item)
  if (index >= 0) items.splice(index, 1)
}

/** The share of one request in the budget. */
export interface BodyShare {
  readonly address: string
  readonly isProven: boolean
  startedAt: number
  cancel: () => void
  /** Marks the body as being read. An eviction calls `cancel`. */
  readonly start: (cancel: () => void) => void
  /** Reserves bytes of the budget. Throws GatherError 503 when it is used up. */
  readonly reserve: (bytes: number) => void
  /** Marks the body as complete, so that it is not evicted. */
  readonly complete: () => void
  /** Releases all bytes of the share. */
  readonly close: () => void
}

/**
 * Reads a complete request body.
 *
 * @throws GatherError 413 above the limit, 503 above the budget. BodyAbortedError when the body is incomplete.
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

/** The error for a body that a body parser has already read. */
export const bodyAlreadyReadError = () =>
  gatherError(
    'internal',
    'The request body was read before CallGather received it, so its signature cannot be verified. Mount ' +
      'CallGather before body parsers such as express.json(), or exclude its path from them.',
  )

const tooManyBodiesError = () =>
  gatherError('unavailable', 'Too many request bodies are being received. Try again in a moment.')

const bodyTooLargeError = (limit: number) =>
  gatherError('bodyTooLarge', `The body exceeds ${limit} bytes. Send a smaller body.`)
