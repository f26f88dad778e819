/** The limits at the edge of the server: origins, bodies, rates, options. */
import { EventEmitter, once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { reconciliationReplies, Signer, webhookOf } from '@callgather/test-kit/telnyx'
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

describe('a disallowed origin', () => {
  it('logs a disallowed origin once with the setting to change, and counts every refused request', async () => {
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
  it('rejects missing, malformed and stale webhook signatures before it reads the body', async () => {
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

  it('counts a webhook whose connection aborts before its body is complete, without logging an error', async () => {
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

/** A request body of `bytes` bytes. It ends only when `end` is called or the body is cancelled. */
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

describe('the body budget', () => {
  it('charges a request body to the memory budget until the request is answered', async () => {
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

  it('reserves body memory for addresses that sent verified webhooks, and limits all other addresses', async () => {
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

  it('aborts the slowest request body of an address when a new body needs its memory', async () => {
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

describe('the body limit of an address', () => {
  it('aborts the slowest request body when an address reaches its limit of open bodies', async () => {
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

describe('response headers', () => {
  it.each([['a\r\nb'], ['line\u2028'], ['é€'], ['\u0000']])(
    'refuses to send a response with the header value %j',
    (value) => {
      expect(isSendable({ status: 200, headers: { 'x-command-id': value } })).toBe(false)
    },
  )
})

describe('the asynchronous log', () => {
  it('drops log lines while the reader stalls and logs their count when it resumes', () => {
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
  it('uses the default for each undefined server limit, also in nested limits', () => {
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
  ])('rejects the server limits %j and names the invalid limit', (given, name) => {
    expect(() => readLimits(given)).toThrow(name)
  })
})

it('rejects a misspelt server limit and names it', () => {
  const given: object = { maxConection: 5 }
  expect(() => readLimits(given)).toThrow('limits.maxConection')
})

describe('server options', () => {
  const good = { store: memoryStore(), tickets: { secret: SECRET }, reconcile: false as const }
  const telnyx = { apiKey: 'KEY-test', publicKey: new Signer().publicKey }
  it.each([
    ['basePath', { basePath: '/../x' }],
    ['basePath', { basePath: '/a/./b' }],
    ['retentionHours', { retentionHours: Number.POSITIVE_INFINITY }],
    ['callbackDeadlineMs', { callbackDeadlineMs: 0 }],
    ['connectionIds', { telnyx: { ...telnyx, connectionIds: [] } }],
  ])('rejects an invalid server option `%s` and names it', (name, options) => {
    expect(() => createGatherServer({ ...good, telnyx, ...options })).toThrow(name)
  })
})

describe('rate limits of a subject', () => {
  it('answers 429 to a subject’s reads above the rate limit and never limits webhooks', async () => {
    await using server = await testServer({ limits: { rates: { reads: { perSecond: 0.01, burst: 3 } } } })
    await server.webhook('call.answered')
    const headers = { authorization: `Bearer ${await server.ticket()}` }
    const statuses: number[] = []
    for (let count = 0; count < 5; count++) statuses.push((await fetch(`${server.url}/calls`, { headers })).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    for (let count = 0; count < 5; count++) expect((await server.webhook('call.hold')).status).toBe(200)
  })

  it('answers 429 after repeated requests for calls that the ticket does not cover', async () => {
    await using server = await testServer({ limits: { rates: { denied: { perSecond: 0.01, burst: 2 } } } })
    const headers = { authorization: `Bearer ${await server.ticket()}` }
    const statuses: number[] = []
    for (let count = 0; count < 4; count++)
      statuses.push((await fetch(`${server.url}/calls/v3:other`, { headers })).status)
    expect(statuses).toEqual([404, 404, 429, 429])
  })
})

describe('an event handler', () => {
  it('skips event handlers for fetched events from before the server’s start unless `replayed` is true', async () => {
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
    server.upstream.replies.push(...reconciliationReplies(before))
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
