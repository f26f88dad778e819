/** Requests and responses of fetch as ours: for every framework and runtime that speaks it. */
import { type BodyBudget, bodyWasRead, readBody, type UnreadBody } from './body.ts'
import type { HttpAnswer, HttpRequest } from './message.ts'

/** Reads a request of fetch. `basePath` has been matched and is cut off. */
export function fetchRequest(request: Request, basePath: string, budget: BodyBudget): HttpRequest {
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
    body: async (limit) => {
      if (request.bodyUsed) throw bodyWasRead()
      const { body, headers } = request
      if (!body) return new Uint8Array()
      const reader = body.getReader()
      const cancel = () => void reader.cancel().catch(() => {})
      return readBody({ each: chunksOf(reader), declared: headers.get('content-length'), cancel }, limit, budget)
    },
    address: undefined,
  }
}

const chunksOf =
  (reader: ReadableStreamDefaultReader<Uint8Array>): UnreadBody['each'] =>
  async (take) => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      take(value)
    }
  }

/** An answer as a response of fetch. */
export const fetchResponse = ({ status, headers = {}, body }: HttpAnswer): Response =>
  new Response(body ?? null, { status, headers })
