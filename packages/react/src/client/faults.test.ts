// @vitest-environment node
/**
 * The fault matrix: the real client against server processes, sockets and a Redis that are killed or cut during calls.
 *
 * The test checks all published feeds, not only the last: the state of a feed equals the fold of the server's log up to
 * the feed's cursor. This proves that no event is ever lost, duplicated or out of order.
 *
 * `npm test` runs only the quick faults, with one seed. The full run takes minutes and produced docs/guarantees.md:
 *
 *     CALLGATHER_FAULT_SEEDS=20 CALLGATHER_PARTITION_SECONDS=30 \
 *       pnpm exec vitest run --project dom packages/react/src/client/faults.test.ts
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { foldCall } from '@callgather/protocol'
import { type CallStore, createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { redisStore } from '@callgather/server/redis'
import { seededRandom } from '@callgather/test-kit/random'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { type ServerLog, STAGE_SECRET, Stage } from '@callgather/test-kit/stage'
import { Signer } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { CallFeed } from './feed.ts'
import { createGatherClient } from './gather-client.ts'

const IS_LONG_RUN = process.env.CALLGATHER_FAULT_SEEDS !== undefined || process.env.CALLGATHER_LONG !== undefined
const SEEDS = Number(process.env.CALLGATHER_FAULT_SEEDS ?? 1)
const PARTITION_MS = Number(process.env.CALLGATHER_PARTITION_SECONDS ?? 2) * 1000
const EVENTS = 40
/** The quick faults run concurrently, because they mostly wait for processes and timers. */
const testOptions = { timeout: 150_000, concurrent: !IS_LONG_RUN }
const waitOptions = { timeout: 40_000, interval: 20 }

/** Issues tickets with the secret of the servers under test. */
const issuer = createGatherServer({
  telnyx: { apiKey: 'KEY-test', publicKey: new Signer().publicKey },
  store: memoryStore(),
  tickets: { secret: STAGE_SECRET },
  reconcile: false,
  logger: pino({ level: 'silent' }),
})
afterAll(() => issuer.close())

const openStage = (store: string, servers = 1) =>
  Stage.open(store, {
    program: fileURLToPath(new URL('../../node_modules/@callgather/server/src/server/cli.ts', import.meta.url)),
    issueTicket: (request) => issuer.issueTicket(request),
    servers,
  })

/** Subscribes an agent's client to one call and records its feeds. */
function agentOn(stage: Stage, callId: string) {
  const client = createGatherClient({ url: stage.proxy.origin, getTicket: () => stage.ticketFor(callId) })
  const feeds: CallFeed[] = []
  const errors: unknown[] = []
  let disconnections = 0
  let wasLive = false
  client.connection.subscribe(() => {
    const { status } = client.connection.getSnapshot()
    if (wasLive && status === 'reconnecting') disconnections++
    wasLive = status === 'live'
  })
  client.watch(callId, { onFeed: (feed) => feeds.push(feed) }).catch((error: unknown) => errors.push(error))
  return {
    feeds,
    errors,
    get last() {
      return feeds.at(-1)
    },
    get disconnections() {
      return disconnections
    },
    [Symbol.dispose]: () => client.close(),
  }
}

/**
 * Checks every feed of a call against the log of its epoch. Returns the epochs in order.
 *
 * @param logOf returns the current or earlier log of an epoch
 */
function verifyFeeds(
  callId: string,
  feeds: readonly CallFeed[],
  logOf: (epoch: string) => ServerLog | undefined,
): string[] {
  const epochs: string[] = []
  let seq = 0
  for (const { state, cursor } of feeds) {
    if (!cursor) continue
    if (cursor.epoch !== epochs.at(-1)) {
      expect(epochs, 'never returns to a replaced log').not.toContain(cursor.epoch)
      epochs.push(cursor.epoch)
      seq = 0
    }
    expect(cursor.seq, 'never moves back within a log').toBeGreaterThanOrEqual(seq)
    seq = cursor.seq
    const records = logOf(cursor.epoch)?.records.slice(0, seq)
    expect(records, `log ${cursor.epoch} has ${seq} records`).toHaveLength(seq)
    expect(state, `the state at ${seq}`).toEqual(foldCall(callId, records?.map(({ event }) => event) ?? []))
  }
  return epochs
}

/** Injects a fault. Resolves when it is over. */
type Fault = (stage: Stage, redis: TestRedis | null) => Promise<void>

/**
 * Injects a fault into one call per seed, and checks the feeds that each client published.
 *
 * @param lostStore holds the logs that the servers' store lost; without it, no event may be lost
 */
