/** What the edge of the server refuses, bounds and reports: origins, bodies, rates, options. */
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { Signer, telnyxLogOf, webhookOf } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { asyncLog } from '../base/log.ts'
import { BodyBudget, readBody } from '../edge/body.ts'
import { isSendable } from '../edge/message.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, SECRET, testServer } from '../testing/server.ts'
import { createGatherServer } from './create-gather-server.ts'
import { readLimits } from './settings.ts'

const metricsOf = async (url: string) => (await fetch(`${url}/metrics`)).text()

function collector() {
  const lines: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  return { lines, logger }
}

describe('a page of an origin that is not allowed', () => {
  it('is reported once for HTTP and sockets, with the origin and the setting, and each refusal is counted', async () => {
    const { lines, logger } = collector()
    await using server = await testServer({ logger })
    const headers = { origin: 'https://console.example.com' }
    for (let count = 0; count < 3; count++) {
      const answer = await fetch(`${server.url}/calls`, { method: 'OPTIONS', headers })
      expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('origin is not allowed')])
    }
    await expect(server.connect({}, headers)).rejects.toThrow()
    const warnings = lines.filter((line) => line.includes('https://console.example.com'))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('CALLGATHER_ALLOWED_ORIGINS')
    const metrics = await metricsOf(server.url)
    expect(metrics).toContain('callgather_refused_origins_total{transport="http"} 3')
    expect(metrics).toContain('callgather_refused_origins_total{transport="socket"} 1')
  })
})

describe('the webhook route', () => {
  it('refuses missing, malformed and stale signature headers before it reads the body', async () => {
    await using server = await testServer()
    const { headers } = server.signer.sign(
      webhookOf('call.answered', { call_control_id: CALL }),
      Date.now() - 3_600_000,
    )
    const openBody = vi.fn(() => null)
    for (const given of [{}, { ...headers, 'telnyx-signature-ed25519': 'x' }, headers]) {
      const { status } = await server.gather.answer({
        method: 'POST',
        path: '/webhooks',
        query: new URLSearchParams(),
        header: (name) => [Reflect.get(given, name)].filter((value) => value !== undefined),
        openBody,
        address: undefined,
      })
      expect(status).toBe(401)
    }
    expect(openBody).not.toHaveBeenCalled()
  })

  it('counts a body whose connection closes, and logs no error for it', async () => {
    const { lines, logger } = collector()
    await using server = await testServer({ logger })
    const { headers } = server.signer.sign('x')
    const { port } = new URL(server.url)
    for (let count = 0; count < 5; count++) {
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      const named = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.write(`POST /callgather/webhooks HTTP/1.1\r\nhost: x\r\n${named.join('')}content-length: 100\r\n\r\nhalf`)
      socket.destroySoon()
    }
    await vi.waitFor(async () => expect(await metricsOf(server.url)).toContain('callgather_aborted_bodies_total 5'))
    expect(lines.filter((line) => line.includes('"level":50'))).toEqual([])
  })
})

/** A body of so many bytes that ends only when `end` is called, or when it is cancelled. */
function slowBody(bytes: number) {
  const events = new EventEmitter()
  const body = {
    forEachChunk: async (take: (chunk: Uint8Array) => void) => {
      take(new Uint8Array(bytes))
      await once(events, 'end')
    },
    contentLength: undefined,
    cancel: () => void events.emit('end'),
  }
  return { body, end: body.cancel }
}

describe('the budget of bodies', () => {
  it('holds the bytes of a body until its request is answered', async () => {
    const budget = new BodyBudget(1_000)
    const share = budget.open('a')
    const { body, end } = slowBody(100)
    const read = readBody(body, 500, share)
    await Promise.resolve()
    end()
    await read
    expect(budget.used).toBe(100)
    share.close()
    share.close()
    expect(budget.used).toBe(0)
  })

  it('keeps a reserve for addresses of verified webhooks, and bounds every other address', async () => {
    const budget = new BodyBudget(1_000)
    const reads = ['a', 'b', 'c'].map((address) => readBody(slowBody(250).body, 500, budget.open(address)))
    for (const read of reads) read.catch(() => {})
    await expect(readBody(slowBody(1).body, 500, budget.open('a'))).rejects.toMatchObject({ status: 503 })
    await expect(readBody(slowBody(1).body, 500, budget.open('d'))).rejects.toMatchObject({ status: 503 })
    budget.markProven('telnyx')
    const { body, end } = slowBody(200)
    const genuine = readBody(body, 500, budget.open('telnyx'))
    end()
    expect((await genuine).length).toBe(200)
  })

  it('gives up the slowest body when a new one of the same address needs its room', async () => {
    let now = 0
    const budget = new BodyBudget(1_000, () => now)
    const slow = readBody(slowBody(250).body, 500, budget.open('proxy'))
    slow.catch(() => {})
    now += 1_000
    const { body, end } = slowBody(200)
    const genuine = readBody(body, 500, budget.open('proxy'))
    await expect(slow).rejects.toMatchObject({ name: 'BodyAbortedError' })
    end()
    expect((await genuine).length).toBe(200)
  })
})

describe('bodies of one address', () => {
  it('give up the slowest when there are as many as may be', async () => {
    let now = 0
    const budget = new BodyBudget(1_000_000, () => now)
    const slow = Array.from({ length: 1_000 }, () => readBody(slowBody(1).body, 500, budget.open('proxy')))
    for (const each of slow) each.catch(() => {})
    await expect(readBody(slowBody(1).body, 500, budget.open('proxy'))).rejects.toMatchObject({ status: 503 })
    now += 1_000
    const { body, end } = slowBody(200)
    const genuine = readBody(body, 500, budget.open('proxy'))
    await expect(slow[0]).rejects.toMatchObject({ name: 'BodyAbortedError' })
    end()
    expect((await genuine).length).toBe(200)
  })
})

