import { Writable } from 'node:stream'
import { selectCallPhase } from '@callgather/protocol'
import { createSimulator, virtualClock } from '@callgather/simulator'
import { pino } from 'pino'
import Telnyx from 'telnyx'
import { describe, expect, it, vi } from 'vitest'
import { CallCache } from '../calls/call-cache.ts'
import { CallFeed } from '../calls/call-feed.ts'
import { commandEvent } from '../commands/command-outcome.ts'
import { createGatherServer } from '../server/create-gather-server.ts'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { RecordsUnavailableError, type TelnyxRecords } from '../telnyx/records.ts'
import { CALL, SECRET, testServer } from '../testing/server.ts'
import { Reconciler } from './reconciler.ts'

/** The fate of webhooks: they arrive, get 503, or get 200 from a proxy that drops them. */
type Line = 'arrives' | 'refused with 503' | 'lost'

/** Starts a server in this process and a simulator, with one clock that the test moves. */
async function stage({ callEventMetadata = 'event' as 'event' | 'payload' } = {}) {
  let line: Line = 'arrives'
  const clock = virtualClock()
  const store = memoryStore({ now: () => clock.now() })
  const sim = await createSimulator({
    clock,
    webhookUrl: async (request) => {
      if (line === 'refused with 503') return new Response('down', { status: 503 })
      if (line === 'lost') return new Response('thank you')
      const body = new Uint8Array(await request.arrayBuffer())
      const { status, body: text } = await gather.answer({
        method: 'POST',
        path: '/webhooks',
        query: new URLSearchParams(),
        header: (name) => {
          const value = request.headers.get(name)
          return value === null ? [] : [value]
        },
        openBody: () => ({ forEachChunk: async (take) => take(body), contentLength: null, cancel: () => {} }),
        address: undefined,
      })
      return new Response(text ?? null, { status })
    },
    settings: { api: { callEventMetadata } },
  })
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY-test', publicKey: sim.publicKey, baseUrl: sim.url },
    tickets: { secret: SECRET },
    store,
    logger: pino({ level: 'silent' }),
    reconcile: false,
    // Signatures have real timestamps, because the virtual clock starts at the real time.
    toleranceSeconds: 3600,
    now: () => clock.now(),
  })
  const telnyx = new Telnyx({ apiKey: 'KEY-test', baseURL: sim.url })
  const events = async (callId: string) => (await store.read(callId, 0))?.records.map(({ event }) => event) ?? []
  return {
    sim,
    store,
    gather,
    clock,
    events,
    webhooks(becomes: Line) {
      line = becomes
    },
    async keys(callId: string) {
      const received = (await events(callId)).filter(({ event_type }) => event_type === 'call.dtmf.received')
      return received.map(({ payload }) => (payload as { digit: string }).digit)
    },
    async answered() {
      const caller = await sim.phone.dial()
      await telnyx.calls.actions.answer(caller.id, {})
      await clock.settle()
      expect(selectCallPhase(await gather.call(caller.id).state())).toBe('answered')
      return caller
    },
    /** Lets 90 seconds pass with the given fate of webhooks, while the caller presses four keys. */
    async outage(caller: { press(keys: string): Promise<unknown> }, becomes: Line) {
      line = becomes
      const pressed = caller.press('5503')
      await clock.advance(90_000)
      await pressed
      line = 'arrives'
    },
    async [Symbol.asyncDispose]() {
      await gather.close()
      await sim.close()
    },
  }
}

