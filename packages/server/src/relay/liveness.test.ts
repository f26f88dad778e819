/** Liveness detects a client that does not read, whatever it sends and even if nothing is buffered for it. */
import { once } from 'node:events'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { testServer } from '../testing/server.ts'

type Server = Awaited<ReturnType<typeof testServer>>

const limits = { liveness: { pingIntervalMs: 50, pongTimeoutMs: 500 } }
/** Liveness limits for clients that must stay connected even on a busy test machine. */
const longTimeout = { liveness: { pingIntervalMs: 50, pongTimeoutMs: 15_000 } }

/** Connects a bare websocket with a ticket. It watches no call, so it receives pings only. */
async function idleClient(server: Server, options: WebSocket.ClientOptions = {}) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, options)
  const received: string[] = []
  const pings: Buffer[] = []
  socket.on('error', () => {})
  socket.on('message', (data) => received.push(String(data)))
  socket.on('ping', (nonce) => pings.push(nonce))
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ ticket: await server.ticket(), protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(received.some((frame) => frame.startsWith('40'))).toBe(true))
  return { socket, pings, closed: new Promise<void>((resolve) => socket.once('close', () => resolve())) }
}

/** Returns from the metrics how many clients were disconnected because they answered no ping. */
const disconnects = async (server: Server) =>
  /callgather_sockets_cut_total\{limit="silence"\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]

describe('liveness', () => {
  it('keeps an idle client connected while it answers pings, and sends each ping with a new nonce', async () => {
    await using server = await testServer({ limits: longTimeout })
    const { socket, pings } = await idleClient(server)
    await vi.waitFor(() => expect(pings.length).toBeGreaterThan(5), 10_000)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    expect(new Set(pings.map((nonce) => nonce.toString('hex'))).size).toBe(pings.length)
    expect(await disconnects(server)).toBeUndefined()
    socket.terminate()
  })

  it.each<[string, (socket: WebSocket) => void]>([
    ['sends nothing', () => {}],
    ['sends unsolicited engine pongs', (socket) => socket.send('3')],
    ['sends unsolicited websocket pongs', (socket) => socket.pong(Buffer.from('guessed!'))],
    ['sends unknown events', (socket) => socket.send('42["no:such",{}]')],
  ])('disconnects a client that answers no ping and otherwise %s', async (_, say) => {
    await using server = await testServer({ limits })
    const { socket, closed } = await idleClient(server, { autoPong: false })
    const talking = setInterval(() => say(socket), 20)
    await closed
    clearInterval(talking)
    expect(await disconnects(server)).toBe('1')
  })

  it('keeps a client connected whose pong arrived in time while the event loop was blocked', async () => {
    const pongTimeoutMs = 2_000
    await using server = await testServer({ limits: { liveness: { pingIntervalMs: 200, pongTimeoutMs } } })
    const { socket, pings } = await idleClient(server, { autoPong: false })
    let wasBlocked = false
    socket.on('ping', (word) => {
      socket.pong(word)
      if (wasBlocked) return
      wasBlocked = true
      // Block client and server, which share this process. The operating system already has the pong.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pongTimeoutMs + 500)
    })
    await vi.waitFor(() => expect(wasBlocked).toBe(true), 10_000)
    const before = pings.length
    await vi.waitFor(() => expect(pings.length).toBeGreaterThan(before), 10_000)
    expect(await disconnects(server)).toBeUndefined()
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
  })

  it('disconnects a client that stops reading, even if nothing is buffered for it', async () => {
    await using server = await testServer({ limits })
    const { socket } = await idleClient(server)
    socket.pause()
    const ponging = setInterval(() => socket.send('3'), 20)
    await vi.waitFor(async () => expect(await disconnects(server)).toBe('1'), 10_000)
    clearInterval(ponging)
    socket.terminate()
  })

  it('never disconnects a socket.io client that answers pings, and frees its connection when the client closes it', async () => {
    await using server = await testServer({ limits: longTimeout })
    const socket = await server.connect()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(socket.connected).toBe(true)
    socket.close()
    await vi.waitFor(async () =>
      expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('callgather_sockets 0'),
    )
    expect(await disconnects(server)).toBeUndefined()
  })
})
