/** node:http's requests and responses as ours. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BodyBudget, bodyWasRead, readBody } from './body.ts'
import type { ClientAddress } from './client-address.ts'
import type { HttpAnswer, HttpRequest } from './message.ts'

/** Reads a request of node:http. `basePath` has been matched and is cut off. */
export function nodeRequest(
  message: IncomingMessage,
  { basePath, budget, addressOf }: { basePath: string; budget: BodyBudget; addressOf: ClientAddress },
): HttpRequest {
  const [path, query] = split((message.url ?? '/').slice(basePath.length) || '/')
  return {
    method: message.method ?? 'GET',
    path,
    // Parsed when asked for: webhooks, by far the most of all requests, have none.
    get query() {
      return new URLSearchParams(query)
    },
    header: (name) => message.headersDistinct[name] ?? [],
    body: async (limit) => {
      if (message.readableEnded || message.readableDidRead || 'body' in message) throw bodyWasRead()
      const declared = message.headers['content-length']
      return readBody({ chunks: message, declared, cancel: () => message.destroy() }, limit, budget)
    },
    get address() {
      return addressOf(message)
    },
  }
}

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Writes an answer. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return
  // What was not read of a refused body must not be taken for the next request.
  if (status >= 400 && !response.req.readableEnded) response.setHeader('connection', 'close')
  if (body !== undefined) response.setHeader('content-length', Buffer.byteLength(body))
  response.writeHead(status, headers)
  // As text, which leaves in one write with the head; bytes would take a second.
  if (body === undefined) response.end()
  else response.end(body)
}
