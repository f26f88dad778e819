import { type CallEvent, foldCall, readEvent } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import { CallLog } from './call-log.ts'
import type { CallStore } from './call-store.ts'
import { memoryStore } from './memory-store.ts'

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
      seen.events = events.map(readEvent)
      seen.seqs = events.map((_, index) => cursor.seq - events.length + 1 + index)
    },
  )
  return { ...seen, known, seqs: seen.seqs, all: () => seen.seqs }
}

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
      expect(slice.events.map(readEvent)).toEqual(keys(1, LENGTH))
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
