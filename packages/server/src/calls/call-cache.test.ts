import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CallEvent, foldCall } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, coldNode, key, keys, news, nodeOn } from '../testing/long-call.ts'
import { CallCache } from './call-cache.ts'
import { CallDirectory } from './call-directory.ts'
import { CallFeed } from './call-feed.ts'

const eventsOf = (...events: readonly CallEvent[]) => ({ events: news(events) })

/** Creates two nodes on one shared store. With `isBusSilent`, the bus delivers nothing to the first node. */
function nodes({ isBusSilent = true, ...changed }: Partial<CallStore> & { isBusSilent?: boolean } = {}) {
  const shared: CallStore = { ...memoryStore(), isShared: true }
  const store = { ...shared, ...changed, ...(isBusSilent ? { subscribe: async () => () => {} } : {}) }
  const asked = { append: vi.spyOn(store, 'append'), head: vi.spyOn(store, 'head'), read: vi.spyOn(store, 'read') }
  const one = nodeOn(store)
  return { shared, asked, feed: one.feed, one: one.cache, other: nodeOn(shared).cache }
}

const append = (cache: CallCache, nth: number) => cache.append(CALL, () => eventsOf(key(nth)))

describe('a call that several nodes append to', () => {
  it('appends to a call without reading the store while the bus delivers every record', async () => {
    const { one, other, asked } = nodes({ isBusSilent: false })
    await append(one, 1)
    for (const ask of Object.values(asked)) ask.mockClear()
    for (let nth = 2; nth < 20; nth++) await append(nth % 3 === 0 ? other : one, nth)
    expect(asked.head).not.toHaveBeenCalled()
    expect(asked.read).not.toHaveBeenCalled()
    expect(asked.append).toHaveBeenCalledTimes(12)
    expect((await one.open(CALL)).state.keys.size).toBe(19)
  })

  it('an append repeats its decision on records of another node that the bus did not deliver', async () => {
    const { one, other, feed } = nodes()
    await append(one, 1)
    await append(other, 2)
    const sizes: number[] = []
    const grown = vi.fn()
    await feed.subscribe(CALL, { onGrowth: ({ records }) => grown(...records.map(({ seq }) => seq)) })
    const { records } = await one.append(CALL, ({ cursor, state }) => {
      sizes.push(state.keys.size)
      expect(cursor?.seq).toBe(state.keys.size)
      return eventsOf(key(3))
    })
    expect(sizes).toEqual([1, 2])
    expect(records).toMatchObject([{ seq: 3 }])
    expect(grown.mock.calls.flat()).toEqual([2, 3])
  })

  it('catches up with a shared store before a decision to append nothing or to refuse takes effect', async () => {
    const { one, other } = nodes()
    await append(one, 1)
    await append(other, 2)
    await append(other, 3)
    const nine = await one.append(CALL, ({ state }) => (state.keys.size < 3 ? { events: [] } : eventsOf(key(9))))
    expect(nine.records).toMatchObject([{ seq: 4 }])
    await append(other, 5)
    const refused = await one.append(CALL, ({ state }) => ({ refused: state.keys.size < 5 ? 'too early' : 'too late' }))
    expect(refused).toEqual({ decision: { refused: 'too late' }, records: [], duplicates: [], isErased: false })
    await append(one, 6)
    expect((await one.open(CALL)).state.keys.size).toBe(6)
  })

  it('an append reports an event that another node has stored as a duplicate, after one store append', async () => {
    const { one, other, asked } = nodes()
    await append(one, 1)
    await append(other, 2)
    asked.append.mockClear()
    expect(await append(one, 2)).toMatchObject({ records: [], duplicates: [{ id: key(2).id, isConflict: false }] })
    expect(asked.append).toHaveBeenCalledOnce()
  })

  it('folds a call from an empty state when the bus did not report that the call was erased or rewritten', async () => {
    const { shared, one, feed } = nodes()
    const forgotten = vi.fn()
    await append(one, 1)
    await feed.subscribe(CALL, { onForgotten: forgotten })
    await shared.forget(CALL)
    expect((await append(one, 2)).records).toMatchObject([{ seq: 1 }])
    expect(forgotten).toHaveBeenCalledOnce()
    const head = feed.headOf(CALL)
    if (head) await shared.rewrite(CALL, head, [{ seq: 1, event: { ...key(2), payload: { digit: null } } }])
    expect((await append(one, 3)).records).toMatchObject([{ seq: 2 }])
    expect(feed.headOf(CALL)?.epoch).not.toBe(head?.epoch)
    const { state } = await one.open(CALL)
    expect(JSON.stringify(state)).toBe(
      JSON.stringify(foldCall(CALL, [{ ...key(2), payload: { digit: null } }, key(3)])),
    )
  })

  it('retries an append while other nodes append first, and decides each time on their records', async () => {
    const { shared, one } = nodes({
      append: async (callId, events, { expectedHead, ...options } = {}) => {
        if (others < 50) await shared.append(callId, news([key(100 + others++)]))
        return shared.append(callId, events, { ...options, ...(expectedHead === undefined ? {} : { expectedHead }) })
      },
    })
    let others = 0
    let decidedOn = 0
    const { records } = await one.append(CALL, ({ state }) => {
      decidedOn = state.keys.size
      return eventsOf(key(1))
    })
    expect(decidedOn).toBe(50)
    expect(records).toMatchObject([{ seq: 51 }])
    expect((await one.open(CALL)).state.keys.size).toBe(51)
  })

  it('rejects an append as unavailable when the log grows during every attempt', async () => {
    const { shared, one } = nodes({
      append: async (callId, events, options) => {
        await shared.append(callId, news([key(100 + others++)]))
        return shared.append(callId, events, options)
      },
    })
    let others = 0
    await expect(append(one, 1)).rejects.toThrow('grows too fast')
    expect(await shared.has(CALL, key(1).id)).toBe(false)
  })
})

