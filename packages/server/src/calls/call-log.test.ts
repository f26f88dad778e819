import { type CallEvent, foldCall } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { readStored } from '../store/stored-event.ts'
import { CallDirectory } from './call-directory.ts'
import { CallLog } from './call-log.ts'

const CALL = 'v3:long'
const LENGTH = 1_700

const key = (nth: number): CallEvent => ({
  id: `key-${nth}`,
  event_type: 'call.dtmf.received',
  occurred_at: `2026-11-22T10:41:00.${String(nth).padStart(6, '0')}Z`,
  payload: { digit: String(nth % 10) },
})
const keys = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => key(from + index))
const news = (events: readonly CallEvent[]) => events.map((event) => ({ event }))

/** A node that has just started, and a long call in its store. */
async function coldNode(store: CallStore = memoryStore()) {
  await store.append(CALL, news(keys(1, LENGTH)))
  return { store, log: new CallLog(store) }
}

async function watched(log: CallLog, after = 0) {
  const seen: { seqs: number[]; events: CallEvent[] } = { seqs: [], events: [] }
  await log.follow(CALL, {
    grown: ({ records }) => {
      seen.seqs.push(...records.map(({ seq }) => seq))
    },
  })
  const known = await log.readUpToNow(
    CALL,
    () => after,
    ({ cursor, events }) => {
      seen.events = events.map((text) => JSON.parse(text))
      seen.seqs = events.map((_, index) => cursor.seq - events.length + 1 + index)
    },
  )
  return { ...seen, known, seqs: seen.seqs, all: () => seen.seqs }
}

/** Two nodes on one store. The bus tells the first of nothing, unless it is asked to. */
function nodes({ deaf = true, ...changed }: Partial<CallStore> & { deaf?: boolean } = {}) {
  const shared: CallStore = { ...memoryStore(), shared: true }
  const store = { ...shared, ...changed, ...(deaf ? { watch: async () => () => {} } : {}) }
  const asked = { append: vi.spyOn(store, 'append'), head: vi.spyOn(store, 'head'), read: vi.spyOn(store, 'read') }
  return { shared, asked, one: new CallLog(store), other: new CallLog(shared) }
}

const append = (log: CallLog, nth: number) => log.append(CALL, () => news([key(nth)]))

describe('a call that several nodes append to', () => {
  it('is not read for an event, while the bus tells of everything', async () => {
    const { one, other, asked } = nodes({ deaf: false })
    await append(one, 1)
    for (const ask of Object.values(asked)) ask.mockClear()
    for (let nth = 2; nth < 20; nth++) await append(nth % 3 === 0 ? other : one, nth)
    expect(asked.head).not.toHaveBeenCalled()
    expect(asked.read).not.toHaveBeenCalled()
    expect(asked.append).toHaveBeenCalledTimes(12)
    expect((await one.open(CALL)).state.keys.size).toBe(19)
  })

  it('makes an event anew from what the other has appended, where the bus has not told of it', async () => {
    const { one, other } = nodes()
    await append(one, 1)
    await append(other, 2)
    const sizes: number[] = []
    const grown = vi.fn()
    await one.follow(CALL, { grown: ({ records }) => grown(...records.map(({ seq }) => seq)) })
    const { records } = await one.append(CALL, ({ cursor, state }) => {
      sizes.push(state.keys.size)
      expect(cursor?.seq).toBe(state.keys.size)
      return news([key(3)])
    })
    expect(sizes).toEqual([1, 2])
    expect(records).toMatchObject([{ seq: 3 }])
    expect(grown.mock.calls.flat()).toEqual([2, 3])
  })

  it('concludes neither that there is nothing to append nor an error from what it may not know', async () => {
    const { one, other } = nodes()
    await append(one, 1)
    await append(other, 2)
    const withTwo = async (make: () => []) =>
      one.append(CALL, ({ state }) => (state.keys.size < 3 ? make() : news([key(9)])))
    await append(other, 3)
    expect((await withTwo(() => [])).records).toMatchObject([{ seq: 4 }])
    await append(other, 5)
    const stale = vi.fn(({ state }) => {
      if (state.keys.size < 5) throw new Error('too early')
      throw new Error('too late')
    })
    await expect(one.append(CALL, stale)).rejects.toThrow('too late')
    await append(one, 6)
    expect((await one.open(CALL)).state.keys.size).toBe(6)
  })

  it('answers what the log has already in one step, however little is known here', async () => {
    const { one, other, asked } = nodes()
    await append(one, 1)
    await append(other, 2)
    asked.append.mockClear()
    expect(await append(one, 2)).toMatchObject({ records: [], duplicates: [{ id: key(2).id, conflict: false }] })
    expect(asked.append).toHaveBeenCalledOnce()
  })

  it('begins anew where the call was forgotten, or rewritten, unheard', async () => {
    const { shared, one } = nodes()
    const forgotten = vi.fn()
    await append(one, 1)
    await one.follow(CALL, { forgotten })
    await shared.forget(CALL)
    expect((await append(one, 2)).records).toMatchObject([{ seq: 1 }])
    expect(forgotten).toHaveBeenCalledOnce()
    const head = one.headOf(CALL)
    if (head) await shared.rewrite(CALL, head, [{ seq: 1, event: { ...key(2), payload: { digit: null } } }])
    const { records, epoch } = await append(one, 3)
    expect(records).toMatchObject([{ seq: 2 }])
    expect(epoch).not.toBe(head?.epoch)
    const { state } = await one.open(CALL)
    expect(JSON.stringify(state)).toBe(
      JSON.stringify(foldCall(CALL, [{ ...key(2), payload: { digit: null } }, key(3)])),
    )
  })

  it('gets an event in, however often others are quicker', async () => {
    const { shared, one } = nodes({
      append: async (callId, events, { at, ...options } = {}) => {
        // Another has always been there before.
        if (at !== undefined) await shared.append(callId, news([key(100 + others++)]))
        return shared.append(callId, events, { ...options, ...(at === undefined ? {} : { at }) })
      },
    })
    let others = 0
    const { records } = await append(one, 1)
    expect(others).toBeGreaterThan(1)
    expect(records).toMatchObject([{ seq: others + 1 }])
    expect((await one.open(CALL)).state.keys.size).toBe(others + 1)
  })
})

