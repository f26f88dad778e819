/**
 * The socket in front of the endpoints: reads bounded bodies, turns every failure into Telnyx's shape, and keeps strangers
 * out (only this machine may talk to it, and only its own pages may command it from a browser).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Exchange } from '../call/exchange.ts'
import { isLoopback } from '../delivery/target.ts'
import { Refusal, refusals, refuse } from './errors.ts'
import { type ApiResponse, errorResponse, type Handler } from './http.ts'
import { streamActivity } from './stream.ts'

interface HandlerOptions {
  telnyx: Handler
  sim: Handler
  /** The pages for people, by path. */
  page(path: string): { contentType: string; body: string } | undefined
}

/** Chooses who answers, and never rejects. */
export function createHandler({ telnyx, sim, page }: HandlerOptions): Handler {
  const answer: Handler = async (request) => {
    const { path, method } = request
    if (/^\/v2(\/|$)/.test(path)) return telnyx(request)
    if (/^\/_sim(\/|$)/.test(path)) return sim(request)
    const found = method === 'GET' || method === 'HEAD' ? page(path) : undefined
    if (!found) throw refusals.notFound()
    return { status: 200, headers: { 'content-type': found.contentType }, body: found.body }
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

interface ServerOptions {
  handle: Handler
  exchange: Exchange
  /** Bound to more than loopback on purpose. */
  isOpenToNetwork: boolean
}

export function createHttpServer({ handle, exchange, isOpenToNetwork }: ServerOptions): Server {
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    outgoing.on('error', () => outgoing.destroy())
    const { method = 'GET', url: target = '/', headers } = incoming
    const refuseWith = (status: number, why: string) =>
      write(incoming, outgoing, errorResponse(refuse(status, '10015', why)))
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
  // A sender in the middle of a long body only reads the answer once it may finish; swallow it, but not without end.
  if (isBodyUnread) {
    incoming.resume()
    setTimeout(() => incoming.socket.destroy(), MAX_DRAIN_MS).unref()
  }
}

const MAX_DRAIN_MS = 5000

async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLong = () => refuse(413, '10015', `The request body is longer than ${limit} bytes.`)
  if (Number(incoming.headers['content-length'] ?? 0) > limit) throw tooLong()
  const chunks: Buffer[] = []
  let length = 0
  try {
    // Not destroyed when it is too long: the sender is to read the answer.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk)
      length += chunk.length
      if (length > limit) throw tooLong()
    }
  } catch (error) {
    throw error instanceof Refusal ? error : refuse(400, '10015', 'The request body broke off.')
  }
  return Buffer.concat(chunks)
}

/** DNS rebinding and requests from other pages: a simulator on loopback answers neither. */
function originRefusal({ headers: { host, origin } }: IncomingMessage): string | null {
  if (!isLocal(`http://${host}`))
    return 'The simulator answers to loopback names only. Start it with --host 0.0.0.0 to let others in.'
  return origin === undefined || isLocal(origin) ? null : 'Pages of other sites may not use the simulator.'
}

const isLocal = (url: string) => URL.canParse(url) && isLoopback(new URL(url).hostname)
