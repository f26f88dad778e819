// @vitest-environment node
/**
 * The fault matrix: every way a line, a server or a store can fail, under calls in progress, as the browser's own client
 * lives through it. Servers are processes of their own and are killed; lines are real sockets and are cut; Redis is real.
 *
 * Whatever the client hands out is judged, not only where it ends: each feed holds exactly what the server's log holds
 * up to the feed's number, folded. So nothing is lost, nothing counted twice, nothing out of order, at any moment.
 *
 * The quick faults, with one seed, run with every `npm test`. All of them, with which the figures in
 * docs/guarantees.md were made, take some minutes:
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
import { chanceOf } from '@callgather/test-kit/chance'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { type ServerLog, STAGE_SECRET, Stage } from '@callgather/test-kit/stage'
import { Signer } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { CallFeed } from './feed.ts'
import { createGatherClient } from './gather-client.ts'

const LONG = process.env.CALLGATHER_FAULT_SEEDS !== undefined || process.env.CALLGATHER_LONG !== undefined
const SEEDS = Number(process.env.CALLGATHER_FAULT_SEEDS ?? 1)
const PARTITION_MILLIS = Number(process.env.CALLGATHER_PARTITION_SECONDS ?? 2) * 1000
const EVENTS = 40
/** Faults of the short run overlap: each waits for processes and timers most of the time. */
const together = { timeout: 150_000, concurrent: !LONG }
const inTime = { timeout: 40_000, interval: 20 }

/** A server that only issues tickets, by the secret of those on the stage. */
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

