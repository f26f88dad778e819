/** Erases a call whose events Telnyx still sends and lists: on each store, over a restart, and on two servers. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSimulator, type Simulator } from '@callgather/simulator'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { pino } from 'pino'
import Telnyx from 'telnyx'
import { describe, expect, it, vi } from 'vitest'
import { type CallStore, StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { CALL, SECRET, testServer } from '../testing/server.ts'
import { createGatherServer } from './create-gather-server.ts'

/** Starts a server that receives the webhooks of a simulator. */
async function serve(sim: Simulator, store: CallStore) {
  const gather = createGatherServer({
    telnyx: { apiKey: 'KEY-test', publicKey: sim.publicKey, baseUrl: sim.url },
    tickets: { secret: SECRET },
    store,
    logger: pino({ level: 'silent' }),
    reconcile: false,
  })
  const server = createServer()
  gather.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${gather.basePath}`
  sim.setWebhookUrl(`${url}/webhooks`)
  const authorization = `Bearer ${await gather.issueTicket({
    subject: 'agent-7',
    calls: '*',
    scopes: ['view', 'gather', 'assistant'],
  })}`
  const ask = (path: string, method = 'GET', body?: string) =>
    fetch(url + path, { method, headers: { authorization, 'content-type': 'application/json' }, ...(body && { body }) })
  return {
    ask,
    /** The ids of the stored calls, after all events of the last day were fetched from Telnyx. */
    callsAfterReconciliation: async () => {
      await gather.reconcile({ since: Date.now() - 86_400_000 })
      return (await store.list({ limit: 10 })).map(({ callId }) => callId)
    },
    [Symbol.asyncDispose]: async () => {
      await gather.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Erases a live call, then lets its caller press another key and its agent send a command. */
async function eraseLiveCall(sim: Simulator, store: CallStore) {
  const server = await serve(sim, store)
  const telnyx = new Telnyx({ apiKey: 'KEY-test', baseURL: sim.url })
  const caller = await sim.phone.dial()
  await telnyx.calls.actions.answer(caller.id, {})
  await caller.press('12')
  await vi.waitFor(async () => expect((await store.read(caller.id, 0))?.records).toHaveLength(4))
  const path = `/calls/${encodeURIComponent(caller.id)}`
  expect((await server.ask(path, 'DELETE')).status).toBe(204)
  await caller.press('3')
  await vi.waitFor(() => expect(sim.deliveries().every(({ status }) => status === 'delivered')).toBe(true))
  expect((await server.ask(`/v2${path}/actions/gather`, 'POST', '{}')).status).toBe(404)
  expect((await server.ask(path, 'DELETE')).status).toBe(404)
  return { server, caller }
}

describe('an erased call', () => {
  it('is not brought back by a webhook, a command or reconciliation', async () => {
    const sim = await createSimulator()
    const { server } = await eraseLiveCall(sim, memoryStore())
    expect(await server.callsAfterReconciliation()).toEqual([])
    await server[Symbol.asyncDispose]()
    await sim.close()
  })

  it('settles the promise of a gather whose call was erased as soon as its command was logged', async () => {
    const store = memoryStore()
    let isArmed = true
    const append: CallStore['append'] = async (callId, events, options) => {
      const appended = await store.append(callId, events, options)
      if (isArmed && events.some(({ event }) => event.event_type === 'command.requested')) {
        isArmed = false
        await server.gather.forget(callId)
      }
      return appended
    }
    await using server = await testServer({ store: { ...store, append } })
    await server.webhook('call.answered')
    await expect(server.gather.call(CALL).gather({}).ended).rejects.toThrow('erased')
  })

  it('loses the log that a failed erasure left behind with its next event', async () => {
    const store = memoryStore()
    let isFailing = true
    const forget: CallStore['forget'] = (callId, before) =>
      isFailing ? Promise.reject(new StoreUnavailableError('down')) : store.forget(callId, before)
    await using server = await testServer({ store: { ...store, forget } })
    await server.webhook('call.answered')
    await expect(server.gather.forget(CALL)).rejects.toThrow('down')
    isFailing = false
    expect((await server.webhook('call.hangup')).status).toBe(200)
    expect(await store.head(CALL)).toBeNull()
  })

  it('is not brought back by the reconciliation of a restarted server with a sqlite store', async () => {
    const sim = await createSimulator()
    const folder = mkdtempSync(join(tmpdir(), 'callgather-erasure-'))
    const path = join(folder, 'calls.db')
    const { server, caller } = await eraseLiveCall(sim, sqliteStore({ path }))
    await server[Symbol.asyncDispose]()
    await using restarted = await serve(sim, sqliteStore({ path }))
    await caller.press('4')
    expect(await restarted.callsAfterReconciliation()).toEqual([])
    await sim.close()
    rmSync(folder, { recursive: true })
  })
})

describeWithRedis('an erased call on Redis', () => {
  it('is not brought back by another server', async () => {
    await using redis = await TestRedis.start()
    const sim = await createSimulator()
    const other = redisStore({ url: redis.url })
    await using second = await serve(sim, other)
    const { server, caller } = await eraseLiveCall(sim, redisStore({ url: redis.url }))
    await server[Symbol.asyncDispose]()
    await using third = await serve(sim, redisStore({ url: redis.url }))
    await caller.press('4')
    expect(await second.callsAfterReconciliation()).toEqual([])
    expect(await third.callsAfterReconciliation()).toEqual([])
    await sim.close()
  })
})