describe('reconciliation after an outage that outlasts Telnyx’s retries', () => {
  for (const becomes of ['refused with 503', 'lost'] as const) {
    it(`reconciliation appends each key press once when its webhook was ${becomes}`, async () => {
      await using it = await stage()
      const caller = await it.answered()
      await it.outage(caller, becomes)
      const failed = it.sim.deliveries().filter(({ status }) => status === 'failed')
      expect(failed).toHaveLength(becomes === 'refused with 503' ? 4 : 0)
      expect(await it.keys(caller.id)).toEqual([])

      expect(await it.gather.reconcile()).toMatchObject({ fetched: 4 })
      expect(await it.gather.reconcile()).toMatchObject({ fetched: 0 })
      expect((await it.keys(caller.id)).sort()).toEqual(['0', '3', '5', '5'])
      const text = (await it.gather.answer(metricsRequest)).body
      const source = becomes === 'lost' ? 'call_events' : 'webhook_deliveries'
      expect(text).toContain(`callgather_reconciled_events_total{source="${source}"} 4`)
    })
  }

  it('reconciliation reads all pages of Telnyx’s call events', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.webhooks('lost')
    const pressed = caller.press('12'.repeat(150))
    await it.clock.advance(120_000)
    await pressed
    it.webhooks('arrives')
    expect((await it.gather.reconcile()).fetched).toBe(300)
    expect(await it.keys(caller.id)).toHaveLength(300)
  })

  it('reconciliation appends an event once, even if one of Telnyx’s two records of it has no id', async () => {
    await using it = await stage({ callEventMetadata: 'payload' })
    const caller = await it.answered()
    await it.outage(caller, 'lost')
    // The event is too recent to append, because its webhook might still arrive.
    expect((await it.gather.reconcile()).fetched).toBe(0)
    await it.clock.advance(60_000)
    expect((await it.gather.reconcile()).fetched).toBe(4)
    expect((await it.gather.reconcile()).fetched).toBe(0)
    // "Resend" in the portal delivers the same events under their own ids.
    for (const { id, event } of it.sim.deliveries()) if (event.event_type === 'call.dtmf.received') it.sim.resend(id)
    await it.clock.settle()
    expect(await it.keys(caller.id)).toEqual(['5', '5', '0', '3'])
  })

  it('reconciliation does not append an event that has already arrived as a webhook', async () => {
    for (const callEventMetadata of ['event', 'payload'] as const) {
      await using it = await stage({ callEventMetadata })
      const caller = await it.answered()
      const pressed = caller.press('42')
      await it.clock.advance(300_000)
      await pressed
      expect(await it.gather.reconcile()).toEqual({ fetched: 0, closed: 0 })
      // Webhooks that arrive together are stored in either order.
      expect((await it.keys(caller.id)).toSorted()).toEqual(['2', '4'])
    }
  })
})

describe('reconciliation of two keys with the same digit and time', () => {
  const at = '2026-11-22T10:41:00.123456Z'
  const key = (id: string) => ({
    record_type: 'event',
    event_type: 'call.dtmf.received',
    id,
    occurred_at: at,
    payload: { call_control_id: CALL, connection_id: '1', call_session_id: 'session', digit: '5' },
  })
  const rows = {
    'the raw events': ['first', 'second'].map((id) => ({ type: 'webhook', metadata: key(id) })),
    'events without ids': ['first', 'second'].map((id) => ({
      type: 'webhook',
      name: 'call.dtmf.received',
      event_timestamp: at,
      metadata: { payload: key(id).payload },
    })),
  }
  it.each(Object.entries(rows))(
    'reconciliation stores two simultaneous key presses once each when Telnyx lists %s and one webhook was lost',
    async (_, data) => {
      let now = Date.parse(at) + 1_000
      const store = memoryStore({ now: () => now })
      await using server = await testServer({ store, now: () => now })
      const post = async (id: string) => (await server.post(server.signer.sign({ data: key(id) }, now))).status
      const keys = async () =>
        ((await store.read(CALL, 0))?.records ?? []).filter(({ event }) => event.event_type === 'call.dtmf.received')
      const reconcile = async () => {
        // Telnyx replies with no failed deliveries, then with the call events.
        server.upstream.replies.push({ body: { data: [] } }, { body: { data } })
        return (await server.gather.reconcile()).fetched
      }
      expect(await post('first')).toBe(200)
      now += 240_000
      expect(await reconcile()).toBe(1)
      expect(await keys()).toHaveLength(2)
      expect(await reconcile()).toBe(0)
      // "Resend" in the portal delivers both under their own ids.
      expect([await post('first'), await post('second')]).toEqual([200, 200])
      expect((await keys()).map(({ event }) => event.payload)).toEqual([{ digit: '5' }, { digit: '5' }])
    },
  )
})

const metricsRequest = {
  method: 'GET',
  path: '/metrics',
  query: new URLSearchParams(),
  header: () => [],
  openBody: () => null,
  address: undefined,
} as const

describe('reconciliation of a call whose hangup was lost', () => {
  it('reconciliation appends a lost hangup from Telnyx’s call events, and stops checking the call', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.webhooks('lost')
    await caller.hangUp()
    await it.clock.advance(61_000)
    expect(await it.gather.reconcile()).toEqual({ fetched: 1, closed: 0 })
    expect(selectCallPhase(await it.gather.call(caller.id).state())).toBe('ended')
    await it.clock.advance(120_000)
    expect(await it.gather.reconcile()).toEqual({ fetched: 0, closed: 0 })
  })

  it('reconciliation closes a call that Telnyx reports as over, and later appends its hangup without an id', async () => {
    await using it = await stage({ callEventMetadata: 'payload' })
    const caller = await it.answered()
    it.webhooks('lost')
    await caller.hangUp()
    await it.clock.advance(61_000)
    expect(await it.gather.reconcile()).toEqual({ fetched: 0, closed: 1 })
    expect(selectCallPhase(await it.gather.call(caller.id).state())).toBe('ended')
    await it.clock.advance(120_000)
    expect(await it.gather.reconcile()).toEqual({ fetched: 1, closed: 0 })
    expect((await it.events(caller.id)).filter(({ event_type }) => event_type === 'call.hangup')).toHaveLength(1)
  })

  it('reconciliation closes a call that Telnyx no longer knows', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.webhooks('refused with 503')
    await caller.hangUp()
    await it.clock.advance(11 * 60_000)
    await it.gather.reconcile()
    expect(selectCallPhase(await it.gather.call(caller.id).state())).toBe('ended')
  })

  it('reconciliation does not close a call that Telnyx reports as alive', async () => {
    await using it = await stage()
    const caller = await it.answered()
    await it.clock.advance(600_000)
    expect((await it.gather.reconcile()).closed).toBe(0)
    expect(selectCallPhase(await it.gather.call(caller.id).state())).toBe('answered')
  })
})

