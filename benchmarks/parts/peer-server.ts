/**
 * The ordinary ways of receiving Telnyx's webhooks and showing them to a browser, each written as its documents teach:
 * what users would have without us. None of them keeps, orders or deduplicates anything.
 */
import { createPublicKey, type KeyObject, randomUUID, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdapter } from '@socket.io/redis-streams-adapter'
import express from 'express'
import { createClient } from 'redis'
import { Server as SocketServer } from 'socket.io'
import Telnyx from 'telnyx'
import { WebSocketServer } from 'ws'
import { stampArrivals } from './arrivals.ts'
import { serve, settings } from './serve.ts'

export interface PeerSettings {
  readonly kind: PeerKind
  readonly publicKey: string
  /** For those that tell each other through Redis. */
  readonly redisUrl?: string | undefined
}

/**
 * - `verify`: node:http, verify, JSON.parse; relays nothing.
 * - `verify+emit`: the same, and `io.to(call).emit`.
 * - `express+sdk+emit`: Express 5, `express.raw`, the SDK's `unwrap` (awaited), `io.to(call).emit`.
 * - `ws`: every body to every client, unverified, unparsed: the least a relay can do.
 * - `ws frames`: the same with the websocket frame made once and written to each socket: the physical limit.
 * - `socket.io`, `socket.io+recovery`: the same through socket.io, parsed and emitted to the room of the call.
 * - `…+streams`: with `@socket.io/redis-streams-adapter`, so that clients of other nodes get it too.
 * - `verify+store+emit`: the same, shown only when it is stored, by the least that does it: one script in Redis.
 */
export type PeerKind =
  | 'verify'
  | 'verify+emit'
  | 'express+sdk+emit'
  | 'ws'
  | 'ws frames'
  | 'socket.io'
  | 'socket.io+recovery'
  | 'socket.io+streams'
  | 'verify+emit+streams'
  | 'verify+store+emit'

/** What the least does that stores before it shows. Key: the call. Arguments: the event, and who tells of it. */
const KEEP_AND_TELL = `
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PUBLISH', 'events', ARGV[2] .. ARGV[1])
return 1
`

const { kind, publicKey, redisUrl } = settings<PeerSettings>()
const redis = redisUrl === undefined ? null : await createClient({ url: redisUrl }).connect()
const server = makeServer()
const arrivals = stampArrivals(server)

export const abilities = {
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    }),
  arrivals,
}
serve(abilities)

interface TelnyxEvent {
  readonly data: { readonly payload: { readonly call_control_id: string } }
}

function makeServer(): Server {
  if (kind === 'ws' || kind === 'ws frames') return rawRelay()
  if (kind === 'express+sdk+emit') return expressRelay()
  const key = keyOf(publicKey)
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    if (kind.startsWith('verify') && !isSigned(request, body, key)) {
      response.writeHead(401).end()
      return
    }
    const event = JSON.parse(body.toString()) as TelnyxEvent
    await stored?.(event, body)
    if (io) show(io, event)
    response.writeHead(200).end()
  }
  const http = createServer((request, response) => void answer(request, response))
  const io = kind === 'verify' ? null : rooms(http, kind === 'socket.io+recovery')
  const stored = kind === 'verify+store+emit' && redis && io ? storeIn(redis, io) : null
  return http
}

const show = (io: SocketServer, event: TelnyxEvent) => io.to(event.data.payload.call_control_id).emit('webhook', event)

/** Keeps an event and tells the other servers, in one round trip; they show it when they hear of it. */
function storeIn(client: NonNullable<typeof redis>, io: SocketServer) {
  const origin = randomUUID()
  const bus = client.duplicate()
  const heard = (text: string) => {
    if (!text.startsWith(origin)) show(io, JSON.parse(text.slice(origin.length)) as TelnyxEvent)
  }
  const ready = Promise.all([
    client.scriptLoad(KEEP_AND_TELL),
    bus.connect().then(() => bus.subscribe('events', heard)),
  ])
  return async ({ data }: TelnyxEvent, body: Buffer) => {
    const [script] = await ready
    await client.evalSha(script, { keys: [data.payload.call_control_id], arguments: [String(body), origin] })
  }
}

function expressRelay(): Server {
  const telnyx = new Telnyx({ apiKey: 'not used here', publicKey })
  const app = express()
  const http = createServer(app)
  const io = rooms(http, false)
  app.post('/webhooks', express.raw({ type: 'application/json', limit: '1mb' }), async (request, response) => {
    try {
      const headers = request.headers as Record<string, string>
      const event = (await telnyx.webhooks.unwrap((request.body as Buffer).toString(), { headers })) as TelnyxEvent
      io.to(event.data.payload.call_control_id).emit('webhook', event)
      response.sendStatus(200)
    } catch {
      response.sendStatus(401)
    }
  })
  return http
}

function rawRelay(): Server {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request)
    if (kind === 'ws') for (const client of sockets.clients) client.send(body, { binary: false })
    else {
      const frame = Buffer.concat(frameOf(body))
      for (const socket of streams) socket.write(frame)
    }
    response.writeHead(200).end()
  }
  const http = createServer((request, response) => void answer(request, response))
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
  const streams = new Set<Duplex>()
  sockets.on('connection', (_, { socket }) => {
    streams.add(socket)
    socket.once('close', () => streams.delete(socket))
  })
  return http
}

/** An unfragmented text frame from a server, which is never masked (RFC 6455, 5.2). */
function frameOf(body: Buffer): Buffer[] {
  const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10)
  head[0] = 0x81
  if (body.length < 126) head[1] = body.length
  else if (body.length < 65_536) {
    head[1] = 126
    head.writeUInt16BE(body.length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(body.length), 2)
  }
  return [head, body]
}

function rooms(http: Server, recovers: boolean): SocketServer {
  const io = new SocketServer(http, {
    transports: ['websocket'],
    ...(redis && kind.endsWith('+streams') ? { adapter: createAdapter(redis) } : {}),
    ...(recovers ? { connectionStateRecovery: { maxDisconnectionDuration: 120_000 } } : {}),
  })
  io.on('connection', (socket) => {
    socket.on('watch', (callId: string, reply: () => void) => {
      Promise.resolve(socket.join(callId)).catch(() => socket.disconnect())
      reply()
    })
  })
  return io
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function isSigned(request: IncomingMessage, body: Buffer, key: KeyObject): boolean {
  const timestamp = String(request.headers['telnyx-timestamp'])
  const signature = Buffer.from(String(request.headers['telnyx-signature-ed25519']), 'base64')
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) return false
  return verify(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), key, signature)
}

function keyOf(text: string): KeyObject {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(text, 'base64')])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}
