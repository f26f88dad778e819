/** Converts node:http requests and responses. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BodyAbortedError, bodyAlreadyReadError, type UnreadBody } from './body.ts'
import type { ReadClientAddress } from './client-address.ts'
import type { HttpResponse, IncomingRequest } from './message.ts'

/** Converts a node:http request to an `IncomingRequest`. Removes `basePath`, which the caller has matched. */
export function nodeRequest(
  message: IncomingMessage,
  { basePath, addressOf }: { basePath: string; addressOf: ReadClientAddress },
): IncomingRequest {
  const [path, query] = split((message.url ?? '/').slice(basePath.length) || '/')
  return {
    method: message.method ?? 'GET',
    path,
    // Parse the query lazily, because most requests are webhooks, which have none.
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

/** Reads a body with stream events, because an async iterator costs more than the rest of the read. */
const readChunks =
  (message: IncomingMessage): UnreadBody['forEachChunk'] =>
  (take) =>
    new Promise((resolve, reject) => {
      const onData = (chunk: Buffer) => {
        try {
          take(chunk)
        } catch (error) {
          // The rest of the body stays unread, because the response closes the connection.
          message.off('data', onData).pause()
          reject(error)
        }
      }
      message.on('data', onData)
      message.once('end', resolve)
      const aborted = () => reject(new BodyAbortedError('The connection was closed before the body was complete.'))
      message.once('error', aborted)
      message.once('close', () => {
        if (!message.complete) aborted()
      })
    })

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Writes a response to a node:http response. */
export function sendResponse(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (response.headersSent || response.destroyed) return
  // The unread rest of a refused body must not be parsed as the next request.
  const close = status >= 400 && !response.req.readableEnded ? { connection: 'close' } : {}
  // Set `Content-Length` also for an empty body, which Node would send chunked, but not with 204 (RFC 9110, 8.6).
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
  // One `writeHead` is faster than setting headers one by one.
  response.writeHead(status, { ...headers, ...close, ...length })
  // Node sends a string together with the head in one write; bytes need a second write.
  if (body === undefined) response.end()
  else response.end(body)
}
