/** Whoever reads slowly is served at its pace, whatever it asked for at once; whoever has stopped is cut off. */
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
/** All of them together are more than the buffers of the system hold between the two ends. */
const ANSWER_BYTES = 200_000
const manyCalls = Array.from({ length: CALLS }, (_, index) => `v3:long-${index}`)

const limits = { backpressure: { maxBytes: 256 * 1024, maxMessages: 500, maxStallMs: 2_000 } }
/** Proof of reading is the matter of another test. */
const patient = { ...limits, liveness: { pingIntervalMs: 500, pongTimeoutMs: 60_000 } }

/** A server with long calls, and a bare websocket that has not asked for anything yet. */
async function longCalls(given: typeof patient, { calls, bytes } = { calls: manyCalls, bytes: ANSWER_BYTES }) {
  const store = memoryStore()
  for (const call of calls) {
    await store.append(call, [{ event: eventOf(`${call} begins`, { filler: 'x'.repeat(bytes) }) }])
  }
  const accepted: Socket[] = []
  const accept = (message: unknown) => accepted.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', accept)
  /** What waits in this process for the client whenever another log is read for it. */
  const waiting: number[] = []
  const port = () => (Reflect.get(socket, '_socket') as Socket).localPort
  const server = await testServer({
    store: {
      ...store,
      readJson: async (...of: Parameters<typeof store.readJson>) => {
        waiting.push(accepted.find(({ remotePort }) => remotePort === port())?.writableLength ?? Number.NaN)
        return store.readJson(...of)
      },
    },
    limits: given,
  })
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  const said: string[] = []
  socket.on('error', () => {})
  socket.on('message', (data) => {
    const text = String(data)
    if (text === '2') socket.send('3')
    said.push(text)
  })
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ ticket: await server.ticket({ calls: '*' }), protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(said.some((frame) => frame.startsWith('40'))).toBe(true))
  return {
    socket,
    waiting,
    watchAll: () => {
      for (const [index, call_id] of calls.entries()) socket.send(`42${index}["call:watch",{"call_id":"${call_id}"}]`)
    },
    /** The numbers of the requests that were answered in full. */
    answered: () =>
      said
        .filter((text) => /^43\d+\[\{"ok":true/.test(text) && text.length > bytes)
        .map((text) => Number(/^43(\d+)/.exec(text)?.[1])),
    cut: async () =>
      /callgather_sockets_cut_total\{limit="(\w+)"\} 1/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1],
    async [Symbol.asyncDispose]() {
      unsubscribe('net.server.socket', accept)
      socket.terminate()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('a client that reads slowly, and asked for many long calls at once', () => {
  it.each([
    ['and then reads as fast as it can', 0],
    ['and goes on for longer than anything may wait without progress', 40],
  ])(
    'is told all of them %s, and hardly more than one waits for it',
    async (_, pauseMillis) => {
      await using client = await longCalls(patient)
      const { socket, waiting } = client
      if (pauseMillis > 0) {
        socket.on('message', () => {
          socket.pause()
          setTimeout(() => socket.resume(), pauseMillis)
        })
      }
      client.watchAll()
      await vi.waitFor(
        async () => {
          expect(await client.cut()).toBeUndefined()
          expect(client.answered()).toHaveLength(CALLS)
        },
        { timeout: 25_000, interval: 100 },
      )
      expect(new Set(client.answered()).size).toBe(CALLS)
      expect(waiting).toHaveLength(CALLS)
      // Whoever has room is told another: so when a log is read, no more waits than the limit.
      expect(Math.max(...waiting)).toBeLessThanOrEqual(limits.backpressure.maxBytes)
      expect(socket.readyState).toBe(WebSocket.OPEN)
    },
    30_000,
  )
})

describe('a client on a slow line, and one answer longer than all limits', () => {
  it('is told it, since it takes some of it all the time', async () => {
    await using client = await longCalls(
      { ...limits, liveness: { pingIntervalMs: 500, pongTimeoutMs: 5_000 } },
      { calls: ['v3:huge'], bytes: 40_000_000 },
    )
    const { socket } = client
    const line = Reflect.get(socket, '_socket') as Socket
    // At a rate, whatever the load of the machine is: ten seconds in all, of which what the system holds takes two.
    const began = performance.now()
    let read = 0
    line.on('data', (bytes: Buffer) => {
      read += bytes.length
      const aheadMillis = read / 4_000 - (performance.now() - began)
      if (aheadMillis < 1) return
      socket.pause()
      setTimeout(() => socket.resume(), aheadMillis)
    })
    client.watchAll()
    await vi.waitFor(
      async () => {
        expect(await client.cut()).toBeUndefined()
        expect(client.answered()).toEqual([0])
      },
      { timeout: 50_000, interval: 100 },
    )
  }, 60_000)
})

describe('a client that stops reading amid the answers', () => {
  it.each([
    ['age', patient],
    [
      'silence',
      {
        ...limits,
        backpressure: { ...limits.backpressure, maxStallMs: 60_000 },
        liveness: { pingIntervalMs: 500, pongTimeoutMs: 2_000 },
      },
    ],
  ])(
    'is cut off, for %s, and no more is read for it meanwhile',
    async (why, given) => {
      await using client = await longCalls(given)
      client.socket.pause()
      client.watchAll()
      await vi.waitFor(async () => expect(await client.cut()).toBe(why), { timeout: 20_000, interval: 100 })
      expect(client.waiting.length).toBeLessThan(CALLS)
      expect(Math.max(...client.waiting)).toBeLessThanOrEqual(limits.backpressure.maxBytes)
    },
    25_000,
  )
})