describe('an erased call', () => {
  it('the call cache evicts a call when the call is erased from the store', async () => {
    const { store, cache } = await coldNode()
    await cache.open(CALL)
    expect(cache.size).toBe(1)
    await store.forget(CALL)
    await vi.waitFor(() => expect(cache.size).toBe(0))
  })
})

describe('a call that is not folded yet', () => {
  it('folds the new log of a call that is erased and restarted during a fold', async () => {
    const { store, cache } = await coldNode()
    const states: number[] = []
    cache.subscribeAll({ onChange: ({ keys }) => states.push(keys.size) })
    const folding = cache.open(CALL)
    await new Promise((resolve) => setImmediate(resolve))
    await store.forget(CALL)
    await store.append(CALL, news(keys(1, 3)))
    await folding
    expect((await cache.open(CALL)).state.keys.size).toBe(3)
    expect(states.at(-1)).toBe(3)
  })
})

describe('the limit of cached calls', () => {
  /** Creates a cache that keeps three unused calls, and opens the named calls in it. */
  async function three(...names: readonly string[]) {
    const { cache } = nodeOn(memoryStore(), { maxCached: 3 })
    const happen = (name: string) =>
      cache.append(name, ({ cursor }) =>
        eventsOf(cursor ? key(cursor.seq + 1) : { ...key(1), event_type: 'call.closed' }),
      )
    for (const name of names) await happen(name)
    const kept = () => names.filter((name) => cache.has(name)).join('')
    return { cache, happen, kept }
  }

  it('the call cache evicts the least recently used call', async () => {
    const { happen, kept } = await three('a', 'b', 'c')
    await happen('a')
    await happen('d')
    expect(kept()).toBe('ac')
    await happen('b')
    expect(kept()).toBe('ab')
  })

  it('the call cache keeps a call while it has a subscriber, and evicts it only after the subscriber has left', async () => {
    const { cache, happen, kept } = await three('a', 'b', 'c', 'd', 'e', 'f', 'g')
    const stops = await Promise.all([...'abcd'].map((name) => cache.subscribe(name, {})))
    expect(kept()).toBe('abcdefg')
    for (const name of 'fabcdeg') await happen(name)
    await happen('h')
    expect(kept()).toBe('abcdeg')
    stops[1]?.()
    stops[0]?.()
    expect(kept()).toBe('abcd')
    await happen('e')
    expect(kept()).toBe('abcde')
  })

  it('the call cache evicts erased calls, except calls with a subscriber', async () => {
    const { store, feed, cache } = nodeOn(memoryStore())
    for (const name of 'abc') await cache.append(name, () => eventsOf(key(1)))
    await cache.subscribe('c', {})
    for (const name of 'abc') await store.forget(name, Date.now() + 1)
    expect(feed.headOf('a')).toBeNull()
    expect(cache.size).toBe(1)
    expect((await cache.open('a')).cursor).toBeNull()
  })
})

describe('live calls', () => {
  it('appends to a live call without reading the store, even when more calls are live than the cache holds', async () => {
    const store = memoryStore()
    const [read, head] = [vi.spyOn(store, 'read'), vi.spyOn(store, 'head')]
    const { cache } = nodeOn(store, { maxCached: 10 })
    const directory = new CallDirectory({ cache, store, access: { isAllowed: async () => true } })
    await directory.subscribe(() => {})
    const calls = Array.from({ length: 20 }, (_, nth) => `v3:${nth}`)
    for (const callId of calls) await cache.append(callId, () => eventsOf(...keys(1, 50)))
    for (const ask of [read, head]) ask.mockClear()
    for (let nth = 51; nth < 56; nth++) for (const callId of calls) await cache.append(callId, () => eventsOf(key(nth)))
    expect(read).not.toHaveBeenCalled()
    expect(head).not.toHaveBeenCalled()
    expect(cache.size).toBe(20)
    directory.close()
  })

  it('the call cache evicts live calls that are silent for an hour or exceed the limit of live calls', async () => {
    let now = 0
    const { cache } = nodeOn(memoryStore(), { maxCached: 1, maxLive: 3, now: () => now })
    for (const name of 'abcde') await cache.append(name, () => eventsOf(key(1)))
    expect(cache.size).toBe(4)
    now += 3_600_000
    await cache.append('f', () => eventsOf(key(1)))
    expect(cache.size).toBe(2)
  })
})

describe('a listener that throws', () => {
  it('completes an append and notifies every other subscriber when a subscriber throws', async () => {
    const failures: unknown[] = []
    const store = memoryStore()
    const report = (error: unknown) => failures.push(error)
    const feed = new CallFeed(store, report)
    const cache = new CallCache(store, feed, { onSubscriberError: report })
    const fail = () => {
      throw new Error('a bug')
    }
    const grown = vi.fn()
    await feed.subscribe(CALL, { onGrowth: fail })
    await cache.subscribe(CALL, { onChange: fail })
    await cache.subscribe(CALL, { onChange: grown })
    expect((await append(cache, 1)).records).toHaveLength(1)
    expect(grown).toHaveBeenCalledOnce()
    expect(failures).toHaveLength(2)
  })
})

it('a cached call does not keep the webhook that was appended to it in memory', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const { cache } = nodeOn(memoryStore())
  const appendOnce = async () => {
    const webhook = { event: key(1) }
    await cache.append(CALL, () => eventsOf({ ...webhook.event }))
    return new WeakRef(webhook)
  }
  const webhook = await appendOnce()
  // A reference stays strong until the turn of the event loop ends.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(cache.has(CALL)).toBe(true)
  expect(webhook.deref()).toBeUndefined()
})
