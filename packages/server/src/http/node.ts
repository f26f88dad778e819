/**
 * node:http's requests and responses as ours.
 *
 * The body is read here and nowhere else. If something in front has read it, the bytes that Telnyx signed are gone;
 * then the answer is a loud 500 that says so, because a 2xx would lose the event and a 401 would hide the cause.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gatherError } from '@callgather/protocol'
import type { HttpAnswer, HttpRequest } from './message.ts'

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

/** Reads a request of node:http. `basePath` has been matched and is cut off. */
export function nodeRequest(message: IncomingMessage, basePath: string, budget: BodyBudget): HttpRequest {
  const [path = '/', query = ''] = split((message.url ?? '/').slice(basePath.length) || '/')
  return {
    method: message.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    header: (name) => message.headersDistinct[name] ?? [],
    body: (limit) => readBody(message, limit, budget),
    address: message.socket.remoteAddress,
  }
}

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** How long a body may take, in milliseconds, whatever the server's own timeouts are. */
const BODY_MILLIS = 10_000

async function readBody(message: IncomingMessage, limit: number, budget: BodyBudget): Promise<Uint8Array> {
  if (message.readableEnded || message.readableDidRead || 'body' in message) {
    throw gatherError(
      'internal',
      'The request body was read before CallGather could see its bytes, so its signature cannot be checked. Mount ' +
        'CallGather before body parsers such as express.json(), or exclude its path from them.',
    )
  }
  if (Number(message.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
  const chunks: Buffer[] = []
  let size = 0
  const timer = setTimeout(() => message.destroy(), BODY_MILLIS)
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      if (size + chunk.length > limit) throw tooLarge(limit)
      budget.take(chunk.length)
      size += chunk.length
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } finally {
    clearTimeout(timer)
    budget.give(size)
  }
}

const tooLarge = (limit: number) =>
  gatherError('bodyTooLarge', `The body is larger than the ${limit} bytes taken here.`)

/** Writes an answer. */
export function sendAnswer(response: ServerResponse, { status, headers = {}, body }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return
  const bytes = body === undefined ? undefined : Buffer.from(body)
  response.writeHead(status, {
    ...headers,
    ...(bytes ? { 'content-length': String(bytes.length) } : {}),
    // What was not read of a refused body must not be taken for the next request.
    ...(response.req.readableEnded || status < 400 ? {} : { connection: 'close' }),
  })
  response.end(bytes)
}
