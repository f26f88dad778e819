/**
 * The bytes of a request's body, wherever they come from.
 *
 * They are read once, by us. If something in front has read them, the bytes that Telnyx signed are gone; then the
 * answer is a loud 500 that says so, because a 2xx would lose the event and a 401 would hide the cause.
 */
import { gatherError } from '@callgather/protocol'

/** Bytes of bodies that may be in memory at one time, over all requests; past it, senders are asked to come back. */
export class BodyBudget {
  readonly #limit: number
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Takes a share, or refuses. */
  take(bytes: number): void {
    if (this.#used + bytes > this.#limit) {
      throw gatherError('unavailable', 'Too many request bodies are under way. Try again in a moment.')
    }
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

/** How much may be in memory at one time unless it is said otherwise. */
export const DEFAULT_BODY_BUDGET = 64 * 1024 * 1024

/** How long a body may take, in milliseconds, whatever the server's own timeouts are. */
const BODY_MILLIS = 8_000

/** A body that has not been read yet. */
export interface UnreadBody {
  /** Gives each chunk to `take`, in order; resolves after the last. What `take` throws ends it. */
  readonly each: (take: (chunk: Uint8Array) => void) => Promise<void>
  /** What `Content-Length` says. */
  readonly declared: string | null | undefined
  /** Gives up on the rest. */
  readonly cancel: () => void
}

/**
 * Reads a body whole.
 *
 * @throws GatherError 413 past the limit; 503 past the budget.
 */
export async function readBody(body: UnreadBody, limit: number, budget: BodyBudget): Promise<Uint8Array> {
  if (Number(body.declared ?? 0) > limit) throw tooLarge(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  const timer = setTimeout(body.cancel, BODY_MILLIS)
  try {
    await body.each((chunk) => {
      if (size + chunk.length > limit) throw tooLarge(limit)
      budget.take(chunk.length)
      size += chunk.length
      chunks.push(chunk)
    })
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  } finally {
    clearTimeout(timer)
    budget.give(size)
  }
}

/** The error of a body that something else has read. */
export const bodyWasRead = () =>
  gatherError(
    'internal',
    'The request body was read before CallGather could see its bytes, so its signature cannot be checked. Mount ' +
      'CallGather before body parsers such as express.json(), or exclude its path from them.',
  )

const tooLarge = (limit: number) =>
  gatherError('bodyTooLarge', `The body is larger than the ${limit} bytes taken here.`)
