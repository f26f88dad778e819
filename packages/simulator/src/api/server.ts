/**
 * The HTTP server. Limits body sizes and reports failures in Telnyx's error format. Accepts requests to loopback hosts
 * only, and browser requests from its own pages only.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Exchange } from '../call/exchange.ts'
import { isLoopback } from '../delivery/target.ts'
import { Refusal, refusals, refuse } from './errors.ts'
import { type ApiResponse, errorResponse, type Handler } from './http.ts'
import { streamActivity } from './stream.ts'

/** The API host of Telnyx. Programs name it in their source. */
export const TELNYX_HOST = 'api.telnyx.com'

interface HandlerOptions {
  telnyx: Handler
  sim: Handler
  /** Finds an HTML page or asset by path. */
  page(path: string): { contentType: string; body: string } | undefined
}

/** Routes a request to the Telnyx API, the simulator API or the pages. Never rejects. */
export function createHandler({ telnyx, sim, page }: HandlerOptions): Handler {
  const route: Handler = async (incoming) => {
    // Telnyx accepts a trailing slash, and some of its published programs send one.
    const path = incoming.path.length > 1 ? incoming.path.replace(/\/$/, '') : incoming.path
    const request = { ...incoming, path }
    const { method } = request
    if (/^\/v2(\/|$)/.test(path)) return telnyx(request)
    if (/^\/_sim(\/|$)/.test(path)) return sim(request)
    const asset = method === 'GET' || method === 'HEAD' ? page(path) : undefined
    if (!asset) throw refusals.notFound()
    return { status: 200, headers: { 'content-type': asset.contentType }, body: asset.body }
  }
  return async (request) => {
    try {
      return await route(request)
    } catch (error) {
      if (error instanceof Refusal) return errorResponse(error)
      // A bug of the simulator. Log it, and respond like Telnyx does to internal errors.
      console.error('The simulator failed to handle a request. Please report this error:', error)
      return errorResponse(refuse(500, '10007', 'Internal server error'))
    }
  }
}

interface ServerOptions {
  handle: Handler
  exchange: Exchange
  /** Skips the loopback check, because the user bound the server to another address. */
  isOpenToNetwork: boolean
}

export function createHttpServer({ handle, exchange, isOpenToNetwork }: ServerOptions): Server {
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.on('error', () => outgoing.destroy())
    const { method = 'GET', url: target = '/', headers } = incoming
    const refuseWith = (status: number, reason: string) =>
      write(incoming, outgoing, errorResponse(refuse(status, '10015', reason)))
    const refusal = isOpenToNetwork ? null : originRefusal(incoming)
    if (refusal) return refuseWith(403, refusal)
    const base = 'http://simulator'
    if (!URL.canParse(target, base)) return refuseWith(400, 'The request target is not a valid URL.')
    const { pathname: path, searchParams: query } = new URL(target, base)
    if (method === 'GET' && path === '/_sim/stream')
      return streamActivity(exchange, outgoing, query.get('role') === 'phone')
    const body = () => readBody(incoming, exchange.settings.api.maxBodyBytes)
    write(incoming, outgoing, await handle({ method, path, query, authorization: headers.authorization, body }))
  }
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.requestTimeout = 30_000
  server.headersTimeout = 15_000
  return server
}

function write(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, body, shouldDropConnection }: ApiResponse,
): void {
  if (shouldDropConnection) {
    incoming.socket.destroy()
    return
  }
  const isBodyUnread = !incoming.complete
  outgoing.writeHead(status, {
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...(isBodyUnread ? { connection: 'close' } : {}),
  })
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
  // Some clients read the response only after sending the whole body. Drain it for a limited time.
  if (isBodyUnread) {
    incoming.resume()
    setTimeout(() => incoming.socket.destroy(), MAX_DRAIN_MS).unref()
  }
}

const MAX_DRAIN_MS = 5000

async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLong = () => refuse(413, '10015', `The request body exceeds ${limit} bytes. Send a smaller body.`)
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw tooLong()
  const chunks: Buffer[] = []
  let length = 0
  try {
    // Keep the socket open when the body is too long, so that the client can read the response.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk)
      length += chunk.length
      if (length > limit) throw tooLong()
    }
  } catch (error) {
    throw error instanceof Refusal
      ? error
      : refuse(400, '10015', 'The request body is incomplete. Send the request again.')
  }
  return Buffer.concat(chunks)
}

/** Returns why to refuse a request (possible DNS rebinding, or a page of another site), or null to accept it. */
function originRefusal({ headers: { host, origin } }: IncomingMessage): string | null {
  // A redirected program still sends Telnyx's host name.
  if (host !== TELNYX_HOST && !isLocal(`http://${host}`))
    return 'The simulator accepts loopback host names only. Start it with --host 0.0.0.0 to accept others.'
  return origin === undefined || isLocal(origin)
    ? null
    : 'The simulator refuses requests from pages of other sites. Send the request from your server.'
}

const isLocal = (url: string) => URL.canParse(url) && isLoopback(new URL(url).hostname)
