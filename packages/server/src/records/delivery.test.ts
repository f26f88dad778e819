/** The delivery of call records under a virtual clock, against a real receiver and each store engine. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallEvent } from '@callgather/protocol'
import { ScenarioWriter } from '@callgather/protocol/scenarios'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { formatTime } from '../telnyx/normalise.ts'
import { NEXT_RECORD_SECRET, RECORD_SECRET, recordReceiver } from '../testing/record-receiver.ts'
import { Retention } from '../upkeep/retention.ts'
import { RecordDelivery, type RecordDeliveryDeps, type RecordOutcome } from './delivery.ts'
import { httpSender } from './destination.ts'
import { readSecrets } from './options.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const START = Date.parse('2026-11-29T08:00:00Z')

// The receiver checks the age of signatures by `Date`, so only `Date` is virtual.
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: START }))
afterEach(() => void vi.useRealTimers())
const now = () => Date.now()
const wait = (lengthMs: number) => void vi.setSystemTime(now() + lengthMs)

type Receiver = Awaited<ReturnType<typeof recordReceiver>>

async function receiverOf(answer?: Parameters<typeof recordReceiver>[0]): Promise<Receiver> {
  const receiver = await recordReceiver(answer)
  onTestFinished(() => receiver[Symbol.asyncDispose]())
  return receiver
}

/** Creates the delivery of one server. */
function deliveryOn(store: CallStore, receiver: { readonly url: string }, changes: Partial<RecordDeliveryDeps> = {}) {
  const outcomes: RecordOutcome[] = []
  const delivery = new RecordDelivery({
    store,
    send: httpSender(receiver.url, { timeoutMs: 2_000, allowPrivateUrl: true }),
    secrets: readSecrets(RECORD_SECRET),
    source: '/callgather',
    wrapUpTimeoutMs: 15 * MINUTE_MS,
    now,
    logger: pino({ level: 'silent' }),
    onOutcome: (outcome) => outcomes.push(outcome),
    ...changes,
  })
  return { delivery, outcomes }
}

const append = (store: CallStore, callId: string, events: readonly CallEvent[], isOver = true) =>
  store.append(
    callId,
    events.map((event) => ({ event })),
    { isOver },
  )

/** Events of a call that ends at the current time. */
function endedCall(): readonly CallEvent[] {
  const { steps } = new ScenarioWriter('Ended')
    .answered()
    .command('account', 'gather', {}, { label: 'Account' })
    .press('4071', { gather: 'account' })
    .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '4071' } })
    .command('whisper', 'ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Offer Thursday.' }] })
    .hangup()
    .end()
  const last = steps.at(-1)?.at ?? 0
  return steps.map(({ at, event }) => ({ ...event, occurred_at: formatTime(now() - last + at) }) as CallEvent)
}

const wrappedUp = (note = 'Call back'): CallEvent => ({
  id: 'wrapped-up',
  event_type: 'call.wrapped_up',
  occurred_at: formatTime(now()),
  payload: { note, disposition: 'callback', subject: 'agent-7' },
})

const newCall = () => `v3:${randomUUID()}-record`

/** Advances the clock in steps, and runs all deliveries at each step. */
async function passTime(lengthMs: number, stepMs: number, ...deliveries: readonly RecordDelivery[]): Promise<void> {
  for (const end = now() + lengthMs; now() < end; ) {
    vi.setSystemTime(Math.min(end, now() + stepMs))
    await Promise.all(deliveries.map((delivery) => delivery.run()))
  }
}

