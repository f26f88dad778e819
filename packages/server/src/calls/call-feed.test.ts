import { type CallEvent, foldCall } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { parseRecords } from '../store/stored-event.ts'
import { CALL, coldNode, key, keys, LENGTH, news, nodeOn } from '../testing/long-call.ts'
import { CallDirectory } from './call-directory.ts'
import type { CallFeed } from './call-feed.ts'

async function watched(feed: CallFeed, after = 0) {
  const seen: { seqs: number[]; events: CallEvent[] } = { seqs: [], events: [] }
  await feed.subscribe(CALL, {
    onGrowth: ({ records }) => {
      seen.seqs.push(...records.map(({ seq }) => seq))
    },
  })
  const known = await feed.readToEnd(
    CALL,
    () => after,
    ({ cursor, events }) => {
      seen.events = events.map((text) => JSON.parse(text))
      seen.seqs = events.map((_, index) => cursor.seq - events.length + 1 + index)
    },
  )
  return { ...seen, known, seqs: seen.seqs, all: () => seen.seqs }
}

describe('a call that is not folded', () => {
  it('`readToEnd` reads the whole log of a call without folding the call', async () => {
    const { feed, cache } = await coldNode()
    const began = vi.fn((tail: { events: readonly string[] }) => {
      expect(tail.events.map((text) => JSON.parse(text))).toEqual(keys(1, LENGTH))
    })
    expect(await feed.readToEnd(CALL, () => 0, began)).toBe(true)
    expect(began).toHaveBeenCalledOnce()
    expect(cache.has(CALL)).toBe(false)
  })

  it('delivers each event to a subscriber once while the call is folded and appended to', async () => {
    const { feed, cache } = await coldNode()
    const first = await watched(feed)
    const appends = keys(LENGTH + 1, LENGTH + 20).map((event) => cache.append(CALL, () => ({ events: news([event]) })))
    const second = await watched(feed, LENGTH - 5)
    await Promise.all(appends)
    const upTo = LENGTH + 20
    expect(first.all()).toEqual(Array.from({ length: upTo }, (_, index) => index + 1))
    expect(second.all()).toEqual(Array.from({ length: 25 }, (_, index) => LENGTH - 4 + index))
    const { state, cursor } = await cache.open(CALL)
    expect(cursor?.seq).toBe(upTo)
    expect(JSON.stringify(state)).toBe(JSON.stringify(foldCall(CALL, keys(1, upTo))))
  })

  it('`readToEnd` resolves to false when the store does not have the call', async () => {
    const { feed } = nodeOn(memoryStore())
    expect(await feed.readToEnd(CALL, () => 0, vi.fn())).toBe(false)
    expect(feed.headOf(CALL)).toBeNull()
  })
})

describe('the subscribers of a call', () => {
  it('publishes an event to each feed subscriber before the cache folds the event', async () => {
    const { feed, cache } = nodeOn(memoryStore())
    const append = (nth: number) => cache.append(CALL, () => ({ events: news([key(nth)]) }))
    await append(1)
    const order: string[] = []
    cache.subscribeAll({ onChange: ({ keys }) => order.push(`folded ${keys.size}`) })
    await feed.subscribe(CALL, { onGrowth: ({ cursor }) => order.push(`published ${cursor.seq}`) })
    await append(2)
    expect(order).toEqual(['published 2', 'folded 2'])
  })

  it('the feed subscribes to the store once per call, and releases the call with its last subscriber', async () => {
    const store = memoryStore()
    const watch = vi.spyOn(store, 'subscribe')
    const { feed } = nodeOn(store)
    await store.append(CALL, news([key(1)]))
    const stops = [await feed.subscribe(CALL, {}), await feed.subscribe(CALL, {})]
    stops[0]?.()
    expect(feed.headOf(CALL)).toMatchObject({ seq: 1 })
    stops[1]?.()
    expect(feed.headOf(CALL)).toBeNull()
    expect(watch).toHaveBeenCalledOnce()
  })
})

describe('a call with a record that cannot be read', () => {
  it('folds, publishes and appends to a call despite an unreadable record, and reports the record', async () => {
    const store = memoryStore()
    const damaged: CallStore = {
      ...store,
      async readJson(callId, after, limit) {
        const slice = await store.readJson(callId, after, limit)
        return slice && { ...slice, events: slice.events.map((text, index) => (after + index === 1 ? '{"no":' : text)) }
      },
    }
    damaged.read = async (callId, after, limit) => {
      const slice = await damaged.readJson(callId, after, limit)
      return slice && { epoch: slice.epoch, records: parseRecords(slice.events, after) }
    }
    await store.append(CALL, news(keys(1, 3)))
    const unreadable = vi.fn()
    const { feed, cache } = nodeOn(damaged, { onUnreadable: unreadable })
    const { events } = await watched(feed)
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'call.dtmf.received',
      'unreadable:record',
      'call.dtmf.received',
    ])
    expect((await cache.append(CALL, () => ({ events: news([key(4)]) }))).records).toMatchObject([{ seq: 4 }])
    expect((await cache.open(CALL)).state.keys.size).toBe(3)
    expect(unreadable.mock.calls).toEqual([[CALL, 2]])
    const directory = new CallDirectory({ cache, store: damaged, access: { isAllowed: async () => true } })
    await store.append('v3:other', news([key(1)]))
    const { calls } = await directory.listFor({ subject: 'a', calls: '*', scopes: ['view'] })
    expect(calls.map(({ callId }) => callId).sort()).toEqual([CALL, 'v3:other'])
    directory.close()
  })
})
