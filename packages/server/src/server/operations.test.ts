import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import { PROTOCOL_VERSION } from '@callgather/protocol'
import { reconciliationReplies, Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { startServer } from '../testing/program.ts'
import { CALL, SECRET, testServer, watch } from '../testing/server.ts'

describe('health and metrics', () => {
  it('reports liveness, readiness and traffic through /healthz, /readyz and /metrics', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    const get = async (path: string) => {
      const answer = await fetch(server.url + path)
      return [answer.status, await answer.text()] as const
    }
    expect(await get('/healthz')).toEqual([200, '{"status":"ok"}'])
    expect(await get('/readyz')).toEqual([200, '{"status":"ready"}'])
    await server.webhook('call.answered', {}, { id: 'same' })
    await server.webhook('call.answered', {}, { id: 'same', at: new Date(Date.now() + 1000).toISOString() })
    await server.post({ headers: {}, body: Buffer.from('{}') })
    await server.command('gather', {})
    await watch(await server.connect())
    const [status, text] = await get('/metrics')
    expect(status).toBe(200)
    expect(text).toContain('callgather_webhooks_total{outcome="appended"} 1')
    expect(text).toContain('callgather_webhooks_total{outcome="conflict"} 1')
    expect(text).toContain('callgather_webhooks_total{outcome="unverified"} 1')
    expect(text).toMatch(/callgather_command_seconds_count\{command="gather",outcome="accepted"\} 1/)
    expect(text).toContain('callgather_sockets 1')
    expect(text).not.toContain(CALL)
    vi.spyOn(store, 'ping').mockRejectedValue(new StoreUnavailableError('down'))
    await vi.waitFor(async () => expect((await get('/readyz'))[0]).toBe(503))
    expect((await get('/healthz'))[0]).toBe(200)
  })
})

describe('public keys of Telnyx', () => {
  it('replaces the public keys of a running server without rejecting a genuine webhook', async () => {
    const next = new Signer()
    await using server = await testServer()
    const send = async (signer: Signer) =>
      (await server.post(signer.sign(webhookOf('call.hold', { call_control_id: CALL })))).status
    expect([await send(server.signer), await send(next)]).toEqual([200, 401])
    server.gather.setPublicKeys([server.signer.publicKey, next.publicKey])
    expect([await send(server.signer), await send(next)]).toEqual([200, 200])
    server.gather.setPublicKeys(next.publicKey)
    expect([await send(server.signer), await send(next)]).toEqual([401, 200])
    expect(() => server.gather.setPublicKeys([])).toThrow('public key is required')
    expect(await send(next)).toBe(200)
  })
})

describe('an expired public key of Telnyx', () => {
  it('reports the server as not ready when the last public key expires, until a new key is set', async () => {
    let now = Date.now()
    const lines: string[] = []
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const signer = new Signer()
    const publicKey = [{ key: signer.publicKey, notAfter: new Date(now + 60_000) }]
    const logger = pino({ level: 'warn' }, stream)
    await using server = await testServer({ now: () => now, logger, telnyx: { apiKey: 'KEY-test', publicKey } })
    const send = async () =>
      (await server.post(signer.sign(webhookOf('call.hold', { call_control_id: CALL }), now))).status
    const ready = async () => {
      const answer = await fetch(`${server.url}/readyz`)
      return `${answer.status} ${await answer.text()}`
    }
    const metrics = async () => (await fetch(`${server.url}/metrics`)).text()
    expect([await send(), await ready()]).toEqual([200, '200 {"status":"ready"}'])
    expect(await metrics()).toContain('callgather_public_keys 1')
    now += 62_000
    expect([await send(), await ready()]).toEqual([401, '503 {"status":"no public key in force"}'])
    expect(await metrics()).toContain('callgather_public_keys 0')
    expect(lines.some((line) => line.includes('"level":50') && line.includes('setPublicKeys'))).toBe(true)
    expect(() => server.gather.setPublicKeys(publicKey)).toThrow('has expired')
    server.gather.setPublicKeys([...publicKey, signer.publicKey])
    expect([await send(), await ready()]).toEqual([200, '200 {"status":"ready"}'])
  })
})