const stores: Record<string, () => CallStore> = {
  memory: () => memoryStore({ now }),
  sqlite: () => {
    const folder = mkdtempSync(join(tmpdir(), 'callgather-records-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return sqliteStore({ path: join(folder, 'calls.db'), now })
  },
}

/** The tests that every store engine passes. */
function recordTests(open: () => CallStore) {
  const opened = () => {
    const store = open()
    onTestFinished(() => store.close())
    return store
  }

  it('sends the record a minute after the hangup when the agent has wrapped the call up, and never again', async () => {
    const store = opened()
    const receiver = await receiverOf()
    const { delivery, outcomes } = deliveryOn(store, receiver)
    const callId = newCall()
    await append(store, callId, endedCall())
    wait(20_000)
    await append(store, callId, [wrappedUp()])
    await passTime(39_000, 3_000, delivery)
    expect(receiver.bodies).toEqual([])
    await passTime(2 * HOUR_MS, MINUTE_MS, delivery)
    expect(receiver.faults).toEqual([])
    expect(receiver.bodies).toHaveLength(1)
    expect(outcomes).toEqual(['delivered'])
    const [record] = receiver.records.values()
    expect(record).toMatchObject({ subject: callId, revision: 1, data: { callId, wrapUp: { note: 'Call back' } } })
    expect(record?.data.collected).toMatchObject([{ label: 'Account', value: '4071' }])
  })

  it('sends the record 15 minutes after the hangup without a wrap-up, and reports its age until it is delivered', async () => {
    const store = opened()
    const receiver = await receiverOf((response) => void response.writeHead(500).end())
    const { delivery } = deliveryOn(store, receiver)
    await append(store, newCall(), endedCall())
    await passTime(14 * MINUTE_MS, MINUTE_MS, delivery)
    expect([receiver.bodies.length, delivery.oldestAgeMs]).toEqual([0, 0])
    await passTime(3 * MINUTE_MS, MINUTE_MS, delivery)
    expect(receiver.bodies.length).toBeGreaterThan(0)
    expect(delivery.oldestAgeMs).toBe(2 * MINUTE_MS)
    receiver.answer = (response) => void response.writeHead(200).end('ok')
    await passTime(HOUR_MS, MINUTE_MS, delivery)
    expect(delivery.oldestAgeMs).toBe(0)
    expect([...receiver.records.values()]).toMatchObject([{ data: { wrapUp: null } }])
  })

  it('delivers the same bytes when the receiver returns after a day, with the whispers that retention would erase', async () => {
    const store = opened()
    const receiver = await receiverOf((response) => void response.writeHead(503).end())
    const { delivery } = deliveryOn(store, receiver)
    const logger = pino({ level: 'silent' })
    const retention = new Retention({ store, logger, now, isNeeded: (log) => delivery.isPending(log) }, { hours: 24 })
    const callId = newCall()
    await append(store, callId, [...endedCall(), wrappedUp()])
    for (let hour = 0; hour < 24; hour++) {
      await passTime(HOUR_MS, 2 * MINUTE_MS, delivery)
      await retention.run()
    }
    receiver.answer = (response) => void response.writeHead(202).end()
    await passTime(12 * HOUR_MS, 10 * MINUTE_MS, delivery)
    expect(receiver.bodies.length).toBeGreaterThan(5)
    expect(new Set(receiver.bodies).size).toBe(1)
    expect([...receiver.records.values()]).toMatchObject([{ data: { whispers: [{ text: 'Offer Thursday.' }] } }])
    wait(2 * HOUR_MS)
    await retention.run()
    expect(JSON.stringify(await store.read(callId, 0))).not.toContain('Thursday')
  })

  it('dead-letters a record after eleven attempts, keeps it, and sends it again on request', async () => {
    const store = opened()
    const receiver = await receiverOf((response) => void response.writeHead(500).end())
    const { delivery, outcomes } = deliveryOn(store, receiver)
    const callId = newCall()
    await append(store, callId, [...endedCall(), wrappedUp()])
    expect(await delivery.requeue(callId)).toBe(false)
    await passTime(40 * HOUR_MS, 5 * MINUTE_MS, delivery)
    expect(outcomes).toEqual([...Array.from({ length: 11 }, () => 'failed'), 'dead_lettered'])
    expect(delivery.oldestAgeMs).toBe(0)
    receiver.answer = (response) => void response.writeHead(200).end()
    await passTime(HOUR_MS, 5 * MINUTE_MS, delivery)
    expect(receiver.records.size).toBe(0)
    expect(await delivery.requeue(callId)).toBe(true)
    await passTime(HOUR_MS, 5 * MINUTE_MS, delivery)
    expect(new Set(receiver.bodies).size).toBe(1)
    expect(receiver.records.size).toBe(1)
    expect(await delivery.requeue(callId)).toBe(false)
  })

  it('sends once more after a crash between the claim and the answer, under the same id', async () => {
    const store = opened()
    const receiver = await receiverOf()
    const { delivery: crashed } = deliveryOn(store, receiver, { send: () => new Promise(() => {}) })
    await append(store, newCall(), [...endedCall(), wrappedUp()])
    wait(2 * MINUTE_MS)
    crashed.run().catch(() => {})
    const { delivery } = deliveryOn(store, receiver)
    while ((await store.list({ limit: 1, stage: 'ended', since: now() })).length === 0) await delivery.run()
    expect(receiver.bodies).toEqual([])
    await passTime(MINUTE_MS, 10_000, delivery)
    expect(receiver.records.size).toBe(1)
    expect(receiver.bodies).toHaveLength(1)
  })

  it('leaves nothing of a call that is erased while its record is being sent', async () => {
    const store = opened()
    const callId = newCall()
    const receiver = await receiverOf((response) => {
      store.forget(callId).then(
        () => response.writeHead(200).end(),
        () => response.writeHead(500).end(),
      )
    })
    const { delivery } = deliveryOn(store, receiver)
    await append(store, callId, [...endedCall(), wrappedUp()])
    await passTime(3 * MINUTE_MS, MINUTE_MS, delivery)
    expect(receiver.bodies).toHaveLength(1)
    expect(await store.head(callId)).toBeNull()
  })

  it('sends a second revision when the agent wraps the call up after its record was sent', async () => {
    const store = opened()
    const receiver = await receiverOf()
    const { delivery } = deliveryOn(store, receiver)
    const callId = newCall()
    await append(store, callId, endedCall())
    await passTime(20 * MINUTE_MS, MINUTE_MS, delivery)
    await append(store, callId, [wrappedUp('Late')])
    await passTime(20 * MINUTE_MS, MINUTE_MS, delivery)
    expect(receiver.bodies).toHaveLength(2)
    expect([...receiver.records.values()]).toMatchObject([
      { subject: callId, revision: 1, data: { wrapUp: null } },
      { subject: callId, revision: 2, data: { wrapUp: { note: 'Late' } } },
    ])
  })

  it('leaves events out of the record that arrive after it was first sent', async () => {
    const store = opened()
    const receiver = await receiverOf((response, nth) => void response.writeHead(nth === 1 ? 500 : 200).end())
    const { delivery } = deliveryOn(store, receiver)
    const callId = newCall()
    const events = endedCall()
    const late = events.filter(({ event_type }) => event_type === 'call.gather.ended')
    await append(store, callId, [...events.filter((event) => !late.includes(event)), wrappedUp()])
    await passTime(2 * MINUTE_MS, 2 * MINUTE_MS, delivery)
    await append(store, callId, late)
    await passTime(HOUR_MS, MINUTE_MS, delivery)
    expect(receiver.bodies).toHaveLength(2)
    expect(new Set(receiver.bodies).size).toBe(1)
  })

  it('delivers every record of 450 calls that ended in the same moment, at most eight at a time', async () => {
    const store = opened()
    const receiver = await receiverOf((response) => void setTimeout(() => response.writeHead(200).end(), 1))
    const { delivery } = deliveryOn(store, receiver)
    const events = endedCall()
    await Promise.all(Array.from({ length: 450 }, (_, nth) => append(store, `v3:call-${nth}`, events)))
    await passTime(17 * MINUTE_MS, MINUTE_MS, delivery)
    expect(receiver.records.size).toBe(450)
    expect(receiver.bodies).toHaveLength(450)
    expect(receiver.mostOpen).toBeLessThanOrEqual(8)
  }, 60_000)
}

for (const [engine, open] of Object.entries(stores)) describe(`records in the ${engine} store`, () => recordTests(open))

describeWithRedis('records in the Redis store', () => {
  let redis: TestRedis
  let prefix = 0
  beforeAll(async () => {
    redis = await TestRedis.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())
  const open = (name: string) => redisStore({ url: redis.url, prefix: name, now, warn: () => {} })
  recordTests(() => open(`records-${prefix++}`))

  it('two servers on one Redis deliver each record once', async () => {
    const name = `records-${prefix++}`
    const [one, other] = [open(name), open(name)]
    onTestFinished(async () => void (await Promise.all([one.close(), other.close()])))
    const receiver = await receiverOf()
    const first = deliveryOn(one, receiver)
    const second = deliveryOn(other, receiver)
    const calls = Array.from({ length: 60 }, newCall)
    for (const callId of calls) await append(one, callId, [...endedCall(), wrappedUp()])
    await passTime(5 * MINUTE_MS, 30_000, first.delivery, second.delivery)
    expect([...receiver.records.values()].map(({ subject }) => subject).sort()).toEqual([...calls].sort())
    expect(receiver.bodies).toHaveLength(calls.length)
    expect(first.outcomes.length + second.outcomes.length).toBe(calls.length)
  }, 30_000)
})

describe('the signature of a record', () => {
  it('a receiver with the old or the new secret verifies records during a rotation', async () => {
    for (const secret of [RECORD_SECRET, NEXT_RECORD_SECRET]) {
      const store = memoryStore({ now })
      const receiver = await receiverOf()
      receiver.secret = secret
      const { delivery } = deliveryOn(store, receiver, { secrets: readSecrets([RECORD_SECRET, NEXT_RECORD_SECRET]) })
      await append(store, newCall(), [...endedCall(), wrappedUp()])
      await passTime(2 * MINUTE_MS, 2 * MINUTE_MS, delivery)
      expect([receiver.faults, receiver.records.size]).toEqual([[], 1])
    }
  })

  it('a receiver with another secret rejects a record', async () => {
    const store = memoryStore({ now })
    const receiver = await receiverOf()
    receiver.secret = NEXT_RECORD_SECRET
    const { delivery, outcomes } = deliveryOn(store, receiver)
    await append(store, newCall(), [...endedCall(), wrappedUp()])
    await passTime(2 * MINUTE_MS, 2 * MINUTE_MS, delivery)
    expect(outcomes).toEqual(['failed'])
    expect(receiver.faults[0]).toContain('signature')
  })
})
