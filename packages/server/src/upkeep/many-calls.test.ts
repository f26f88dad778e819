/** The list of calls and retention with many calls, in sqlite and Redis; 100,000 calls with CALLGATHER_LONG. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallEvent } from '@callgather/protocol'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import pMap from 'p-map'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { CallCache } from '../calls/call-cache.ts'
import { CallDirectory } from '../calls/call-directory.ts'
import { CallFeed } from '../calls/call-feed.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { Retention } from './retention.ts'

const CALLS = process.env.CALLGATHER_LONG ? 100_000 : 500
const TIMEOUT_MS = CALLS * 12 + 60_000
const HOUR_MS = 3_600_000

const eventOf = (id: string, event_type: string, payload: Record<string, unknown> = {}): CallEvent =>
  ({ id, event_type, occurred_at: '2026-11-22T10:41:00.000000Z', payload }) as CallEvent

const spoken = eventOf('speech', 'call.transcription', {
  transcription_data: { transcript: 'what was said', is_final: true, confidence: 0.9 },
})
const hangup = eventOf('end', 'call.hangup', {})

/** Wraps a store and counts its concurrent operations. */
function counted(store: CallStore) {
  const counts = { running: 0, most: 0, reads: 0, rewrites: 0 }
  const during = async <T>(work: Promise<T>): Promise<T> => {
    counts.most = Math.max(counts.most, ++counts.running)
    try {
      return await work
    } finally {
      counts.running -= 1
    }
  }
  const watched: CallStore = {
    ...store,
    read: (...args) => {
      counts.reads += 1
      return during(store.read(...args))
    },
    rewrite: (...args) => {
      counts.rewrites += 1
      return during(store.rewrite(...args))
    },
    head: (...args) => during(store.head(...args)),
  }
  return { store: watched, counts }
}

/** Appends to one live call until the returned function is called, and collects failures. */
function liveTraffic(store: CallStore) {
  let isOver = false
  const failures: unknown[] = []
  const work = async () => {
    let count = 0
    for (; !isOver; count++) {
      await store
        .append('live', [{ event: eventOf(`live-${count}`, 'call.dtmf.received', { digit: '1' }) }])
        .catch((error) => {
          failures.push(error)
        })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return { count, failures }
  }
  const done = work()
  return () => {
    isOver = true
    return done
  }
}

function declare(
  name: string,
  open: (now: () => number) => Promise<{ store: CallStore; end: () => Promise<void> }>,
): void {
  it(
    `erases speech and calls, and lists calls, while live appends succeed, with ${CALLS} calls in a ${name} store`,
    async () => {
      let now = Date.now() - 200 * HOUR_MS
      const { store: plain, end } = await open(() => now)
      const { store, counts } = counted(plain)
      const ids = Array.from({ length: CALLS }, (_, nth) => `v3:${nth}`)
      const add = (callId: string) => plain.append(callId, [{ event: spoken }, { event: hangup }], { isOver: true })
      await pMap(ids, add, { concurrency: 64 })
      const logger = pino({ level: 'silent' })
      const retention = new Retention({ store, logger, now: () => now }, {})

      now += 2 * HOUR_MS
      const stop = liveTraffic(plain)
      await retention.run()
      expect(counts).toMatchObject({ reads: CALLS, rewrites: CALLS })
      expect(counts.most).toBeLessThanOrEqual(16)
      expect(JSON.stringify(await plain.read('v3:0', 0))).not.toContain('what was said')
      // A second run, by a server that has just started, finds no calls or speech to erase.
      await new Retention({ store, logger, now: () => now }, {}).run()
      expect(counts).toMatchObject({ reads: CALLS, rewrites: CALLS })

      counts.most = 0
      const cache = new CallCache(store, new CallFeed(store))
      const directory = new CallDirectory({ cache, store, access: { isAllowed: async () => true } }, { now: () => now })
      const { calls } = await directory.listFor({ subject: 'a', calls: '*', scopes: ['view'] })
      expect(calls.map(({ callId }) => callId)).toContain('live')
      expect(counts.most).toBeLessThanOrEqual(32)
      directory.close()
      cache.close()

      now += 190 * HOUR_MS
      expect(await retention.run()).toBeGreaterThanOrEqual(name === 'sqlite' ? CALLS : 0)
      const { count, failures } = await stop()
      expect(failures).toEqual([])
      expect(count).toBeGreaterThan(0)
      expect(await plain.head('v3:0')).toBeNull()
      expect(await plain.list({ limit: 10, before: now - 168 * HOUR_MS })).toEqual([])
      await end()
    },
    TIMEOUT_MS,
  )
}

describe('many calls', () => {
  declare('sqlite', async (now) => {
    const folder = mkdtempSync(join(tmpdir(), 'callgather-many-'))
    const store = sqliteStore({ path: join(folder, 'calls.db'), now })
    const end = async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    }
    return { store, end }
  })
})