async function injectFault(
  stage: Stage,
  fault: Fault,
  redis: TestRedis | null = null,
  lostStore?: CallStore,
): Promise<void> {
  const calls = Array.from({ length: SEEDS }, (_, seed) => ({ seed, callId: `v3:${randomUUID()}-fault` }))
  const agents = await Promise.all(
    calls.map(async ({ callId }) => {
      await stage.deliver(callId, 'first')
      return agentOn(stage, callId)
    }),
  )
  // Inject the fault only once every client is live.
  await vi.waitFor(() => expect(agents.map(({ last }) => last?.sync)).toEqual(agents.map(() => 'live')), waitOptions)
  const sending = Promise.all(
    calls.map(async ({ seed, callId }) => {
      const chance = seededRandom(seed)
      const press = (count: number) => stage.deliver(callId, `e${count}`, String(count % 10))
      for (let count = 0; count < EVENTS; count++) {
        await sleep(chance() * 60)
        await press(count)
        // Sometimes append this event or an earlier event again.
        if (chance() < 0.1) await press(Math.floor(chance() * (count + 1)))
      }
    }),
  )
  await sleep(400)
  await Promise.all([fault(stage, redis), sending])
  for (const { callId } of calls) await stage.deliver(callId, 'last')
  const delivered = ['first', ...Array.from({ length: EVENTS }, (_, count) => `e${count}`), 'last'].sort()

  const logs = await Promise.all(calls.map(({ callId }) => stage.logOf(callId)))
  await vi.waitFor(() => {
    const known = agents.map(({ last }) => ({ sync: last?.sync, cursor: last?.cursor }))
    expect(known).toEqual(logs.map(({ epoch, records }) => ({ sync: 'live', cursor: { epoch, seq: records.length } })))
  }, waitOptions)
  for (const agent of agents) agent[Symbol.dispose]()

  for (const [index, { callId }] of calls.entries()) {
    const { feeds, errors, disconnections } = agents[index] as (typeof agents)[number]
    const now = logs[index] as ServerLog
    const lost = await lostStore?.read(callId, 0)
    // A killed Redis serves its logs under new epochs, because it can't know whether they are complete.
    const epochs = verifyFeeds(callId, feeds, (epoch) => (lost && epoch !== now.epoch ? ifOf(epoch, lost) : now))
    const ids = now.records.map(({ event }) => event.id)
    expect(now.records.map(({ seq }) => seq)).toEqual(ids.map((_, position) => position + 1))
    expect(new Set(ids).size).toBe(ids.length)
    expect(errors).toEqual([])
    expect(disconnections + epochs.length - 1, 'the fault affected the client').toBeGreaterThan(0)
    if (lost) expect(feeds.map(({ notice }) => notice?.kind)).toContain('history_lost')
    else expect([...ids].sort()).toEqual(delivered)
  }
  const verified = agents.reduce((sum, { feeds }) => sum + feeds.filter(({ cursor }) => cursor).length, 0)
  const cuts = agents.reduce((sum, { disconnections }) => sum + disconnections, 0)
  console.info(`${expect.getState().currentTestName}: ${calls.length} calls, ${cuts} disconnections, ${verified} feeds`)
}

const ifOf = (epoch: string, log: ServerLog) => (log.epoch === epoch ? log : undefined)

/** Whether a fault runs in `npm test`. A fault that takes long to detect or recover from is in the full run only. */
const isQuick = (name: string) => !/half-open|partition|SIGTERM|a move/.test(name)
if (!IS_LONG_RUN) console.warn('Slow faults are skipped. Set CALLGATHER_FAULT_SEEDS=20 to run all of them.')

const faults: Record<string, Fault> = {
  'a connection reset': async ({ proxy: line }) => line.reset(),
  'half-open connections': async ({ proxy: line }) => line.halfOpen(),
  [`a partition of ${PARTITION_MS / 1000} s`]: async ({ proxy: line }) => {
    line.partition()
    await sleep(PARTITION_MS)
    line.mend()
  },
  'SIGTERM of the server': (stage) => stage.replace('SIGTERM'),
  'SIGKILL of the server': (stage) => stage.replace('SIGKILL'),
}

describe('a client on a sqlite server', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it.runIf(IS_LONG_RUN || isQuick(name))(`the client loses no event after ${name}`, testOptions, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'callgather-faults-'))
      await using stage = await openStage(`file:${join(folder, 'calls.db')}`)
      await injectFault(stage, fault)
      rmSync(folder, { recursive: true, force: true })
    })
  }
})

describeWithRedis('a client on a Redis server', () => {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  const redisFaults: Record<string, Fault> = {
    ...faults,
    'SIGKILL of Redis': async (_, redis) => {
      await redis?.kill()
      await redis?.start()
    },
    'a move to another server': (stage) => stage.failOver(),
  }
  for (const [name, fault] of Object.entries(redisFaults)) {
    it.runIf(IS_LONG_RUN || isQuick(name))(`the client loses no event after ${name}`, testOptions, async () => {
      await using redis = await TestRedis.start(...durable)
      await using stage = await openStage(redis.url, name.startsWith('a move') ? 2 : 1)
      await injectFault(stage, fault, redis)
    })
  }

  it('the client resyncs and reports lost history after the Redis store is flushed', testOptions, async () => {
    // One step, so that no event falls between copy and flush: the copy in database 1 verifies the earlier feeds.
    const flush = `
        for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', 1) end
        return redis.call('FLUSHDB')`
    await using redis = await TestRedis.start()
    await using stage = await openStage(redis.url)
    const lostStore = redisStore({ url: `${redis.url}/1` })
    try {
      await injectFault(stage, async () => void redis.cli('EVAL', flush, '0'), redis, lostStore)
    } finally {
      await lostStore.close()
    }
  })
})