/** An agent's client on one call; remembers all that it was handed. */
function agentOn(stage: Stage, callId: string) {
  const client = createGatherClient({ url: stage.line.origin, getTicket: () => stage.ticketFor(callId) })
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
 * Holds every feed of a call against the log it says it is of; answers the epochs, in order.
 *
 * @param logOf the log of an epoch, as the server has or had it
 */
function judge(callId: string, feeds: readonly CallFeed[], logOf: (epoch: string) => ServerLog | undefined): string[] {
  const epochs: string[] = []
  let seq = 0
  for (const { state, cursor } of feeds) {
    if (!cursor) continue
    if (cursor.epoch !== epochs.at(-1)) {
      expect(epochs, 'no way back to a log that was replaced').not.toContain(cursor.epoch)
      epochs.push(cursor.epoch)
      seq = 0
    }
    expect(cursor.seq, 'no way back within a log').toBeGreaterThanOrEqual(seq)
    seq = cursor.seq
    const records = logOf(cursor.epoch)?.records.slice(0, seq)
    expect(records, `a log of ${cursor.epoch} that reaches to ${seq}`).toHaveLength(seq)
    expect(state, `what is known at ${seq}`).toEqual(foldCall(callId, records?.map(({ event }) => event) ?? []))
  }
  return epochs
}

/** How a fault is made; resolves when it is over. */
type Fault = (stage: Stage, redis: TestRedis | null) => Promise<void>

/**
 * Runs as many calls as there are seeds through one fault, and judges what each client made of it.
 *
 * @param past what holds the logs that the servers' store has lost; without it, nothing may be lost
 */
async function suffer(stage: Stage, fault: Fault, redis: TestRedis | null = null, past?: CallStore): Promise<void> {
  const calls = Array.from({ length: SEEDS }, (_, seed) => ({ seed, callId: `v3:${randomUUID()}-fault` }))
  const agents = await Promise.all(
    calls.map(async ({ callId }) => {
      await stage.deliver(callId, 'first')
      return agentOn(stage, callId)
    }),
  )
  // What is not there yet cannot be lost.
  await vi.waitFor(() => expect(agents.map(({ last }) => last?.sync)).toEqual(agents.map(() => 'live')), inTime)
  const sending = Promise.all(
    calls.map(async ({ seed, callId }) => {
      const chance = chanceOf(seed)
      const press = (count: number) => stage.deliver(callId, `e${count}`, String(count % 10))
      for (let count = 0; count < EVENTS; count++) {
        await sleep(chance() * 60)
        await press(count)
        // Now and then the same again, or one from before.
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
  }, inTime)
  for (const agent of agents) agent[Symbol.dispose]()

  for (const [index, { callId }] of calls.entries()) {
    const { feeds, errors, disconnections } = agents[index] as (typeof agents)[number]
    const now = logs[index] as ServerLog
    const lost = await past?.read(callId, 0)
    // Redis that was killed tells its logs under new epochs, since it cannot know that they are whole. Here they are.
    const epochs = judge(callId, feeds, (epoch) => (lost && epoch !== now.epoch ? ifOf(epoch, lost) : now))
    const ids = now.records.map(({ event }) => event.id)
    expect(now.records.map(({ seq }) => seq)).toEqual(ids.map((_, position) => position + 1))
    expect(new Set(ids).size).toBe(ids.length)
    expect(errors).toEqual([])
    expect(disconnections + epochs.length - 1, 'the fault was felt').toBeGreaterThan(0)
    if (lost) expect(feeds.map(({ notice }) => notice?.kind)).toContain('history_lost')
    else expect([...ids].sort()).toEqual(delivered)
  }
  const judged = agents.reduce((sum, { feeds }) => sum + feeds.filter(({ cursor }) => cursor).length, 0)
  const cuts = agents.reduce((sum, { disconnections }) => sum + disconnections, 0)
  console.info(`${expect.getState().currentTestName}: ${calls.length} calls, ${cuts} disconnections, ${judged} feeds`)
}

const ifOf = (epoch: string, log: ServerLog) => (log.epoch === epoch ? log : undefined)

/** The faults that take long to be noticed, or to be over: only in the long run. */
const isQuick = (name: string) => !/half-open|partition|SIGTERM|a move/.test(name)
if (!LONG) console.warn('Slow faults are left out: set CALLGATHER_FAULT_SEEDS=20 to run them all.')

const faults: Record<string, Fault> = {
  'both ends reset': async ({ line }) => line.reset(),
  'half-open lines': async ({ line }) => line.halfOpen(),
  [`a partition of ${PARTITION_MILLIS / 1000} s`]: async ({ line }) => {
    line.partition()
    await sleep(PARTITION_MILLIS)
    line.mend()
  },
  'SIGTERM of the server': (stage) => stage.replace('SIGTERM'),
  'SIGKILL of the server': (stage) => stage.replace('SIGKILL'),
}

describe('on sqlite, a client’s calls survive', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it.runIf(LONG || isQuick(name))(name, together, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'callgather-faults-'))
      await using stage = await openStage(`file:${join(folder, 'calls.db')}`)
      await suffer(stage, fault)
      rmSync(folder, { recursive: true, force: true })
    })
  }
})

describeWithRedis('on Redis, a client’s calls survive', () => {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always']
  const ofRedis: Record<string, Fault> = {
    ...faults,
    'SIGKILL of Redis': async (_, redis) => {
      await redis?.kill()
      await redis?.start()
    },
    'a move to another server': (stage) => stage.move(),
  }
  for (const [name, fault] of Object.entries(ofRedis)) {
    it.runIf(LONG || isQuick(name))(name, together, async () => {
      await using redis = await TestRedis.start(...durable)
      await using stage = await openStage(redis.url, name.startsWith('a move') ? 2 : 1)
      await suffer(stage, fault, redis)
    })
  }

  it('a flush of the store, by beginning anew and saying so', together, async () => {
    // In one step, since what is told up to the last moment is to be judged: what was goes to another database of
    // this Redis, and the one that is in use is emptied, as FLUSHALL empties it.
    const flush = `
        for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', 1) end
        return redis.call('FLUSHDB')`
    await using redis = await TestRedis.start()
    await using stage = await openStage(redis.url)
    const past = redisStore({ url: `${redis.url}/1` })
    try {
      await suffer(stage, async () => void redis.cli('EVAL', flush, '0'), redis, past)
    } finally {
      await past.close()
    }
  })
})
