/**
 * Publishes new records of a call to its subscribers, in order and without gaps.
 *
 * Records arrive from local appends or from the store's bus, and are published only at `seq + 1`: duplicates are dropped,
 * and gaps are read from the store. The feed tracks a call while the call has a subscriber.
 */
import type { CallRecord, Cursor } from '@callgather/protocol'
import { notifyEach } from '../store/bus.ts'
import {
  type AppendResult,
  type CallStore,
  type StoreChange,
  StoreUnavailableError,
  type Unsubscribe,
} from '../store/call-store.ts'
import { repairEvents } from '../store/stored-event.ts'

/** Records that were appended to a call. */
export interface LogGrowth {
  readonly callId: string
  readonly cursor: Cursor
  readonly records: readonly CallRecord[]
  /** The trace context of the append; `undefined` without one, and for records that were read after a gap. */
  readonly traceparent: string | undefined
}

/** Receives the durable records of a call, in order. */
export interface LogSubscriber {
  onGrowth?(growth: LogGrowth): void
  /** Called after `onGrowth` of every subscriber: for work that must not delay other subscribers. */
  afterGrowth?(growth: LogGrowth): void
  /** The call was erased, or a new log replaced its log. Discard the old log. */
  onForgotten?(callId: string): void
}

interface Entry {
  readonly callId: string
  cursor: Cursor | null
  readonly subscribers: Set<LogSubscriber>
  unsubscribe: Unsubscribe | null
  ready: Promise<void>
}

/** Tracks the logs of calls with a subscriber in this process. */
export class CallFeed {
  readonly #store: CallStore
  readonly #onSubscriberError: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()

  /** @param onSubscriberError Called with the error that a subscriber threw. */
  constructor(store: CallStore, onSubscriberError: (error: unknown) => void = () => {}) {
    this.#store = store
    this.#onSubscriberError = onSubscriberError
  }

  /** Subscribes to the log of one call. */
  async subscribe(callId: string, subscriber: LogSubscriber): Promise<Unsubscribe> {
    const entry = this.#entries.get(callId) ?? this.#open(callId)
    entry.subscribers.add(subscriber)
    const stop = () => {
      entry.subscribers.delete(subscriber)
      if (entry.subscribers.size === 0) this.#close(entry)
    }
    await entry.ready.catch((error: unknown) => {
      stop()
      throw error
    })
    return stop
  }

  /**
   * Reads the stored JSON of a log after a sequence number, and calls `begin` synchronously at the end of the log: a
   * subscriber gets each record exactly once. Resolves to false when the call does not exist.
   *
   * @param after Returns the sequence number to read after; it receives the end of the log.
   */
  async readToEnd(
    callId: string,
    after: (head: Cursor) => number,
    begin: (tail: { readonly cursor: Cursor; readonly events: readonly string[]; readonly after: number }) => void,
  ): Promise<boolean> {
    const stop = await this.subscribe(callId, {})
    try {
      // The bus may have dropped records of other processes.
      if (this.#store.isShared) await this.catchUp(callId)
      let epoch: string | undefined
      let from = 0
      let events: readonly string[] = []
      for (let head = this.headOf(callId); head; head = this.headOf(callId)) {
        if (head.epoch !== epoch) {
          epoch = head.epoch
          from = after(head)
          events = []
        }
        const missing = head.seq - from - events.length
        if (missing === 0) {
          begin({ cursor: head, events: repairEvents(events, from), after: from })
          return true
        }
        const slice = await this.#store.readJson(callId, from + events.length, missing)
        if (slice?.epoch !== epoch) await this.catchUp(callId)
        else if (slice.events.length === 0) throw incompleteRead()
        else events = [...events, ...slice.events]
      }
      return false
    } finally {
      stop()
    }
  }

  /** Returns the last known cursor of a call's log; `null` when the call has no subscriber or no log. */
  headOf(callId: string): Cursor | null {
    return this.#entries.get(callId)?.cursor ?? null
  }

  /** Reads and publishes the new records of a call with a subscriber. */
  async catchUp(callId: string): Promise<void> {
    const entry = this.#entries.get(callId)
    if (entry) await this.#catchUp(entry)
  }

  /** Publishes records that this process appended, because the bus may be slower or drop them. */
  async publish(
    callId: string,
    { epoch, records }: Pick<AppendResult, 'epoch' | 'records'>,
    traceparent?: string,
  ): Promise<void> {
    const entry = this.#entries.get(callId)
    if (entry && !this.#take(entry, epoch, records, traceparent)) await this.#catchUp(entry)
  }

  /** Unsubscribes from every log. */
  close(): void {
    for (const entry of this.#entries.values()) this.#close(entry)
  }

  #open(callId: string): Entry {
    const entry: Entry = { callId, cursor: null, subscribers: new Set(), unsubscribe: null, ready: Promise.resolve() }
    this.#entries.set(callId, entry)
    entry.ready = this.#begin(entry)
    return entry
  }

  async #begin(entry: Entry): Promise<void> {
    // Subscribe before the read, so that no record is lost in between.
    entry.unsubscribe = await this.#store.subscribe(entry.callId, (change) => this.#changed(entry, change))
    await this.#catchUp(entry)
  }

  #close(entry: Entry): void {
    entry.unsubscribe?.()
    if (this.#entries.get(entry.callId) === entry) this.#entries.delete(entry.callId)
  }

  #changed(entry: Entry, change: StoreChange): void {
    if (change.kind === 'forgotten') this.#reset(entry)
    else if (!this.#take(entry, change.epoch, change.records, change.traceparent)) this.#catchUp(entry).catch(() => {})
  }

  async #catchUp(entry: Entry): Promise<void> {
    const known = entry.cursor
    if (!known) {
      const head = await this.#store.head(entry.callId)
      // Records published during the read are newer.
      entry.cursor ??= head
      return
    }
    const slice = await this.#store.read(entry.callId, known.seq)
    if (slice && slice.epoch === entry.cursor?.epoch) {
      this.#take(entry, slice.epoch, slice.records)
      return
    }
    if (entry.cursor === known) this.#reset(entry)
    if (slice) await this.#catchUp(entry)
  }

  /** Publishes the new ones of the given records. Returns false on a gap or a different epoch. */
  #take(entry: Entry, epoch: string, records: readonly CallRecord[], traceparent?: string): boolean {
    const { callId, cursor: known } = entry
    const next = (known?.seq ?? 0) + 1
    const [first] = records
    if (!first) return true
    if ((known && known.epoch !== epoch) || first.seq > next) return false
    const fresh = first.seq === next ? records : records.filter(({ seq }) => seq >= next)
    const last = fresh.at(-1)
    if (!last) return true
    entry.cursor = { epoch, seq: last.seq }
    const growth = { callId, cursor: entry.cursor, records: fresh, traceparent }
    const subscribers = [...entry.subscribers]
    notifyEach(subscribers, (each) => each.onGrowth?.(growth), this.#onSubscriberError)
    notifyEach(subscribers, (each) => each.afterGrowth?.(growth), this.#onSubscriberError)
    return true
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    notifyEach([...entry.subscribers], (each) => each.onForgotten?.(entry.callId), this.#onSubscriberError)
  }
}

/** Creates the error for a store that returns fewer records than its head announces. */
export const incompleteRead = () =>
  new StoreUnavailableError('The store returned fewer records of the call than its head announces. Try again later.')
