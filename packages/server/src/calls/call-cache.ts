/**
 * Caches the folded state of calls, and appends to their logs.
 *
 * A decision on the call's state chooses the events. The store rejects the append when the log has grown since; the cache
 * then catches up and repeats the decision. Any unused call may be evicted.
 */
import { type CallRecord, type CallState, type Cursor, initialCallState, reduceCall } from '@callgather/protocol'
import type { Span } from '@opentelemetry/api'
import { traceparentOf, withSpan } from '../edge/tracing.ts'
import { notifyEach } from '../store/bus.ts'
import {
  type AppendOptions,
  type AppendResult,
  type CallStore,
  type NewEvent,
  StoreUnavailableError,
  type Unsubscribe,
} from '../store/call-store.ts'
import { UNREADABLE_RECORD } from '../store/stored-event.ts'
import { type CallFeed, incompleteRead, type LogGrowth } from './call-feed.ts'

/** A call with its latest known state. */
export interface KnownCall {
  readonly callId: string
  /** The head of the call's log; `null` when no event has been appended yet. */
  readonly cursor: Cursor | null
  readonly state: CallState
}

/** The events to append to a call, or the reason to append none. */
export type Decision = { readonly events: readonly NewEvent[] } | { readonly refused: unknown }

/** A decision, and the result of appending its events. */
export interface DecisionResult<D extends Decision> extends Pick<AppendResult, 'records' | 'duplicates'> {
  readonly decision: D
  /** Whether the call was erased. Then nothing was appended. */
  readonly isErased: boolean
}

/** Receives the state of a call after each change. */
export interface CallSubscriber {
  onChange?(state: CallState): void
  /** The call was erased, or a new log replaced its log. Discard the old state. */
  onForgotten?(callId: string): void
}

/** Cache limits and callbacks. */
export interface CallCacheOptions {
  /** The maximum number of cached calls that are unused and ended or idle. Default 2000. */
  readonly maxCached?: number
  /** The maximum number of cached live calls that are unused. Folding an evicted call reads its log. Default 50000. */
  readonly maxLive?: number
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Whether a call was erased, so that nothing may be appended to it. Default: no call was. */
  readonly isErased?: (callId: string) => Promise<boolean>
  /** Called when the store is unavailable for an append. */
  readonly onAppendError?: (error: StoreUnavailableError) => void
  /** Called for each unreadable record when its call is folded. */
  readonly onUnreadable?: (callId: string, seq: number) => void
  /** Called with the error that a subscriber threw. */
  readonly onSubscriberError?: (error: unknown) => void
  /** Called with the records that this process appended, once they are durable and folded. */
  readonly onAppended?: (records: readonly CallRecord[], state: CallState) => void
}

const nothing = () => {}
const defaults: Required<CallCacheOptions> = {
  maxCached: 2_000,
  maxLive: 50_000,
  now: Date.now,
  isErased: async () => false,
  onAppendError: nothing,
  onUnreadable: nothing,
  onSubscriberError: nothing,
  onAppended: nothing,
}

/** The maximum number of attempts of one append when other processes keep appending first. */
const MAX_ATTEMPTS = 100
/** A call without events for this long counts as idle, even if its log has no end. */
const IDLE_AFTER_MS = 3_600_000
/** The maximum number of events to fold before the cache yields to the event loop. */
const FOLD_SLICE = 500

const endTypes: ReadonlySet<string> = new Set(['call.hangup', 'call.closed'])

interface Entry {
  readonly callId: string
  /** The cursor of the last record that is folded into the state. */
  cursor: Cursor | null
  state: CallState
  usedAt: number
  readonly subscribers: Set<CallSubscriber>
  /** Resolves when the last queued operation ends. Operations on a call run one after another. */
  queue: Promise<unknown>
  pending: number
  unsubscribe: Unsubscribe | null
}

/** Caches the folded calls of this process. */
export class CallCache {
  readonly #store: CallStore
  readonly #feed: CallFeed
  readonly #options: Required<CallCacheOptions>
  readonly #entries = new Map<string, Entry>()
  /** The unused calls, least recently used first, in two sets: live calls, and ended or idle calls. */
  readonly #live = new Set<Entry>()
  readonly #idle = new Set<Entry>()
  readonly #listeners = new Set<CallSubscriber>()

  constructor(store: CallStore, feed: CallFeed, options: CallCacheOptions = {}) {
    this.#store = store
    this.#feed = feed
    this.#options = { ...defaults, ...options }
  }

