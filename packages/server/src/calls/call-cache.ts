/**
 * The state of each call that this process works on, folded from its log, and the one way to append to it.
 *
 * An append is decided on the state of the call, and the store takes it only if the log still ends where that state does;
 * else the decision is made again on the newer state. A folded call is a cache, and may be evicted at any time.
 */
import { type CallRecord, type CallState, type Cursor, initialCallState, reduceCall } from '@callgather/protocol'
import { runEach } from '../store/bus.ts'
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

/** A call as known now. */
export interface KnownCall {
  readonly callId: string
  /** `null` when nothing has been appended to it yet. */
  readonly cursor: Cursor | null
  readonly state: CallState
}

/** What to append to a call, or why nothing. */
export type Decision = { readonly events: readonly NewEvent[] } | { readonly refused: unknown }

/** A decision, and what became of its events. */
export interface DecisionResult<D extends Decision> extends Pick<AppendResult, 'records' | 'duplicates'> {
  readonly decision: D
}

/** Receives the state of a call when it has changed. */
export interface CallSubscriber {
  onChange?(state: CallState): void
  /** The call was erased, or its log is a new one and the old state is void. */
  onForgotten?(callId: string): void
}

/** How many calls are kept, and what is reported. */
export interface CallCacheOptions {
  /** How many unused calls stay folded that are over or silent. Default 2000. */
  readonly maxCached?: number
  /** How many unused live calls stay folded, because folding one again costs a read of its log. Default 50000. */
  readonly maxLive?: number
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Called when the store refused an append. */
  readonly onAppendError?: (error: StoreUnavailableError) => void
  /** Called for each record that cannot be read, when its call is folded. */
  readonly onUnreadable?: (callId: string, seq: number) => void
  /** Called with what a listener threw. */
  readonly onSubscriberError?: (error: unknown) => void
  /** Called with what this process itself has appended, after it is durable and folded. */
  readonly onAppended?: (records: readonly CallRecord[], state: CallState) => void
}

const nothing = () => {}
const defaults: Required<CallCacheOptions> = {
  maxCached: 2_000,
  maxLive: 50_000,
  now: Date.now,
  onAppendError: nothing,
  onUnreadable: nothing,
  onSubscriberError: nothing,
  onAppended: nothing,
}

/** How often an append is decided before it fails because other processes are always quicker. */
const MAX_ATTEMPTS = 100
/** A call that has been silent for so long counts as over, though its log does not say so. */
const IDLE_AFTER_MS = 3_600_000
/** Events that are folded at a time; other work runs between two slices. */
const FOLD_SLICE = 500

const endTypes: ReadonlySet<string> = new Set(['call.hangup', 'call.closed'])

interface Entry {
  readonly callId: string
  /** The last record that is folded. */
  cursor: Cursor | null
  state: CallState
  usedAt: number
  readonly subscribers: Set<CallSubscriber>
  /** The last of the operations on the call, each of which waits for the one before. */
  queue: Promise<unknown>
  pending: number
  unsubscribe: Unsubscribe | null
}

/** The folded calls of this process. */
export class CallCache {
  readonly #store: CallStore
  readonly #feed: CallFeed
  readonly #options: Required<CallCacheOptions>
  readonly #entries = new Map<string, Entry>()
  /** Unused calls, the least recently used first: those that are live, and those that are over or silent. */
  readonly #live = new Set<Entry>()
  readonly #idle = new Set<Entry>()
  readonly #listeners = new Set<CallSubscriber>()

  constructor(store: CallStore, feed: CallFeed, options: CallCacheOptions = {}) {
    this.#store = store
    this.#feed = feed
    this.#options = { ...defaults, ...options }
  }

