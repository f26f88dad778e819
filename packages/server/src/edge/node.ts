/** node:http's requests and responses as ours. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BodyAbortedError, bodyAlreadyReadError, type UnreadBody } from './body.ts'
import type { ReadClientAddress } from './client-address.ts'
import type { HttpResponse, IncomingRequest } from './message.ts'

/** Reads a request of node:http. `basePath` has been matched and is cut off. */
export function nodeRequest(
  message: IncomingMessage,
  { basePath, addressOf }: { basePath: string; addressOf: ReadClientAddress },
): IncomingRequest {
  const [path, query] = split((message.url ?? '/').slice(basePath.length) || '/')
  return {
    method: message.method ?? 'GET',
    path,
    // Parsed when asked for: webhooks, by far the most of all requests, have none.
    get query() {
      return new URLSearchParams(query)
    },
    header: (name) => message.headersDistinct[name] ?? [],
    openBody: () => {
      if (message.readableEnded || message.readableDidRead || 'body' in message) throw bodyAlreadyReadError()
      const declared = message.headers['content-length']
      return { forEachChunk: readChunks(message), contentLength: declared, cancel: () => message.destroy() }
    },
    get address() {
      return addressOf(message)
    },
  }
}

/** By its events: an async iterator over a stream costs more than all the rest of reading a body. */
const readChunks =
  (message: IncomingMessage): UnreadBody['forEachChunk'] =>
  (take) =>
    new Promise((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        try {
          take(chunk)
        } catch (error) {
          // What follows is not read; the answer closes the connection.
          message.off('data', onData).pause()
          reject(error)
        }
      }
      message.on('data', onData)
      message.once('end', resolve)
      const aborted = () => reject(new BodyAbortedError('The connection was closed in the middle of the body.'))
      message.once('error', aborted)
      message.once('close', () => {
        if (!message.complete) aborted()
      })
    })

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Writes an answer. */
export function sendResponse(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (response.headersSent || response.destroyed) return
  // What was not read of a refused body must not be taken for the next request.
  const close = status >= 400 && !response.req.readableEnded ? { connection: 'close' } : {}
  // Said of nothing too, or it would be sent as chunks; not of 204, which may not say it (RFC 9110, 8.6).
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
  // All at once: headers set one by one are kept, looked up and checked a second time.
  response.writeHead(status, { ...headers, ...close, ...length })
  // As text, which leaves in one write with the head; bytes would take a second.
  if (body === undefined) response.end()
  else response.end(body)
}