  /**
   * Appends the events of a decision after every earlier append to the call. `decide` must be pure: it runs again when
   * the log has grown since. Only the last decision takes effect, and is returned.
   *
   * @throws StoreUnavailableError when the store is unavailable, or when the log grows during every attempt.
   */
  append<D extends Decision>(
    callId: string,
    decide: (call: KnownCall) => D,
    { sessionId }: Pick<AppendOptions, 'sessionId'> = {},
  ): Promise<DecisionResult<D>> {
    return this.#inTurn(callId, async (entry) => {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        // The first attempt skips the read, because the bus keeps the state current and the store rejects a stale append.
        if (attempt > 1) await this.#feed.catchUp(callId)
        await this.#fold(entry)
        const isErased = await this.#options.isErased(callId)
        const { cursor: at, state } = entry
        const decision = decide({ callId, cursor: at, state })
        if (isErased) {
          // The log is left where the erasure failed half-way, or where another server did not know of it yet.
          if (at || this.#store.isShared) await this.#store.forget(callId)
          return { decision, records: [], duplicates: [], isErased }
        }
        const events = 'events' in decision ? decision.events : []
        if (events.length === 0) {
          // The store does not check an empty append for staleness, so catch up before returning.
          if (this.#store.isShared && attempt === 1) continue
          if (sessionId === undefined || !('events' in decision))
            return { decision, records: [], duplicates: [], isErased }
        }
        const isOver = hasEnded(state) || events.some(({ event }) => endTypes.has(event.event_type))
        let traceparent: string | undefined
        const write = async (span: Span) => {
          traceparent = traceparentOf(span)
          return this.#store.append(callId, events, { sessionId, expectedHead: at, isOver, traceparent })
        }
        const attributes = { 'callgather.events': events.length }
        const appended = await withSpan('callgather.append', attributes, write, outcomeOf).catch((error: unknown) => {
          if (StoreUnavailableError.isInstance(error)) this.#options.onAppendError(error)
          throw error
        })
        if (appended.isStale) continue
        await this.#feed.publish(callId, appended, traceparent)
        await this.#fold(entry)
        const { records, duplicates } = appended
        if (records.length > 0) this.#run(() => this.#options.onAppended(records, entry.state))
        return { decision, records, duplicates, isErased }
      }
      throw new StoreUnavailableError('The append failed because the log of the call grows too fast. Try again later.')
    })
  }

  /** Returns a call. Reads a shared store first, because other processes may have appended to the call. */
  open(callId: string): Promise<KnownCall> {
    return this.#current(callId, ({ cursor, state }) => ({ callId, cursor, state }))
  }

  /**
   * Resolves with the first non-null value of `read`, or `null` when the call has no log, is erased, or the signal aborts.
   */
  async waitFor<T>(callId: string, read: (state: CallState) => T | null, signal: AbortSignal): Promise<T | null> {
    let settle: (value: T | null) => void = nothing
    const settled = new Promise<T | null>((resolve) => {
      settle = resolve
    })
    const changed = (state: CallState) => {
      const value = read(state)
      if (value !== null) settle(value)
    }
    const stop = await this.subscribe(callId, { onChange: changed, onForgotten: () => settle(null) })
    signal.addEventListener('abort', () => settle(null))
    if (signal.aborted) settle(null)
    try {
      const { cursor, state } = await this.open(callId)
      // The call may have been erased before the subscription.
      if (cursor) changed(state)
      else settle(null)
      return await settled
    } finally {
      stop()
    }
  }

  /** Subscribes to the changes of one call. */
  subscribe(callId: string, listener: CallSubscriber): Promise<Unsubscribe> {
    return this.#current(callId, (entry) => {
      entry.subscribers.add(listener)
      return () => {
        entry.subscribers.delete(listener)
        this.#release(entry)
      }
    })
  }

  /** Subscribes to the changes of every call in the cache. */
  subscribeAll(listener: CallSubscriber): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether a call is in the cache or being folded. */
  has(callId: string): boolean {
    return this.#entries.has(callId)
  }

  /** The number of calls that the cache holds. */
  get size(): number {
    return this.#entries.size
  }

  /** Evicts every call. The store is not changed. */
  close(): void {
    for (const entry of this.#entries.values()) this.#evict(entry)
    this.#listeners.clear()
  }

  /** Queues work on a call. The call is not evicted while work is pending. */
  async #inTurn<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(callId) ?? this.#add(callId)
    this.#idle.delete(entry)
    this.#live.delete(entry)
    entry.pending += 1
    const run = entry.queue.then(async () => {
      entry.unsubscribe ??= await this.#subscribeTo(entry)
      return work(entry)
    })
    // Without the result: an idle call may stay in the cache for hours.
    entry.queue = run.then(nothing, nothing)
    try {
      return await run
    } finally {
      entry.pending -= 1
      this.#release(entry)
    }
  }

  /** Apart from `#inTurn`, because these closures live as long as the entry, with all that their scope holds. */
  #subscribeTo(entry: Entry): Promise<Unsubscribe> {
    return this.#feed.subscribe(entry.callId, {
      afterGrowth: (growth) => this.#grown(entry, growth),
      onForgotten: () => this.#reset(entry),
    })
  }

  /** Queues work on a call, and catches up with a shared store before the work runs. */
  #current<T>(callId: string, work: (entry: Entry) => T): Promise<T> {
    return this.#inTurn(callId, async (entry) => {
      // The bus may have dropped records of other processes.
      if (this.#store.isShared) await this.#feed.catchUp(callId)
      await this.#fold(entry)
      return work(entry)
    })
  }

  #add(callId: string): Entry {
    const entry: Entry = {
      callId,
      cursor: null,
      state: initialCallState(callId),
      usedAt: 0,
      subscribers: new Set(),
      queue: Promise.resolve(),
      pending: 0,
      unsubscribe: null,
    }
    this.#entries.set(callId, entry)
    return entry
  }

  #grown(entry: Entry, { cursor, records }: LogGrowth): void {
    const folded = entry.cursor?.seq ?? 0
    const fresh = records.filter(({ seq }) => seq > folded)
    if (fresh[0]?.seq === folded + 1) {
      this.#take(entry, cursor.epoch, fresh)
      this.#publish(entry)
    } else if (fresh.length > 0) this.#inTurn(entry.callId, (it) => this.#fold(it)).catch(nothing)
  }

  /** Folds the records after the cursor in slices, then publishes the state. */
  async #fold(entry: Entry): Promise<void> {
    const { callId } = entry
    const head = () => this.#feed.headOf(callId)
    const isBehind = () => (entry.cursor?.seq ?? 0) < (head()?.seq ?? 0)
    if (!isBehind()) return
    while (isBehind()) {
      const { cursor } = entry
      const slice = await this.#store.read(callId, cursor?.seq ?? 0, FOLD_SLICE)
      // The feed published records or replaced the log during the read.
      if (entry.cursor !== cursor || !head()) continue
      if (slice?.epoch !== head()?.epoch) await this.#feed.catchUp(callId)
      else if (!slice || slice.records.length === 0) throw incompleteRead()
      else this.#take(entry, slice.epoch, slice.records)
      if (isBehind()) await new Promise((resolve) => setImmediate(resolve))
    }
    if (entry.cursor) this.#publish(entry)
  }

  #take(entry: Entry, epoch: string, records: readonly CallRecord[]): void {
    for (const { seq, event } of records) {
      entry.cursor = { epoch, seq }
      try {
        if (event.event_type === UNREADABLE_RECORD) throw new TypeError('The record cannot be read.')
        entry.state = reduceCall(entry.state, event)
      } catch {
        this.#run(() => this.#options.onUnreadable(entry.callId, seq))
      }
    }
  }

  #publish({ state, subscribers }: Entry): void {
    this.#notify([...subscribers, ...this.#listeners], (each) => each.onChange?.(state))
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    entry.state = initialCallState(entry.callId)
    this.#notify([...entry.subscribers, ...this.#listeners], (each) => each.onForgotten?.(entry.callId))
    this.#release(entry)
  }

  #notify(subscribers: readonly CallSubscriber[], notify: (subscriber: CallSubscriber) => void): void {
    notifyEach(subscribers, notify, this.#options.onSubscriberError)
  }

  /** Runs a callback of the host, whose error must not affect a committed append. */
  #run(callback: () => void): void {
    notifyEach([callback], (each) => each(), this.#options.onSubscriberError)
  }

  /** Keeps an unused call in the cache, and evicts the least recently used calls over the limits. */
  #release(entry: Entry): void {
    const { maxCached, maxLive, now } = this.#options
    if (entry.pending > 0 || entry.subscribers.size > 0 || this.#entries.get(entry.callId) !== entry) return
    entry.usedAt = now()
    // Sets keep insertion order, so adding the entry again makes it the most recently used.
    this.#live.delete(entry)
    this.#idle.delete(entry)
    if (!entry.cursor) this.#evict(entry)
    else if (hasEnded(entry.state)) this.#idle.add(entry)
    else this.#live.add(entry)
    for (const oldest of this.#live) {
      if (this.#live.size <= maxLive && now() - oldest.usedAt < IDLE_AFTER_MS) break
      this.#live.delete(oldest)
      this.#idle.add(oldest)
    }
    for (const oldest of this.#idle) {
      if (this.#idle.size <= maxCached) break
      this.#evict(oldest)
    }
  }

  #evict(entry: Entry): void {
    entry.unsubscribe?.()
    this.#live.delete(entry)
    this.#idle.delete(entry)
    this.#entries.delete(entry.callId)
  }
}

const outcomeOf = ({ isStale, records }: AppendResult) =>
  isStale ? 'stale' : records.length > 0 ? 'appended' : 'duplicate'

const hasEnded = ({ hangup, closed }: CallState): boolean => hangup !== null || closed !== null