describe('webhooks of another connection', () => {
  it('counts webhooks of an unconfigured Telnyx connection, and fetches their events once it is configured', async () => {
    const store = memoryStore()
    const signer = new Signer()
    const telnyx = { apiKey: 'KEY-test', publicKey: signer.publicKey }
    const webhook = webhookOf('call.answered', { call_control_id: CALL })
    {
      await using server = await testServer({ store, telnyx: { ...telnyx, connectionIds: ['2'] } })
      expect((await server.post(signer.sign(webhook))).status).toBe(200)
      const text = await (await fetch(`${server.url}/metrics`)).text()
      expect(text).toContain('callgather_webhooks_total{outcome="foreign"} 1')
      expect(await store.head(CALL)).toBeNull()
      vi.spyOn(store, 'close').mockResolvedValueOnce()
    }
    await using server = await testServer({ store, telnyx: { ...telnyx, connectionIds: ['1', '2'] } })
    server.upstream.replies.push(...reconciliationReplies(webhook))
    const since = Date.parse('2026-11-22T10:41:00Z')
    expect(await server.gather.reconcile({ since })).toMatchObject({ fetched: 1 })
    const { path } = server.upstream.received[1] ?? {}
    expect(decodeURIComponent(path ?? '')).toContain('occurred_at][gte]=2026-11-22T10:41:00.000Z')
    expect(await store.head(CALL)).toMatchObject({ seq: 1 })
  })
})

describe('backpressure', () => {
  for (const pongs of [false, true]) {
    it(`disconnects a client that does not read${pongs ? ' but sends unsolicited pongs' : ' without delaying other clients'}, and resumes that client without loss`, async () => {
      await using server = await testServer({
        limits: { backpressure: { maxBytes: 256 * 1024, maxMessages: 500, maxStallMs: 2000 } },
      })
      await server.webhook('call.answered')
      const healthy = await server.connect()
      const { frames } = await watch(healthy)
      const stalled = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
      await new Promise((resolve) => stalled.once('open', resolve))
      stalled.send(`40${JSON.stringify({ ticket: await server.ticket(), protocol: PROTOCOL_VERSION })}`)
      await vi.waitFor(async () =>
        expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('callgather_sockets 2'),
      )
      stalled.send(`420["call:watch",{"call_id":"${CALL}"}]`)
      await new Promise((resolve) => setTimeout(resolve, 100))
      stalled.pause()
      const ponging = pongs ? setInterval(() => stalled.send('3'), 50) : undefined
      const filler = 'x'.repeat(60_000)
      const since = Date.now()
      let sent = 0
      for (; sent < 400; sent++) {
        await server.webhook('call.telepathy.received', { filler })
        const text = await (await fetch(`${server.url}/metrics`)).text()
        if (/callgather_sockets_cut_total\{limit="\w+"\} 1/.test(text)) break
      }
      clearInterval(ponging)
      expect(sent).toBeLessThan(400)
      expect(Date.now() - since).toBeLessThan(10_000)
      await vi.waitFor(() => expect(frames.flatMap(({ records }) => records).length).toBe(sent + 1))
      expect(healthy.connected).toBe(true)
      stalled.terminate()
      const { reply } = await watch(await server.connect())
      expect(reply.ok && reply.records.length).toBe(sent + 2)
    }, 30_000)
  }
})

