/** Requests and responses of fetch as ours: for every framework and runtime that speaks it. */
import { BodyAborted, bodyWasRead, type UnreadBody } from './body.ts'
import type { HttpAnswer, IncomingRequest } from './message.ts'

/** Reads a request of fetch. `basePath` has been matched and is cut off. */
export function fetchRequest(request: Request, basePath: string): IncomingRequest {
  const { pathname, searchParams } = new URL(request.url)
  return {
    method: request.method,
    path: pathname.slice(basePath.length) || '/',
    query: searchParams,
    // Fetch joins values that were sent under one name; no header of ours survives that, so a second value is noticed.
    header: (name) => {
      const value = request.headers.get(name)
      return value === null ? [] : [value]
    },
    openBody: () => {
      if (request.bodyUsed) throw bodyWasRead()
      const { body, headers } = request
      if (!body) return null
      const reader = body.getReader()
      const cancel = () => void reader.cancel().catch(() => {})
      return { each: chunksOf(reader), declared: headers.get('content-length'), cancel }
    },
    address: undefined,
  }
}

const chunksOf =
  (reader: ReadableStreamDefaultReader<Uint8Array>): UnreadBody['each'] =>
  async (take) => {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new BodyAborted('The connection was closed in the middle of the body.', { cause })
      })
      if (done) return
      take(value)
    }
  }

/** An answer as a response of fetch. */
export const fetchResponse = ({ status, headers = {}, body }: HttpAnswer): Response =>
  new Response(body ?? null, { status, headers })
