/**
 * The socket in front of the handlers: reads bounded bodies, turns every failure into Telnyx's shape, and keeps strangers
 * out (only this machine may talk to it, and only its own pages may command it from a browser).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Exchange } from '../call/exchange.ts'
import { isLoopback } from '../delivery/target.ts'
import { Refusal, refusals, refuse } from './errors.ts'
import type { ApiRequest, ApiResponse } from './message.ts'
import { stream } from './stream.ts'
import { errorResponse } from './telnyx-api.ts'

export type Handler = (request: ApiRequest) => Promise<ApiResponse>

export interface HandlerOptions {
  telnyx: Handler
  sim: Handler
  /** The pages for people, by path. */
  page(path: string): { status: number; contentType: string; body: string } | undefined
}

/** Chooses who answers, and never rejects. */
export function createHandler({ telnyx, sim, page }: HandlerOptions): Handler {
  const answer = async (request: ApiRequest): Promise<ApiResponse> => {
    const { path } = request
    if (path === '/v2' || path.startsWith('/v2/')) return telnyx(request)
    if (path === '/_sim' || path.startsWith('/_sim/'))
      return sim(path === '/_sim' ? { ...request, path: '/_sim/' } : request)
    const found = request.method === 'GET' || request.method === 'HEAD' ? page(path) : undefined
    if (found) return { status: found.status, headers: { 'content-type': found.contentType }, body: found.body }
    throw refusals.notFound()
  }
  return async (request) => {
    try {
      return await answer(request)
    } catch (error) {
      if (error instanceof Refusal) return errorResponse(error)
      // Not a refusal but a mistake of ours; say so where it is seen, and answer as Telnyx does when it makes one.
      console.error('The simulator failed on a request:', error)
      return errorResponse(refuse(500, '10007', 'Internal server error'))
    }
  }
}

export interface ServerOptions {
  handle: Handler
  exchange: Exchange
  /** Bound to more than loopback on purpose. */
  open: boolean
}

export function createHttpServer({ handle, exchange, open }: ServerOptions): Server {
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing).catch(() => outgoing.destroy())
  })
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.on('error', () => outgoing.destroy())
    const url = parse(incoming.url)
    const foreign = open ? null : strangeness(incoming)
    if (foreign) return write(incoming, outgoing, errorResponse(refuse(403, '10015', foreign)))
    if (!url)
      return write(incoming, outgoing, errorResponse(refuse(400, '10015', 'The request target is not a valid URL.')))
    if (incoming.method === 'GET' && url.pathname === '/_sim/stream')
      return stream(exchange, outgoing, url.searchParams.get('role') === 'phone')
    const response = await handle({
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
      body: () => readBody(incoming, exchange.settings.api.maxBodyBytes),
    })
    write(incoming, outgoing, response)
  }
  server.requestTimeout = 30_000
  server.headersTimeout = 15_000
  return server
}

function write(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers, body, hangUp }: ApiResponse,
): void {
  if (hangUp) {
    incoming.socket.destroy()
    return
  }
  const unread = !incoming.complete
  outgoing.writeHead(status, {
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...(unread ? { connection: 'close' } : {}),
  })
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
  // A sender in the middle of a long body only reads the answer once it may finish; swallow it, but not without end.
  if (unread) {
    incoming.resume()
    setTimeout(() => incoming.socket.destroy(), SWALLOW_MS).unref()
  }
}

const SWALLOW_MS = 5000

function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLong = () => refuse(413, '10015', `The request body is longer than ${limit} bytes.`)
  if (Number(incoming.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLong())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) {
        chunks.push(chunk)
        return
      }
      incoming.removeAllListeners('data')
      reject(tooLong())
    })
    incoming.on('end', () => resolve(Buffer.concat(chunks)))
    incoming.on('error', () => reject(refuse(400, '10015', 'The request body broke off.')))
    incoming.on('close', () => reject(refuse(400, '10015', 'The request body broke off.')))
  })
}

function parse(target: string | undefined): URL | null {
  try {
    return new URL(target ?? '/', 'http://simulator')
  } catch {
    return null
  }
}

/** DNS rebinding and requests from other pages: a simulator on loopback answers neither. */
function strangeness({ headers }: IncomingMessage): string | null {
  const host = hostOf(`http://${headers.host ?? ''}`)
  if (host === null || !isLoopback(host))
    return 'The simulator answers to loopback names only. Start it with --host 0.0.0.0 to let others in.'
  if (headers.origin === undefined) return null
  const origin = headers.origin === 'null' ? null : hostOf(headers.origin)
  return origin === null || !isLoopback(origin) ? 'Pages of other sites may not use the simulator.' : null
}

function hostOf(url: string): string | null {
  try {
    return new URL(url).hostname
  } catch {
    return null
  }
}
