/**
 * A thousand agents in one process. They speak just enough of socket.io's protocol over bare websockets to be watchers
 * (engine.io 4, socket.io 5), because a thousand real clients would cost more than the server that is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { WebSocket } from 'ws'
import { serve } from './serve.ts'

export interface Crowd {
  readonly kind: 'ws' | 'socket.io' | 'callgather'
  readonly port: number
  readonly call: string
  readonly count: number
  /** Of our own server: one for all of them, or one each. */
  readonly tickets?: readonly string[]
}

/** Where a member of the crowd stands in a call's log, and what it has cost to get there. */
export interface Answer {
  readonly millis: number
  readonly bytes: number
  readonly reply: unknown
}

let sockets: WebSocket[] = []
let received = 0
let bytes = 0

export const abilities = {
  connect: async (crowd: Crowd) => {
    received = 0
    bytes = 0
    for (let begun = 0; begun < crowd.count; begun += 50) {
      const size = Math.min(50, crowd.count - begun)
      const batch = Array.from({ length: size }, (_, index) => connect(crowd, begun + index))
      sockets.push(...(await Promise.all(batch)))
    }
  },
  received: () => ({ received, bytes }),
  reset: () => {
    received = 0
    bytes = 0
  },
  /** Waits until so many messages have come, in all. */
  wait: async (count: number) => {
    for (let tries = 0; received < count && tries < 1000; tries++) await sleep(10)
    return received
  },
  /** One socket asks for a call from a cursor, and says how long the answer took and how big it was. */
  ask: async ({ crowd, cursor }: { crowd: Crowd; cursor?: { epoch: string; seq: number } }): Promise<Answer> => {
    const socket = await open(crowd, 0)
    const answer = await request(socket, 7, ['call:watch', { call_id: crowd.call, ...(cursor ? { cursor } : {}) }])
    socket.terminate()
    return answer
  },
  close: async () => {
    for (const socket of sockets) socket.terminate()
    sockets = []
    await sleep(200)
  },
}
serve(abilities)

async function connect(crowd: Crowd, index: number): Promise<WebSocket> {
  const socket = await open(crowd, index)
  if (crowd.kind === 'callgather') await request(socket, 1, ['call:watch', { call_id: crowd.call }])
  if (crowd.kind === 'socket.io') await request(socket, 1, ['watch', crowd.call])
  socket.on('message', (data: Buffer) => {
    // `2` is a ping; `call:head` is a beacon. Neither was asked for.
    if (data.length === 1) return
    if (data.subarray(0, 14).toString() === '42["call:head"') return
    received += 1
    bytes += data.length
  })
  return socket
}

/** A connection that is answered: for socket.io, joined to the main namespace. */
async function open({ kind, port, tickets = [] }: Crowd, index: number): Promise<WebSocket> {
  const base = kind === 'callgather' ? '/callgather' : ''
  const path = kind === 'ws' ? '/' : `${base}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false })
  // Listened for from the start: the server speaks first, perhaps in the same breath in which it opens.
  const greeted = kind === 'ws' ? null : next(socket, (text) => text.startsWith('0'))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  if (!greeted) return socket
  const ticket = tickets[index % tickets.length]
  await greeted
  socket.send(kind === 'callgather' ? `40${JSON.stringify({ ticket, protocol: PROTOCOL_VERSION })}` : '40')
  const answer = await next(socket, (text) => text.startsWith('4'))
  if (!answer.startsWith('40')) throw new Error(`The server would not have us: ${answer}`)
  socket.on('message', (data: Buffer) => {
    if (data.length === 1 && data[0] === 0x32) socket.send('3')
  })
  return socket
}

/** Sends an event with an acknowledgement, and waits for that. */
async function request(socket: WebSocket, id: number, packet: readonly unknown[]): Promise<Answer> {
  const began = performance.now()
  const answered = next(socket, (text) => text.startsWith(`43${id}`))
  socket.send(`42${id}${JSON.stringify(packet)}`)
  const text = await answered
  const millis = performance.now() - began
  const size = Buffer.byteLength(text)
  // Of a long answer only the head is of interest, and parsing it all would take longer than getting it.
  return { millis, bytes: size, reply: size < 100_000 ? JSON.parse(text.slice(`43${id}`.length)) : null }
}

function next(socket: WebSocket, isIt: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('The server did not answer within 30 s.')), 30_000)
    const hear = (data: Buffer) => {
      const text = data.toString()
      if (!isIt(text)) return
      clearTimeout(late)
      socket.off('message', hear)
      resolve(text)
    }
    socket.on('message', hear)
  })
}
