/**
 * Common ways to receive Telnyx's webhooks and forward them to a browser, each written as its documentation recommends.
 * None of them stores, orders or deduplicates events.
 */
import { createPublicKey, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import express from 'express'
import { createClient } from 'redis'
import { Server as SocketServer } from 'socket.io'
import Telnyx from 'telnyx'
import { WebSocketServer } from 'ws'
import { stampArrivals } from './observe.ts'
import { serve, settings } from './serve.ts'

/**
 * - `emit`: node:http, JSON.parse, `io.to(call).emit`; verifies nothing.
 * - `verify+emit`: the same with node:crypto's verification first.
 * - `express+sdk+emit`: Express 5, `express.raw`, the SDK's `unwrap` (awaited), `io.to(call).emit`.
 * - `verify+emit+streams`: `verify+emit` with `@socket.io/redis-streams-adapter`, so that other servers' clients get it.
 * - `ws frames`: every body to every client, the websocket frame made once and written to each socket: the least there is.
 */
export type PeerKind = 'emit' | 'verify+emit' | 'express+sdk+emit' | 'verify+emit+streams' | 'ws frames'

interface TelnyxEvent {
  readonly data: { readonly payload: { readonly call_control_id: string } }
}

const { kind, publicKey, redisUrl } = settings<{ kind: PeerKind; publicKey: string; redisUrl?: string }>()
const redis = redisUrl === undefined ? null : await createClient({ url: redisUrl }).connect()
const server = kind === 'ws frames' ? framesServer() : kind === 'express+sdk+emit' ? expressServer() : plainServer()

serve({
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    }),
  tickets: (count: number) => Array.from({ length: count }, () => ''),
  arrivals: stampArrivals(server),
})

function plainServer(): Server {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey, 'base64')])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const isSigned = (request: IncomingMessage, body: Buffer) => {
    const timestamp = String(request.headers['telnyx-timestamp'])
    const signature = Buffer.from(String(request.headers['telnyx-signature-ed25519']), 'base64')
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false
    return verify(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), key, signature)
  }
  const http = createServer((request, response) => void answer(request, response))
  const emit = emitterOf(http)
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    if (kind !== 'emit' && !isSigned(request, body)) {
      response.writeHead(401).end()
      return
    }
    emit(JSON.parse(body.toString()) as TelnyxEvent)
    response.writeHead(200).end()
  }
  return http
}

function expressServer(): Server {
  const telnyx = new Telnyx({ apiKey: 'not used here', publicKey })
  const app = express()
  const http = createServer(app)
  const emit = emitterOf(http)
  app.post('/webhooks', express.raw({ type: 'application/json', limit: '1mb' }), async (request, response) => {
    try {
      const headers = request.headers as Record<string, string>
      emit((await telnyx.webhooks.unwrap((request.body as Buffer).toString(), { headers })) as TelnyxEvent)
      response.sendStatus(200)
    } catch {
      response.sendStatus(401)
    }
  })
  return http
}

function framesServer(): Server {
  const streams = new Set<Duplex>()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    // An unmasked text frame of 126 to 65,535 bytes (RFC 6455, 5.2).
    const frame = Buffer.concat([Buffer.from([0x81, 126, body.length >> 8, body.length & 255]), body])
    for (const stream of streams) stream.write(frame)
    response.writeHead(200).end()
  }
  const http = createServer((request, response) => void answer(request, response))
  new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (_, { socket }) => {
    streams.add(socket)
    socket.once('close', () => streams.delete(socket))
  })
  return http
}

/** Emits an event to the room of its call. */
function emitterOf(http: Server): (event: TelnyxEvent) => void {
  const io = new SocketServer(http, { transports: ['websocket'], ...(redis ? { adapter: createAdapter(redis) } : {}) })
  io.on('connection', (socket) => {
    socket.on('watch', (callId: string, reply: () => void) => {
      Promise.resolve(socket.join(callId)).catch(() => socket.disconnect())
      reply()
    })
  })
  return (event) => {
    io.to(event.data.payload.call_control_id).emit('webhook', event)
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