describe('a call that is forgotten', () => {
  it('is let go by the node that had folded it', async () => {
    const { store, log } = await coldNode()
    await log.open(CALL)
    expect(log.size).toBe(1)
    await store.forget(CALL)
    await vi.waitFor(() => expect(log.size).toBe(0))
  })
})

describe('a call that nobody has folded here', () => {
  it('is handed over whole before it is folded, and folded afterwards', async () => {
    const { log } = await coldNode()
    const grown = vi.fn()
    log.listenAll({ grown })
    let toldBefore = -1
    const began = (slice: { events: readonly string[] }) => {
      toldBefore = grown.mock.calls.length
      expect(slice.events.map((text) => JSON.parse(text))).toEqual(keys(1, LENGTH))
    }
    expect(await log.readUpToNow(CALL, () => 0, began)).toBe(true)
    expect(toldBefore).toBe(0)
    await vi.waitFor(() => expect(grown).toHaveBeenCalledOnce())
    const [[growth]] = grown.mock.calls as [[{ records: unknown[]; state: unknown }]]
    expect(growth.records).toHaveLength(LENGTH)
    expect(JSON.stringify(growth.state)).toBe(JSON.stringify(foldCall(CALL, keys(1, LENGTH))))
  })

  it('gives a watcher every event once, whatever is appended while it is folded', async () => {
    const { log } = await coldNode()
    const first = await watched(log)
    const appends = keys(LENGTH + 1, LENGTH + 20).map((event) => log.append(CALL, () => news([event])))
    const second = await watched(log, LENGTH - 5)
    await Promise.all(appends)
    const upTo = LENGTH + 20
    expect(first.all()).toEqual(Array.from({ length: upTo }, (_, index) => index + 1))
    expect(second.all()).toEqual(Array.from({ length: 25 }, (_, index) => LENGTH - 4 + index))
    const { state, cursor } = await log.open(CALL)
    expect(cursor?.seq).toBe(upTo)
    expect(JSON.stringify(state)).toBe(JSON.stringify(foldCall(CALL, keys(1, upTo))))
  })

  it('is not taken for folded when it is forgotten, and begun anew, in the middle', async () => {
    const { store, log } = await coldNode()
    const states: number[] = []
    log.listenAll({ grown: ({ state }) => states.push(state.keys.size) })
    await watched(log)
    const folding = log.open(CALL)
    await store.forget(CALL)
    await store.append(CALL, news(keys(1, 3)))
    await folding
    expect((await log.open(CALL)).state.keys.size).toBe(3)
    expect(states.at(-1)).toBe(3)
  })

  it('does not exist where the store does not know it', async () => {
    const log = new CallLog(memoryStore())
    expect(await log.readUpToNow(CALL, () => 0, vi.fn())).toBe(false)
    expect(log.size).toBe(0)
  })
})