describe('shutdown', () => {
  it('a closing server finishes requests in flight, refuses new requests, disconnects sockets and exits', async () => {
    const signer = new Signer()
    const folder = mkdtempSync(join(tmpdir(), 'callgather-drain-'))
    const slow = createServer((_, response) => {
      setTimeout(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"result":"ok"}}'),
        500,
      )
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    const { port } = slow.address() as { port: number }
    const running = await startServer({
      PORT: '0',
      TELNYX_API_KEY: 'KEY-test',
      TELNYX_PUBLIC_KEY: signer.publicKey,
      TELNYX_BASE_URL: `http://127.0.0.1:${port}/v2`,
      CALLGATHER_TICKET_SECRET: SECRET,
      CALLGATHER_STORE: `file:${join(folder, 'calls.db')}`,
    })
    const { headers, body } = signer.sign(webhookOf('call.answered', { call_control_id: CALL }))
    expect((await fetch(running.ready.webhooks, { method: 'POST', headers, body: new Uint8Array(body) })).status).toBe(
      200,
    )
    const { createTickets } = await import('../access/tickets.ts')
    const ticket = await createTickets(SECRET).issue({ subject: 'a', calls: '*', scopes: ['view', 'gather'] })
    const command = fetch(`${running.ready.url}/v2/calls/${CALL}/actions/gather`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ticket}` },
      body: '{}',
    })
    await new Promise((resolve) => setTimeout(resolve, 150))
    const since = Date.now()
    const ended = running.end('SIGTERM')
    expect((await command).status).toBe(200)
    expect(await ended).toBe(0)
    expect(Date.now() - since).toBeLessThan(10_000)
    slow.closeAllConnections()
    slow.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('closes HTTP connections that send headers or bodies too slowly', async () => {
    const running = await startServer({
      PORT: '0',
      TELNYX_API_KEY: 'KEY-test',
      TELNYX_PUBLIC_KEY: new Signer().publicKey,
      CALLGATHER_TICKET_SECRET: SECRET,
      CALLGATHER_STORE: 'memory:',
    })
    const { port } = new URL(running.ready.url)
    const since = Date.now()
    const closings = [
      'POST /callgather/webhooks HTTP/1.1\r\nhost: x\r\n',
      'POST /callgather/webhooks HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nslow',
    ].map(
      (text) =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
          socket.on('error', () => {})
          socket.on('close', () => resolve())
          socket.resume()
        }),
    )
    await Promise.all(closings)
    expect(Date.now() - since).toBeLessThan(10_000)
    expect((await fetch(running.ready.url.replace('/callgather', '/callgather/healthz'))).status).toBe(200)
    await running.end('SIGTERM')
  }, 30_000)
})

describe('installed packages', () => {
  const require = createRequire(import.meta.url)
  const installed = (name: string, from: string): string => {
    let folder = dirname(createRequire(from).resolve(name))
    for (;;) {
      try {
        const { name: found, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
          name?: string
          version?: string
        }
        if (found === name && version) return version
      } catch {}
      folder = dirname(folder)
    }
  }
  const atLeast = (version: string, floor: string) => {
    const [one, other] = [version, floor].map((text) => text.split('.').map(Number))
    for (let part = 0; part < 3; part++) {
      const difference = (one?.[part] ?? 0) - (other?.[part] ?? 0)
      if (difference !== 0) return difference > 0
    }
    return true
  }
  it('installs socket.io and its dependencies above the versions with known vulnerabilities', () => {
    const socketIo = require.resolve('socket.io')
    const engine = createRequire(socketIo).resolve('engine.io')
    const versions = {
      'socket.io': installed('socket.io', import.meta.url),
      'engine.io': installed('engine.io', socketIo),
      'socket.io-parser': installed('socket.io-parser', socketIo),
      ws: installed('ws', engine),
    }
    const floors = { 'socket.io': '4.8.4', 'engine.io': '6.6.10', 'socket.io-parser': '4.2.6', ws: '8.21.0' }
    for (const [name, floor] of Object.entries(floors)) {
      const version = versions[name as keyof typeof versions]
      expect(`${name} ${version} ${atLeast(version, floor) ? 'is' : 'is not'} at least ${floor}`).toBe(
        `${name} ${version} is at least ${floor}`,
      )
    }
  })
})
