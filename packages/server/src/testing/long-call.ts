/** A call with many key presses, for tests of `CallFeed` and `CallCache`. */
import type { CallEvent } from '@callgather/protocol'
import { CallCache, type CallCacheOptions } from '../calls/call-cache.ts'
import { CallFeed } from '../calls/call-feed.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'

export const CALL = 'v3:long'
export const LENGTH = 1_700

export const key = (nth: number): CallEvent => ({
  id: `key-${nth}`,
  event_type: 'call.dtmf.received',
  occurred_at: `2026-11-22T10:41:00.${String(nth).padStart(6, '0')}Z`,
  payload: { digit: String(nth % 10) },
})
export const keys = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => key(from + index))
export const news = (events: readonly CallEvent[]) => events.map((event) => ({ event }))

/** Creates a node with an empty cache on a store. */
export function nodeOn(store: CallStore, options?: CallCacheOptions) {
  const feed = new CallFeed(store)
  return { store, feed, cache: new CallCache(store, feed, options) }
}

/** Creates a node with an empty cache and a long call in its store. */
export async function coldNode(store: CallStore = memoryStore()) {
  await store.append(CALL, news(keys(1, LENGTH)))
  return nodeOn(store)
}