describe('an answer', () => {
  it.each([['a\r\nb'], ['line\u2028'], ['é€'], ['\u0000']])('with the header %j is not sent', (value) => {
    expect(isSendable({ status: 200, headers: { 'x-command-id': value } })).toBe(false)
  })
})

describe('a log whose reader stalls', () => {
  it('drops and counts lines past its bound, and says so when it continues', () => {
    const written: string[] = []
    const held: (() => void)[] = []
    const stream = new Writable({
      write(chunk, _, done) {
        written.push(String(chunk))
        held.push(done)
      },
    })
    const log = asyncLog('info', stream)
    for (let count = 0; count < 3_000; count++) log.logger.info({}, 'x'.repeat(1_000))
    expect(log.dropped()).toBeGreaterThan(1_000)
    expect(stream.writableLength).toBeLessThanOrEqual(1024 * 1024)
    const dropped = log.dropped()
    while (stream.writableLength > 0) for (const done of held.splice(0)) done()
    log.logger.info({}, 'again')
    while (stream.writableLength > 0) for (const done of held.splice(0)) done()
    expect(written.slice(-2).join()).toMatch(new RegExp(`"dropped":${dropped}.*again`, 's'))
  })
})

describe('limits', () => {
  it('have their defaults where they are undefined, at every depth', () => {
    const given = {
      maxConnections: undefined,
      backpressure: { maxBytes: undefined },
      rates: { reads: { burst: undefined }, exports: undefined },
    }
    expect(readLimits(given)).toEqual(readLimits())
  })

  it.each([
    [{ maxConnections: 0 }, 'limits.maxConnections'],
    [{ handshakeBurst: Number.NaN }, 'limits.handshakeBurst'],
    [{ liveness: { pingIntervalMs: Number.POSITIVE_INFINITY } }, 'limits.liveness.pingIntervalMs'],
  ])('refuse %j by name', (given, name) => {
    expect(() => readLimits(given)).toThrow(name)
  })
})

it('refuses a misspelt limit by name', () => {
  const given: object = { maxConection: 5 }
  expect(() => readLimits(given)).toThrow('limits.maxConection')
})

describe('options', () => {
  const good = { store: memoryStore(), tickets: { secret: SECRET }, reconcile: false as const }
  const telnyx = { apiKey: 'KEY-test', publicKey: new Signer().publicKey }
  it.each([
    ['basePath', { basePath: '/../x' }],
    ['basePath', { basePath: '/a/./b' }],
    ['retentionHours', { retentionHours: Number.POSITIVE_INFINITY }],
    ['callbackDeadlineMs', { callbackDeadlineMs: 0 }],
    ['connectionIds', { telnyx: { ...telnyx, connectionIds: [] } }],
  ])('refuse an impossible %s', (name, options) => {
    expect(() => createGatherServer({ ...good, telnyx, ...options })).toThrow(name)
  })
})

describe('rates of a subject', () => {
  it('refuse reads that come too fast with 429, and never webhooks', async () => {
    await using server = await testServer({ limits: { rates: { reads: { perSecond: 0.01, burst: 3 } } } })
    await server.webhook('call.answered')
    const headers = { authorization: `Bearer ${await server.ticket()}` }
    const statuses: number[] = []
    for (let count = 0; count < 5; count++) statuses.push((await fetch(`${server.url}/calls`, { headers })).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    for (let count = 0; count < 5; count++) expect((await server.webhook('call.hold')).status).toBe(200)
  })

  it('refuse further attempts at calls that are denied', async () => {
    await using server = await testServer({ limits: { rates: { denied: { perSecond: 0.01, burst: 2 } } } })
    const headers = { authorization: `Bearer ${await server.ticket()}` }
    const statuses: number[] = []
    for (let count = 0; count < 4; count++)
      statuses.push((await fetch(`${server.url}/calls/v3:other`, { headers })).status)
    expect(statuses).toEqual([404, 404, 429, 429])
  })
})

describe('a handler', () => {
  it('is not called for fetched events that are older than the start, unless it asks for them', async () => {
    const store = memoryStore()
    const signer = new Signer()
    const telnyx = { apiKey: 'KEY-test', publicKey: signer.publicKey }
    const before = webhookOf(
      'call.answered',
      { call_control_id: CALL },
      { at: new Date(Date.now() - 60_000).toISOString() },
    )
    await using server = await testServer({ store, telnyx })
    const [byDefault, replayed] = [vi.fn(), vi.fn()]
    server.gather.on('call.answered', byDefault)
    server.gather.on('call.answered', replayed, { replayed: true })
    server.upstream.behaviours.push(...telnyxLogOf(before))
    expect(await server.gather.reconcile()).toMatchObject({ fetched: 1 })
    await vi.waitFor(() =>
      expect(replayed).toHaveBeenCalledWith(expect.anything(), expect.anything(), { isReplayed: true }),
    )
    expect(byDefault).not.toHaveBeenCalled()
    await server.post(signer.sign(webhookOf('call.answered', { call_control_id: CALL })))
    await vi.waitFor(() => expect(byDefault).toHaveBeenCalledTimes(1))
    expect(byDefault).toHaveBeenCalledWith(expect.anything(), expect.anything(), { isReplayed: false })
  })
})
