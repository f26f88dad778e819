/** Converts node:http requests and responses. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BodyAbortedError, bodyAlreadyReadError, type UnreadBody } from './body.ts'
import type { ReadClientAddress } from './client-address.ts'
import type { HttpResponse, IncomingRequest } from './message.ts'

/**
 * A node:http request as an `IncomingRequest`. Its path is below `basePath`, which the caller has matched.
 *
 * A class, because V8 makes a new hidden class for each object literal with a getter, and that keeps the getter's whole
 * request in memory until the next full collection.
 */
export class NodeRequest implements IncomingRequest {
  readonly method: string
  readonly path: string
  readonly address: string | undefined
  readonly #message: IncomingMessage
  readonly #query: string

  constructor(message: IncomingMessage, { basePath, addressOf }: { basePath: string; addressOf: ReadClientAddress }) {
    this.#message = message
    this.method = message.method ?? 'GET'
    const url = (message.url ?? '/').slice(basePath.length) || '/'
    const mark = url.indexOf('?')
    this.path = mark === -1 ? url : url.slice(0, mark)
    this.#query = mark === -1 ? '' : url.slice(mark + 1)
    this.address = addressOf(message)
  }

  // Parsed when it is read, because most requests are webhooks, which have none.
  get query(): URLSearchParams {
    return new URLSearchParams(this.#query)
  }

  header(name: string): readonly string[] {
    // Node's `headersDistinct` would convert every header, and most headers of a webhook are never read.
    const { rawHeaders } = this.#message
    const values: string[] = []
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const [key = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]]
      if (key.length === name.length && key.toLowerCase() === name) values.push(value)
    }
    return values
  }

  openBody(): UnreadBody {
    const message = this.#message
    if (message.readableEnded || message.readableDidRead || 'body' in message) throw bodyAlreadyReadError()
    const [declared] = this.header('content-length')
    return { forEachChunk: readChunks(message), contentLength: declared, cancel: () => message.destroy() }
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

/** Writes a response to a node:http response. */
export function sendResponse(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (response.headersSent || response.destroyed) return
  // The unread rest of a refused body must not be parsed as the next request.
  const close = status >= 400 && !response.req.readableEnded ? { connection: 'close' } : {}
  // Set `Content-Length` also for an empty body, which Node would send chunked, but not with 204 and 304 (RFC 9110, 8.6).
  const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(body ?? '') }
  // One `writeHead` is faster than setting headers one by one.
  response.writeHead(status, { ...headers, ...close, ...length })
  // Node sends a string together with the head in one write; bytes need a second write.
  if (body === undefined) response.end()
  else response.end(body)
}
