/** The engine.io internals that the relay relies on, in the installed socket.io and in the oldest supported one. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Server } from 'socket.io'
import { Server as Server47 } from 'socket.io-4-7'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { bytesSent, type EngineSocket, terminate, websocketOf } from './engine-io.ts'

const options = { transports: ['websocket' as const], perMessageDeflate: false }
const versions = [
  ['the installed socket.io', (http: HttpServer) => new Server(http, options)],
  ['socket.io 4.7', (http: HttpServer) => new Server47(http, options)],
] as const

describe.each(versions)('%s', (_, serverOn) => {
  async function connected() {
    const http = createServer()
    const io = serverOn(http)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as AddressInfo
    const opened = new Promise<EngineSocket>((resolve) => {
      io.engine.on('connection', (conn: EngineSocket) => resolve(conn))
    })
    const client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`)
    client.on('error', () => {})
    await once(client, 'open')
    return {
      client,
      conn: await opened,
      async [Symbol.asyncDispose]() {
        client.terminate()
        await io.close()
      },
    }
  }

  it('engine.io exposes the websocket of a connection, whose pongs repeat the content of their pings', async () => {
    await using it = await connected()
    const websocket = websocketOf(it.conn)
    if (!websocket) throw new Error('The connection has no websocket.')
    const pong = once(websocket, 'pong')
    websocket.ping(Buffer.from('a nonce'))
    expect(String((await pong)[0])).toBe('a nonce')
  })

  it('an engine.io connection emits `packetCreate` for each packet, and `flush` and `drain` around their transport', async () => {
    await using it = await connected()
    const events: string[] = []
    it.conn.on('packetCreate', ({ data }: { data?: unknown }) => events.push(`created ${String(data)}`))
    it.conn.on('flush', (packets: readonly unknown[]) => events.push(`flushed ${packets.length}`))
    it.conn.on('drain', () => events.push('drained'))
    expect(it.conn.transport.writable).toBe(true)
    for (const text of ['a', 'b', 'c']) it.conn.write(text)
    expect(it.conn.transport.writable).toBe(false)
    expect(events).toEqual(['created a', 'flushed 1', 'drained', 'created b', 'created c'])
    await vi.waitFor(() => expect(events).toContain('flushed 2'))
    expect(events.slice(5)).toEqual(['flushed 2', 'drained'])
  })

  it('`bytesSent` shows the progress of a single large write to a client that pauses reading', async () => {
    await using it = await connected()
    const stream = it.conn.request.socket
    it.client.pause()
    const bytes = 40_000_000
    const before = bytesSent(it.conn)
    it.conn.write('x'.repeat(bytes))
    await vi.waitFor(() => expect(bytesSent(it.conn)).toBeGreaterThan(before))
    expect(stream.writableLength).toBeGreaterThanOrEqual(bytes)
    const stalled = bytesSent(it.conn)
    expect(stalled).toBeLessThan(before + bytes)
    const clientStream = Reflect.get(it.client, '_socket') as Socket
    let left = 10_000_000
    const readSome = (chunk: Buffer) => {
      left -= chunk.length
      if (left < 0) it.client.pause()
    }
    clientStream.on('data', readSome)
    it.client.resume()
    await vi.waitFor(() => expect(bytesSent(it.conn)).toBeGreaterThan(stalled))
    expect(stream.writableLength).toBeGreaterThanOrEqual(bytes)
    clientStream.off('data', readSome)
    const drained = once(stream, 'drain')
    it.client.resume()
    await drained
    expect(stream.writableLength).toBe(0)
    expect(bytesSent(it.conn)).toBeGreaterThanOrEqual(before + bytes)
  })

  it('`terminate` closes the engine.io connection of a client that does not read', async () => {
    await using it = await connected()
    it.client.pause()
    it.conn.write('x'.repeat(10_000_000))
    const closed = once(it.conn, 'close')
    terminate(it.conn)
    await closed
    expect(it.conn.request.socket.destroyed).toBe(true)
  })
})
