/** Makes each callback of the host fail in each way, and checks that the server answers and recovers. */
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CALL, testServer, watch } from '../testing/server.ts'
import type { GatherServerOptions } from './gather-server.ts'

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
beforeAll(() => {
  process.on('unhandledRejection', onUnhandled)
})
afterAll(() => {
  process.off('unhandledRejection', onUnhandled)
})

/** The ways in which a host callback fails. No return value has the callback's return type. */
const failures: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error('host')
  },
  rejects: () => Promise.reject(new Error('host')),
  hangs: () => new Promise(() => {}),
  'returns a value of the wrong type': () => 42,
}

type Failure = (() => unknown) | null
const grant = { subject: 'agent-7', calls: '*', scopes: ['view', 'gather', 'assistant'] } as const

/** Options of a host whose callback `name` fails while `failure.now` is set, as an untyped JavaScript host may. */
function hostWith(name: string, failure: { now: Failure }): Partial<GatherServerOptions> {
  const failing = <T>(good: T): T => (failure.now ? (failure.now() as T) : good)
  const silent = pino({ level: 'silent' })
  switch (name) {
    case 'authenticate':
      return { authenticate: () => failing(grant) }
    case 'authorize':
      return { authorize: () => failing(true) }
    case 'onSensitive':
      return { policy: { mask: 'all' }, onSensitive: () => failing(undefined) }
    case 'audit sink':
      return { audit: { sink: () => failing(undefined) } }
    case 'strict audit sink':
      return { audit: { sink: () => failing(undefined), strict: true } }
    case 'logger': {
      const logger = Object.create(silent)
      for (const level of ['error', 'warn', 'info', 'debug'] as const) logger[level] = () => failing(undefined)
      return { logger }
    }
    default:
      return {}
  }
}

const names = ['authenticate', 'authorize', 'onSensitive', 'audit sink', 'strict audit sink', 'logger', 'handler']
const modes = Object.entries(failures)

describe.each(names)('the host’s %s', (name) => {
  it.each(modes)(`answers without a denial and recovers when the host’s ${name} %s`, async (_, fail) => {
    const failure: { now: Failure } = { now: null }
    await using server = await testServer({ callbackDeadlineMs: 100, ...hostWith(name, failure) })
    if (name === 'handler') server.gather.on('call.dtmf.received', () => failure.now?.() as undefined)
    expect((await server.webhook('call.answered')).status).toBe(200)
    const socket = await server.connect()
    const { frames } = await watch(socket)

    failure.now = fail
    const authorization = `Bearer ${await server.ticket()}`
    const read = () => fetch(`${server.url}/calls/${encodeURIComponent(CALL)}`, { headers: { authorization } })
    const denials = [401, 403, 404, 500]
    expect(denials).not.toContain((await read()).status)
    expect(denials).not.toContain((await server.command('gather', { maximum_digits: 4 })).status)
    expect((await server.webhook('call.dtmf.received', { digit: '1' })).status).toBe(200)
    expect((await server.webhook('call.gather.ended', { digits: '1', status: 'valid' })).status).toBe(200)
    await vi.waitFor(() => expect(frames.length).toBeGreaterThanOrEqual(2))
    expect(socket.connected).toBe(true)
    if (name === 'authenticate') {
      await expect(server.connect()).rejects.toMatchObject({ data: { status: 503 } })
      expect((await read()).status).toBe(503)
    }
    if (name === 'authorize') {
      expect((await read()).status).toBe(503)
      expect((await watch(await server.connect())).reply).toMatchObject({ ok: false, error: { status: 503 } })
    }

    failure.now = null
    expect((await read()).status).toBe(200)
    const stop = await server.command('gather_stop', {})
    expect(stop.status).toBe(200)
    expect((await watch(await server.connect())).reply).toMatchObject({ ok: true })
    // A handler has a minute before it counts as hanging, and `onSensitive` is not called for every gather.
    const isWrongType = fail === failures['returns a value of the wrong type']
    const isHanging = fail === failures.hangs
    const isCounted =
      name.startsWith('auth') ||
      (name.endsWith('audit sink') && !isWrongType) ||
      (name === 'handler' && !isWrongType && !isHanging)
    if (isCounted) {
      const metrics = async () => (await fetch(`${server.url}/metrics`)).text()
      await vi.waitFor(async () => {
        expect(await metrics()).toMatch(/callgather_host_callback_failures_total\{callback="\w+",reason="\w+"\} [1-9]/)
      })
    }
    expect(unhandled).toEqual([])
  })
})

describe('the host’s logger', () => {
  it('counts the failures of a throwing logger and answers the request', async () => {
    const logger = Object.create(pino({ level: 'silent' }))
    for (const level of ['error', 'warn', 'info', 'debug']) {
      logger[level] = () => {
        throw new Error('disk full')
      }
    }
    await using server = await testServer({ logger })
    expect((await server.post({ headers: {}, body: Buffer.from('{}') })).status).toBe(401)
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toContain('callgather_host_callback_failures_total{callback="logger",reason="failed"} 1')
  })
})
