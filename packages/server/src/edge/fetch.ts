/** Requests and responses of fetch as ours: for every framework and runtime that speaks it. */
import { BodyAbortedError, bodyAlreadyReadError, type UnreadBody } from './body.ts'
import type { HttpResponse, IncomingRequest } from './message.ts'

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
      if (request.bodyUsed) throw bodyAlreadyReadError()
      const { body, headers } = request
      if (!body) return null
      const reader = body.getReader()
      const cancel = () => void reader.cancel().catch(() => {})
      return { forEachChunk: readChunks(reader), contentLength: headers.get('content-length'), cancel }
    },
    address: undefined,
  }
}

const readChunks =
  (reader: ReadableStreamDefaultReader<Uint8Array>): UnreadBody['forEachChunk'] =>
  async (take) => {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new BodyAbortedError('The connection was closed in the middle of the body.', { cause })
      })
      if (done) return
      take(value)
    }
  }

/** An answer as a response of fetch. */
export const fetchResponse = ({ status, headers = {}, body }: HttpResponse): Response =>
  new Response(body ?? null, { status, headers })