  /**
   * Appends the events of a decision, after every earlier append to the call. `decide` must be pure, because it runs again
   * whenever the log has grown meanwhile; only its last decision counts, and is returned.
   */
  append<D extends Decision>(
    callId: string,
    decide: (call: KnownCall) => D,
    { sessionId }: Pick<AppendOptions, 'sessionId'> = {},
  ): Promise<DecisionResult<D>> {
    return this.#inTurn(callId, async (entry) => {
      for (let tries = 1; tries <= MAX_ATTEMPTS; tries++) {
        // The bus keeps the state current, so the first try reads nothing: the store refuses an append to a longer log.
        if (tries > 1) await this.#feed.catchUp(callId)
        await this.#fold(entry)
        const { cursor: at, state } = entry
        const decision = decide({ callId, cursor: at, state })
        const events = 'events' in decision ? decision.events : []
        if (events.length === 0) {
          // The store checks no append of nothing, so the state itself must be current.
          if (this.#store.isShared && tries === 1) continue
          if (sessionId === undefined || !('events' in decision)) return { decision, records: [], duplicates: [] }
        }
        const isOver = hasEnded(state) || events.some(({ event }) => endTypes.has(event.event_type))
        const appended = await this.#store
          .append(callId, events, { sessionId, expectedHead: at, isOver })
          .catch((error: unknown) => {
            if (StoreUnavailableError.isInstance(error)) this.#options.onAppendError(error)
            throw error
          })
        if (appended.isStale) continue
        await this.#feed.publish(callId, appended)
        await this.#fold(entry)
        const { records, duplicates } = appended
        if (records.length > 0) this.#notify([() => this.#options.onAppended(records, entry.state)])
        return { decision, records, duplicates }
      }
      throw new StoreUnavailableError('The log of the call grows too fast to append to it.')
    })
  }

  /** The call as known now; brought up to date first if other processes append to it. */
  open(callId: string): Promise<KnownCall> {
    return this.#current(callId, ({ cursor, state }) => ({ callId, cursor, state }))
  }

  /** The first value that `read` finds in a call's state; `null` once the call is erased or the signal aborts. */
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
      changed((await this.open(callId)).state)
      return await settled
    } finally {
      stop()
    }
  }

  /** Listens to one call from now on. */
  subscribe(callId: string, listener: CallSubscriber): Promise<Unsubscribe> {
    return this.#current(callId, (entry) => {
      entry.subscribers.add(listener)
      return () => {
        entry.subscribers.delete(listener)
        this.#release(entry)
      }
    })
  }

  /** Listens to every call this process has folded. */
  subscribeAll(listener: CallSubscriber): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether a call is folded here, or is being folded. */
  has(callId: string): boolean {
    return this.#entries.has(callId)
  }

  /** How many calls are folded here. */
  get size(): number {
    return this.#entries.size
  }

  /** Drops what is cached; the store is not touched. */
  close(): void {
    for (const entry of this.#entries.values()) this.#evict(entry)
    this.#listeners.clear()
  }

  /** Runs work on a call, after all earlier work on it; the call is kept meanwhile. */
  async #inTurn<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(callId) ?? this.#add(callId)
    this.#idle.delete(entry)
    this.#live.delete(entry)
    entry.pending += 1
    const run = entry.queue.then(async () => {
      entry.unsubscribe ??= await this.#feed.subscribe(callId, {
        afterGrowth: (growth) => this.#grown(entry, growth),
        onForgotten: () => this.#reset(entry),
      })
      return work(entry)
    })
    entry.queue = run.catch(nothing)
    try {
      return await run
    } finally {
      entry.pending -= 1
      this.#release(entry)
    }
  }

  /** Runs work on a call whose state is up to date. */
  #current<T>(callId: string, work: (entry: Entry) => T): Promise<T> {
    return this.#inTurn(callId, async (entry) => {
      // Other processes append too: the bus may have lost some of it.
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

  /** Folds what the log holds beyond the state, in slices, and publishes the state when all of it is folded. */
  async #fold(entry: Entry): Promise<void> {
    const { callId } = entry
    const head = () => this.#feed.headOf(callId)
    const isBehind = () => (entry.cursor?.seq ?? 0) < (head()?.seq ?? 0)
    if (!isBehind()) return
    while (isBehind()) {
      const { cursor } = entry
      const slice = await this.#store.read(callId, cursor?.seq ?? 0, FOLD_SLICE)
      // The feed has published records, or another log, meanwhile.
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
        this.#notify([() => this.#options.onUnreadable(entry.callId, seq)])
      }
    }
  }

  #publish({ state, subscribers: listeners }: Entry): void {
    this.#notify([...listeners, ...this.#listeners].map((each) => () => each.onChange?.(state)))
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    entry.state = initialCallState(entry.callId)
    this.#notify([...entry.subscribers, ...this.#listeners].map((each) => () => each.onForgotten?.(entry.callId)))
    this.#release(entry)
  }

  #notify(callbacks: Iterable<() => void>): void {
    runEach(callbacks, this.#options.onSubscriberError)
  }

  /** Keeps a call that is unused now, and evicts those used longest ago while there are too many. */
  #release(entry: Entry): void {
    const { maxCached, maxLive, now } = this.#options
    if (entry.pending > 0 || entry.subscribers.size > 0 || this.#entries.get(entry.callId) !== entry) return
    entry.usedAt = now()
    // Added last, it is the most recently used.
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

const hasEnded = ({ hangup, closed }: CallState): boolean => hangup !== null || closed !== null
