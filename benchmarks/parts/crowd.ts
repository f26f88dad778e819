/** Runs a thousand watchers of one call in one process, which only count messages. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import { serve } from './serve.ts'

export interface Crowd {
  readonly kind: 'ws' | 'socket.io' | 'callgather'
  readonly port: number
  readonly call: string
  readonly count: number
  /** Shared out among them. */
  readonly tickets: readonly string[]
}

let closers: (() => unknown)[] = []
let received = 0
let bytes = 0

export const abilities = {
  connect: async (crowd: Crowd) => {
    for (let begun = 0; begun < crowd.count; begun += 50) {
      const batch = Array.from({ length: Math.min(50, crowd.count - begun) }, (_, nth) => connect(crowd, begun + nth))
      closers.push(...(await Promise.all(batch)))
    }
    received = 0
    bytes = 0
  },
  /** Waits for `count` messages since the last reset, resets, and returns their bytes. */
  take: async (count: number): Promise<number> => {
    for (let tries = 0; received < count && tries < 1000; tries++) await sleep(10)
    if (received < count) throw new Error(`Received only ${received} of ${count} messages.`)
    const taken = bytes
    received = 0
    bytes = 0
    return taken
  },
  close: async () => {
    for (const close of closers) close()
    closers = []
    await sleep(200)
  },
}
serve(abilities)

const connect = (crowd: Crowd, nth: number) => (crowd.kind === 'ws' ? connectRaw(crowd) : connectRoom(crowd, nth))

function note(message: string | Buffer): void {
  received += 1
  bytes += Buffer.byteLength(message)
}

async function connectRaw({ port }: Crowd): Promise<() => unknown> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  socket.on('message', note)
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return () => socket.terminate()
}

async function connectRoom({ kind, port, call, tickets }: Crowd, nth: number): Promise<() => unknown> {
  const isOurs = kind === 'callgather'
  const ticket = tickets[nth % tickets.length]
  const socket = io(`http://127.0.0.1:${port}`, {
    ...(isOurs ? { path: '/callgather/socket.io', auth: { ticket, protocol: PROTOCOL_VERSION } } : {}),
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('connect_error', reject)
  })
  const event = isOurs ? 'call:event' : 'webhook'
  const isIt = (data: unknown): data is string => typeof data === 'string' && data.startsWith(`2["${event}"`)
  // The packet type adds one character.
  socket.io.engine.on('packet', ({ data }) => isIt(data) && note(`4${data}`))
  const request: [string, unknown] = isOurs ? ['call:watch', { call_id: call }] : ['watch', call]
  const reply: unknown = await socket.timeout(30_000).emitWithAck(...request)
  if (isOurs && !(reply as { ok: boolean }).ok) throw new Error(`The watch was refused: ${JSON.stringify(reply)}`)
  return () => socket.close()
}