describeWithRedis('many calls with Redis', () => {
  declare('Redis', async (now) => {
    const redis = await TestRedis.start()
    const store = redisStore({ url: redis.url, now, retentionMs: 400 * HOUR_MS, warn: () => {} })
    const end = async () => {
      await store.close()
      await redis[Symbol.asyncDispose]()
    }
    return { store, end }
  })
})

describe('the list of an agent', () => {
  async function directoryOf(count: number, maxCalls = 1_000) {
    const store = memoryStore()
    for (let nth = 0; nth < count; nth++) await store.append(`call-${nth}`, [{ event: eventOf('a', 'call.answered') }])
    const cache = new CallCache(store, new CallFeed(store))
    const errors: unknown[] = []
    const directory = new CallDirectory(
      { cache, store, access: { isAllowed: async () => true } },
      { maxCalls, onError: (error) => errors.push(error) },
    )
    return { store, cache, directory, errors }
  }
  const everyCall = { subject: 'a', calls: '*', scopes: ['view'] } as const
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  /** Resolves when the first list of 100 calls has read some of them. */
  const halfWay = async (cache: CallCache) => {
    while (cache.size < 30) await turn()
    expect(cache.size).toBeLessThan(100)
  }

  it('the first list reads ten calls in a turn of the event loop, so that sockets are served in between', async () => {
    const { cache, directory } = await directoryOf(100)
    const list = directory.listFor(everyCall)
    let most = 0
    for (let before = 0; before < 100; ) {
      await turn()
      most = Math.max(most, cache.size - before)
      before = cache.size
    }
    expect((await list).calls).toHaveLength(100)
    expect(most).toBeLessThanOrEqual(10)
    directory.close()
    cache.close()
  })

  it('calls that grow during the first list are the newest, also in a list that is cut', async () => {
    const { cache, directory } = await directoryOf(100, 10)
    const first = directory.listFor(everyCall)
    await halfWay(cache)
    await cache.append('call-3', () => ({ events: [{ event: eventOf('b', 'call.dtmf.received', { digit: '1' }) }] }))
    await cache.append('new', () => ({ events: [{ event: eventOf('a', 'call.answered') }] }))
    for (const { calls } of [await first, await directory.listFor(everyCall)]) {
      expect(calls.slice(0, 3).map(({ callId }) => callId)).toEqual(['new', 'call-3', 'call-99'])
    }
    directory.close()
    cache.close()
  })

  it('the first list reports no change to its subscribers, because the list itself has the calls', async () => {
    const { cache, directory } = await directoryOf(100)
    const changed: unknown[] = []
    const subscribe = () => directory.subscribe((change) => changed.push(change))
    const first = subscribe()
    await halfWay(cache)
    await Promise.all([first, subscribe()])
    expect(changed).toEqual([])
    directory.close()
    cache.close()
  })

  it('a first list that is closed meanwhile reads no further calls, and reports no errors', async () => {
    const { store, cache, directory, errors } = await directoryOf(100)
    const list = directory.listFor(everyCall)
    await halfWay(cache)
    directory.close()
    cache.close()
    await store.close()
    await list
    expect(cache.size).toBe(0)
    expect(errors).toEqual([])
  })

  it('lists the calls that the ticket of an agent allows, live calls first, and reports when the list is cut', async () => {
    const store = memoryStore()
    const cache = new CallCache(store, new CallFeed(store))
    let deciding = 0
    let most = 0
    const may = async () => {
      most = Math.max(most, ++deciding)
      await new Promise((resolve) => setImmediate(resolve))
      deciding -= 1
      return true
    }
    const directory = new CallDirectory({ cache, store, access: { isAllowed: may } }, { maxCalls: 10 })
    const gone: string[] = []
    await directory.subscribe((change) => change.kind === 'gone' && gone.push(change.callId))
    const at = new Date().toISOString().replace('Z', '000Z')
    await cache.append('mine', () => ({ events: [{ event: { ...eventOf('a', 'call.answered'), occurred_at: at } }] }))
    for (let nth = 0; nth < 200; nth++) {
      await cache.append(`other-${nth}`, () => ({ events: [{ event: { ...hangup, occurred_at: at } }] }))
    }
    expect(gone).toEqual([])
    const grant = { subject: 'a', scopes: ['view'] as const }
    const own = await directory.listFor({ ...grant, calls: ['mine'] })
    expect(own.calls.map(({ callId }) => callId)).toEqual(['mine'])
    expect(own.isTruncated).toBe(false)
    const all = await directory.listFor({ ...grant, calls: '*' })
    expect(all.calls).toHaveLength(10)
    expect(all.calls[0]?.callId).toBe('mine')
    expect(all.isTruncated).toBe(true)
    expect(most).toBeLessThanOrEqual(16)
    directory.close()
  })
})
