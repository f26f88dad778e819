/** Whoever does not read is found out, whatever it sends, though nothing waits for it. */
import { once } from 'node:events'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { testServer } from '../testing/server.ts'

type Server = Awaited<ReturnType<typeof testServer>>

const limits = { liveness: { pingIntervalMs: 50, pongTimeoutMs: 500 } }
/** For those who must not be cut off, however busy the machine of the test is. */
const patient = { liveness: { pingIntervalMs: 50, pongTimeoutMs: 15_000 } }

/** A bare websocket with a ticket, which is told nothing: it watches no call. */
async function idleClient(server: Server, options: WebSocket.ClientOptions = {}) {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, options)
  const said: string[] = []
  const pings: Buffer[] = []
  socket.on('error', () => {})
  socket.on('message', (data) => said.push(String(data)))
  socket.on('ping', (word) => pings.push(word))
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ ticket: await server.ticket(), protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(said.some((frame) => frame.startsWith('40'))).toBe(true))
  return { socket, pings, closed: new Promise<void>((resolve) => socket.once('close', () => resolve())) }
}

const cutOff = async (server: Server) =>
  /callgather_sockets_cut_total\{limit="silence"\} (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]

describe('an idle connection', () => {
  it('stays while it gives back each word it is sent, every one of them another', async () => {
    await using server = await testServer({ limits: patient })
    const { socket, pings } = await idleClient(server)
    await vi.waitFor(() => expect(pings.length).toBeGreaterThan(5), 10_000)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    expect(new Set(pings.map((word) => word.toString('hex'))).size).toBe(pings.length)
    expect(await cutOff(server)).toBeUndefined()
    socket.terminate()
  })

  it.each<[string, (socket: WebSocket) => void]>([
    ['is silent', () => {}],
    ['answers pings of the engine that nobody sent', (socket) => socket.send('3')],
    ['sends pongs of the websocket that nobody asked for', (socket) => socket.pong(Buffer.from('guessed!'))],
    ['asks again and again for what does not exist', (socket) => socket.send('42["no:such",{}]')],
  ])('is closed when it gives none back, though it %s', async (_, say) => {
    await using server = await testServer({ limits })
    const { socket, closed } = await idleClient(server, { autoPong: false })
    const talking = setInterval(() => say(socket), 20)
    await closed
    clearInterval(talking)
    expect(await cutOff(server)).toBe('1')
  })

  it('stays when it has answered in time, and the server was held up before it could read that', async () => {
    const pongTimeoutMs = 2_000
    await using server = await testServer({ limits: { liveness: { pingIntervalMs: 200, pongTimeoutMs } } })
    const { socket, pings } = await idleClient(server, { autoPong: false })
    let isHeldUp = false
    socket.on('ping', (word) => {
      socket.pong(word)
      if (isHeldUp) return
      isHeldUp = true
      // Both ends are of this process, so all of it stands still. The answer has been handed to the system.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pongTimeoutMs + 500)
    })
    await vi.waitFor(() => expect(isHeldUp).toBe(true), 10_000)
    const before = pings.length
    await vi.waitFor(() => expect(pings.length).toBeGreaterThan(before), 10_000)
    expect(await cutOff(server)).toBeUndefined()
    expect(socket.readyState).toBe(WebSocket.OPEN)
    socket.terminate()
  })

  it('is closed when it stops reading, though nothing waits for it', async () => {
    await using server = await testServer({ limits })
    const { socket } = await idleClient(server)
    socket.pause()
    const ponging = setInterval(() => socket.send('3'), 20)
    await vi.waitFor(async () => expect(await cutOff(server)).toBe('1'), 10_000)
    clearInterval(ponging)
    socket.terminate()
  })

  it('of a proper client is left alone, and closed by itself leaves nothing behind', async () => {
    await using server = await testServer({ limits: patient })
    const socket = await server.connect()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(socket.connected).toBe(true)
    socket.close()
    await vi.waitFor(async () =>
      expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('callgather_sockets 0'),
    )
    expect(await cutOff(server)).toBeUndefined()
  })
})
