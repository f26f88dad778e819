/** The server paces its replies to a slow client, and disconnects a client that stops reading. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { eventOf } from '../store/call-store.contract.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { testServer } from '../testing/server.ts'

const CALLS = 100
/** The size of each reply. All replies together exceed the operating system's buffers between server and client. */
const REPLY_BYTES = 200_000
const manyCalls = Array.from({ length: CALLS }, (_, index) => `v3:long-${index}`)

const limits = { backpressure: { maxBytes: 256 * 1024, maxMessages: 500, maxStallMs: 2_000 } }
/** Liveness must not disconnect the client here; liveness.test.ts covers it. */
const withoutLiveness = { ...limits, liveness: { pingIntervalMs: 500, pongTimeoutMs: 60_000 } }

/** Starts a server with long calls and connects a bare websocket that has not sent a request yet. */
async function longCalls(given: typeof withoutLiveness, { calls, bytes } = { calls: manyCalls, bytes: REPLY_BYTES }) {
  const store = memoryStore()
  for (const call of calls) {
    await store.append(call, [{ event: eventOf(`${call} begins`, { filler: 'x'.repeat(bytes) }) }])
  }
  const accepted: Socket[] = []
  const accept = (message: unknown) => accepted.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', accept)
  /** The bytes that are buffered for the client at each read of another log for it. */
  const bufferedBytes: number[] = []
  const port = () => (Reflect.get(socket, '_socket') as Socket).localPort
  const server = await testServer({
    store: {
      ...store,
      readJson: async (...of: Parameters<typeof store.readJson>) => {
        bufferedBytes.push(accepted.find(({ remotePort }) => remotePort === port())?.writableLength ?? Number.NaN)
        return store.readJson(...of)
      },
    },
    limits: given,
  })
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const received: string[] = []
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const text = String(data)
    if (text === '2') socket.send('3')
    received.push(text)
  })
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ ticket: await server.ticket({ calls: '*' }), protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(received.some((frame) => frame.startsWith('40'))).toBe(true))
  return {
    socket,
    bufferedBytes,
    watchAll: () => {
      for (const [index, call_id] of calls.entries()) socket.send(`42${index}["call:watch",{"call_id":"${call_id}"}]`)
    },
    /** The numbers of the requests whose whole reply has arrived. */
    answered: () =>
      received
        .filter((text) => /^43\d+\[\{"ok":true/.test(text) && text.length > bytes)
        .map((text) => Number(/^43(\d+)/.exec(text)?.[1])),
    /** The limit that disconnected the client, from the metrics. */
    disconnectedBy: async () =>
      /callgather_sockets_cut_total\{limit="(\w+)"\} 1/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1],
    async [Symbol.asyncDispose]() {
      unsubscribe('net.server.socket', accept)
      socket.terminate()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('backpressure on a client that watches many long calls at once', () => {
  it.each([
    ['at full speed', 0],
    ['slowly for longer than `maxStallMs`', 40],
  ])(
    'the server sends every reply to a client that reads %s, and buffers at most `maxBytes`',
    async (_, pauseMs) => {
      await using client = await longCalls(withoutLiveness)
      const { socket, bufferedBytes } = client
      if (pauseMs > 0) {
        socket.on('message', () => {
          socket.pause()
          setTimeout(() => socket.resume(), pauseMs)
        })
      }
      client.watchAll()
      await vi.waitFor(
        async () => {
          expect(await client.disconnectedBy()).toBeUndefined()
          expect(client.answered()).toHaveLength(CALLS)
        },
        { timeout: 25_000, interval: 100 },
      )
      expect(new Set(client.answered()).size).toBe(CALLS)
      expect(bufferedBytes).toHaveLength(CALLS)
      expect(Math.max(...bufferedBytes)).toBeLessThanOrEqual(limits.backpressure.maxBytes)
      expect(socket.readyState).toBe(WebSocket.OPEN)
    },
    30_000,
  )
})

describe('backpressure on a slow connection', () => {
  it('the server completes a reply that exceeds every buffer limit while the client keeps reading it', async () => {
    await using client = await longCalls(
      { ...limits, liveness: { pingIntervalMs: 500, pongTimeoutMs: 5_000 } },
      { calls: ['v3:huge'], bytes: 40_000_000 },
    )
    const { socket } = client
    const stream = Reflect.get(socket, '_socket') as Socket
    // The client reads 4 MB a second under any machine load, which takes ten seconds, two of them for system buffers.
    const startedAt = performance.now()
    let readBytes = 0
    stream.on('data', (bytes: Buffer) => {
      readBytes += bytes.length
      const aheadMs = readBytes / 4_000 - (performance.now() - startedAt)
      if (aheadMs < 1) return
      socket.pause()
      setTimeout(() => socket.resume(), aheadMs)
    })
    client.watchAll()
    await vi.waitFor(
      async () => {
        expect(await client.disconnectedBy()).toBeUndefined()
        expect(client.answered()).toEqual([0])
      },
      { timeout: 50_000, interval: 100 },
    )
  }, 60_000)
})

describe('backpressure on a client that stops reading', () => {
  it.each([
    ['age', withoutLiveness],
    [
      'silence',
      {
        ...limits,
        backpressure: { ...limits.backpressure, maxStallMs: 60_000 },
        liveness: { pingIntervalMs: 500, pongTimeoutMs: 2_000 },
      },
    ],
  ])(
    'disconnects a client that stops reading, names the exceeded limit `%s`, and reads no more logs for it',
    async (limit, given) => {
      await using client = await longCalls(given)
      client.socket.pause()
      client.watchAll()
      await vi.waitFor(async () => expect(await client.disconnectedBy()).toBe(limit), {
        timeout: 20_000,
        interval: 100,
      })
      expect(client.bufferedBytes.length).toBeLessThan(CALLS)
      expect(Math.max(...client.bufferedBytes)).toBeLessThanOrEqual(limits.backpressure.maxBytes)
    },
    25_000,
  )
})
