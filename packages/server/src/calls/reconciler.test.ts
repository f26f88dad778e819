import { callPhase } from '@callgather/protocol'
import { createSimulator } from '@callgather/simulator'
import { pino } from 'pino'
import Telnyx from 'telnyx'
import { describe, expect, it, vi } from 'vitest'
import { createGatherServer } from '../create-gather-server.ts'
import { SECRET, testServer } from '../testing/server.ts'
import { StoreUnavailable } from './call-store.ts'
import { memoryStore } from './memory-store.ts'

/** A server in this process whose webhooks come by function, and can be cut off. */
async function stage() {
  let reachable = true
  const store = memoryStore()
  const sim = await createSimulator({
    webhookUrl: async (request) => {
      if (!reachable) return new Response('down', { status: 503 })
      const body = new Uint8Array(await request.arrayBuffer())
      const { status, body: text } = await gather.answer({
        method: 'POST',
        path: '/webhooks',
        query: new URLSearchParams(),
        header: (name) => {
          const value = request.headers.get(name)
          return value === null ? [] : [value]
        },
        body: async () => body,
        address: undefined,
      })
      return new Response(text ?? null, { status })
    },
    settings: { delivery: { retriesMs: [20, 20] } },
  })
  let now = Date.now()
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY-test', publicKey: sim.publicKey, baseUrl: sim.url },
    tickets: { secret: SECRET },
    store,
    logger: pino({ level: 'silent' }),
    reconcile: false,
    now: () => now,
  })
  const telnyx = new Telnyx({ apiKey: 'KEY-test', baseURL: sim.url })
  return {
    sim,
    store,
    gather,
    cut: () => {
      reachable = false
    },
    mend: () => {
      reachable = true
    },
    pass: (millis: number) => {
      now += millis
    },
    async answered() {
      const caller = await sim.phone.dial()
      await telnyx.calls.actions.answer(caller.id, {})
      await vi.waitFor(async () => expect(callPhase(await gather.call(caller.id).state())).toBe('answered'))
      return caller
    },
    async [Symbol.asyncDispose]() {
      await gather.close()
      await sim.close()
    },
  }
}

describe('after an outage longer than Telnyx’s patience', () => {
  it('has lost keys without reconciliation, and every one with it, once', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.cut()
    await caller.press('5503')
    await vi.waitFor(
      () => expect(it.sim.deliveries().filter(({ status }) => String(status) === 'failed')).toHaveLength(4),
      { timeout: 5000 },
    )
    it.mend()
    const before = await it.store.read(caller.id, 0)
    expect(before?.records.filter(({ event }) => event.event_type === 'call.dtmf.received')).toHaveLength(0)

    expect(await it.gather.reconcile()).toMatchObject({ fetched: 4 })
    expect(await it.gather.reconcile()).toMatchObject({ fetched: 0 })
    const after = await it.store.read(caller.id, 0)
    const keys = after?.records.filter(({ event }) => event.event_type === 'call.dtmf.received')
    expect(keys?.map(({ event }) => (event.payload as { digit: string }).digit).sort()).toEqual(['0', '3', '5', '5'])
  })

  it('closes a call whose hangup never came, and asks of no call that is over', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.cut()
    await caller.hangUp()
    it.pass(61_000)
    // The hangup has not failed for good yet: only the call itself tells.
    const { closed } = await it.gather.reconcile()
    expect(closed).toBe(1)
    expect(callPhase(await it.gather.call(caller.id).state())).toBe('ended')
    it.pass(120_000)
    expect((await it.gather.reconcile()).closed).toBe(0)
  })

  it('leaves a call alone that is alive', async () => {
    await using it = await stage()
    const caller = await it.answered()
    it.pass(600_000)
    expect((await it.gather.reconcile()).closed).toBe(0)
    expect(callPhase(await it.gather.call(caller.id).state())).toBe('answered')
  })
})

describe('reconciliation', () => {
  it('waits for the store, and goes on when Telnyx cannot be asked', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    vi.spyOn(store, 'ping').mockRejectedValueOnce(new StoreUnavailable('down'))
    await expect(server.gather.reconcile()).rejects.toThrow('down')
    expect(server.upstream.received).toEqual([])
    server.upstream.behaviours.push({ status: 403, body: {} })
    await expect(server.gather.reconcile()).rejects.toThrow()
    expect(await server.gather.reconcile()).toEqual({ fetched: 0, closed: 0 })
  })
})