describe('the calls that are kept folded', () => {
  /** A log that keeps three, and calls in it by name. */
  async function three(...names: readonly string[]) {
    const log = new CallLog(memoryStore(), { maxCached: 3 })
    const happen = (name: string) =>
      log.append(name, ({ cursor }) =>
        news(cursor ? [key(cursor.seq + 1)] : [{ ...key(1), event_type: 'call.closed' }]),
      )
    for (const name of names) await happen(name)
    const kept = () => names.filter((name) => log.headOf(name) !== null).join('')
    return { log, happen, kept }
  }

  it('are those that were used last', async () => {
    const { happen, kept } = await three('a', 'b', 'c')
    await happen('a')
    await happen('d')
    expect(kept()).toBe('ac')
    await happen('b')
    expect(kept()).toBe('ab')
  })

  it('are, besides, all that are followed, until they are not', async () => {
    const { log, happen, kept } = await three('a', 'b', 'c', 'd', 'e')
    const stops = await Promise.all([...'abcd'].map((name) => log.follow(name, {})))
    expect(kept()).toBe('abcd')
    for (const name of 'eabcde') await happen(name)
    expect(log.size).toBe(4)
    expect(kept()).toBe('abcd')
    stops[1]?.()
    stops[0]?.()
    expect(kept()).toBe('acd')
    await happen('e')
    expect(kept()).toBe('cde')
  })

  it('are not those that were forgotten', async () => {
    const store = memoryStore()
    const log = new CallLog(store)
    for (const name of 'abc') await log.append(name, () => news([key(1)]))
    await log.follow('c', {})
    await store.forgetBefore(Date.now() + 1)
    expect(log.headOf('a')).toBeNull()
    expect(log.size).toBe(1)
    expect((await log.open('a')).cursor).toBeNull()
  })
})

describe('more live calls than stay folded', () => {
  it('cost one append and no read for each event, while the calls are listed', async () => {
    const store = memoryStore()
    const [read, head] = [vi.spyOn(store, 'read'), vi.spyOn(store, 'head')]
    const log = new CallLog(store, { maxCached: 10 })
    const directory = new CallDirectory({ log, store, access: { may: async () => true } })
    await directory.listen(() => {})
    const calls = Array.from({ length: 20 }, (_, nth) => `v3:${nth}`)
    for (const callId of calls) await log.append(callId, () => news(keys(1, 50)))
    for (const ask of [read, head]) ask.mockClear()
    for (let nth = 51; nth < 56; nth++) for (const callId of calls) await log.append(callId, () => news([key(nth)]))
    expect(read).not.toHaveBeenCalled()
    expect(head).not.toHaveBeenCalled()
    expect(log.size).toBe(20)
    directory.close()
  })

  it('are evicted when they have been silent for an hour, or are too many', async () => {
    let now = 0
    const log = new CallLog(memoryStore(), { maxCached: 1, maxLive: 3, now: () => now })
    for (const name of 'abcde') await log.append(name, () => news([key(1)]))
    expect(log.size).toBe(4)
    now += 3_600_000
    await log.append('f', () => news([key(1)]))
    expect(log.size).toBe(2)
  })
})

describe('a listener that throws', () => {
  it('fails neither the append nor the other listeners', async () => {
    const failures: unknown[] = []
    const log = new CallLog(memoryStore(), { listenerFailed: (error) => failures.push(error) })
    const fail = () => {
      throw new Error('a bug')
    }
    const grown = vi.fn()
    await log.follow(CALL, { grown: fail })
    await log.listen(CALL, { grown: fail })
    await log.listen(CALL, { grown })
    expect((await append(log, 1)).records).toHaveLength(1)
    expect(grown).toHaveBeenCalledOnce()
    expect(failures).toHaveLength(2)
  })
})

describe('a call with a record that cannot be read', () => {
  it('is folded, watched and appended to without it, and reported', async () => {
    const store = memoryStore()
    const damaged: CallStore = {
      ...store,
      async readWritten(callId, after, limit) {
        const slice = await store.readWritten(callId, after, limit)
        return slice && { ...slice, events: slice.events.map((text, index) => (after + index === 1 ? '{"no":' : text)) }
      },
    }
    damaged.read = async (callId, after, limit) => {
      const slice = await damaged.readWritten(callId, after, limit)
      return slice && { epoch: slice.epoch, records: readStored(slice.events, after) }
    }
    await store.append(CALL, news(keys(1, 3)))
    const unreadable = vi.fn()
    const log = new CallLog(damaged, { unreadable })
    const { events } = await watched(log)
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'call.dtmf.received',
      'unreadable:record',
      'call.dtmf.received',
    ])
    expect((await append(log, 4)).records).toMatchObject([{ seq: 4 }])
    expect((await log.open(CALL)).state.keys.size).toBe(3)
    expect(unreadable.mock.calls).toEqual([[CALL, 2]])
    const directory = new CallDirectory({ log, store: damaged, access: { may: async () => true } })
    await store.append('v3:other', news([key(1)]))
    const { calls } = await directory.listFor({ subject: 'a', calls: '*', scopes: ['view'] })
    expect(calls.map(({ callId }) => callId).sort()).toEqual([CALL, 'v3:other'])
    directory.close()
  })
})