describe('reconciliation', () => {
  it('reconciliation sends Telnyx no request while the store fails, and works again after a Telnyx error', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    vi.spyOn(store, 'ping').mockRejectedValueOnce(new StoreUnavailableError('down'))
    await expect(server.gather.reconcile()).rejects.toThrow('down')
    expect(server.upstream.received).toEqual([])
    server.upstream.replies.push({ status: 403, body: {} })
    await expect(server.gather.reconcile()).rejects.toThrow()
    expect(await server.gather.reconcile()).toEqual({ fetched: 0, closed: 0 })
  })

  it('reconciliation logs a lasting failure once, with advice and without a stack, and logs its recovery', async () => {
    const lines: string[] = []
    const stream = new Writable({
      write(chunk, _, done) {
        lines.push(String(chunk))
        done()
      },
    })
    let now = Date.now()
    await using server = await testServer({ logger: pino({ level: 'info' }, stream), now: () => now })
    for (let run = 0; run < 5; run++) {
      server.upstream.replies.push({ status: 401, body: { errors: [] } })
      await expect(server.gather.reconcile()).rejects.toThrow('401')
      now += 60_000
    }
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40, msg: expect.stringContaining('TELNYX_API_KEY') })
    expect(lines[0]).not.toContain('stack')
    // A lasting failure is logged again after ten minutes.
    now += 600_000
    server.upstream.replies.push({ hangUp: true })
    await expect(server.gather.reconcile()).rejects.toThrow('reached')
    expect(lines).toHaveLength(2)
    await server.gather.reconcile()
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ level: 30, msg: 'reconciliation works again', runs: 6 })
  })

  it('reconciliation backs off while Telnyx fails, and waits as long as Telnyx asks for', async () => {
    vi.useFakeTimers()
    try {
      const asked: number[] = []
      const began = Date.now()
      const store = memoryStore()
      const failing: TelnyxRecords = {
        // biome-ignore lint/correctness/useYield: it fails before there is anything to give
        async *listFailedDeliveries() {
          asked.push(Math.round((Date.now() - began) / 60_000))
          throw new RecordsUnavailableError('Telnyx answered 429', 'Wait.', asked.length === 1 ? 180_000 : 0)
        },
        async *listCallEvents() {},
        fetchStatus: async () => null,
      }
      const reconciler = new Reconciler({
        cache: new CallCache(store, new CallFeed(store)),
        store,
        ingest: { accept: async () => 'appended' },
        records: failing,
        now: Date.now,
        logger: pino({ level: 'silent' }),
      })
      reconciler.start()
      await vi.advanceTimersByTimeAsync(20 * 60_000)
      await reconciler.stop()
      expect(asked).toEqual([0, 3, 5, 9, 13, 17])
    } finally {
      vi.useRealTimers()
    }
  })

  it('reconciliation appends a missing command outcome: `accepted` if Telnyx lists the command, else `unknown`', async () => {
    await using it = await stage()
    const caller = await it.answered()
    const telnyx = new Telnyx({ apiKey: 'KEY-test', baseURL: it.sim.url })
    await telnyx.calls.actions.gather(caller.id, { command_id: 'arrived', timeout_millis: 1_000_000 })
    for (const command_id of ['arrived', 'lost']) {
      const event = commandEvent(
        command_id,
        { event_type: 'command.requested', payload: { command: 'gather', body: {} } },
        it.clock.now(),
      )
      await it.store.append(caller.id, [{ event }])
    }
    await it.clock.advance(120_000)
    await it.gather.reconcile()
    const { commands } = await it.gather.call(caller.id).state()
    expect(commands.get('arrived')?.outcome).toMatchObject({ status: 'accepted' })
    expect(commands.get('lost')?.outcome).toMatchObject({ status: 'unknown', reason: 'interrupted' })
  })
})
