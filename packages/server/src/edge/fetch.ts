/** Converts fetch requests and responses, for frameworks and runtimes that use them. */
import { BodyAbortedError, bodyAlreadyReadError, type UnreadBody } from './body.ts'
import type { HttpResponse, IncomingRequest } from './message.ts'

/** Converts a fetch request to an `IncomingRequest`. Removes `basePath`, which the caller has matched. */
export function fetchRequest(request: Request, basePath: string): IncomingRequest {
  const { pathname, searchParams } = new URL(request.url)
  return {
    method: request.method,
    path: pathname.slice(basePath.length) || '/',
    query: searchParams,
    // Fetch joins the values of a header. A joined value is invalid for all our headers, so duplicates are detected.
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
        throw new BodyAbortedError('The connection was closed before the body was complete.', { cause })
      })
      if (done) return
      take(value)
    }
  }

/** Converts a response to a fetch `Response`. */
export const fetchResponse = ({ status, headers = {}, body }: HttpResponse): Response =>
  new Response(body ?? null, { status, headers })
