/**
 * The log of each call as it grows: where it ends, what was appended, and the records between two numbers.
 *
 * Growth arrives from our own appends or from the store's bus, whichever is first, and is published only at `seq + 1`:
 * known records are dropped, and a gap is read from the store. A call is known here while it has a follower.
 */
import type { CallRecord, Cursor } from '@callgather/protocol'
import { runEach } from '../store/bus.ts'
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
}

/** Receives the growth of a call's log, in order, after the records are durable. */
export interface LogSubscriber {
  onGrowth?(growth: LogGrowth): void
  /** Called once `grown` of every follower has returned: for work that must not delay the others. */
  afterGrowth?(growth: LogGrowth): void
  /** The call was erased, or its log is a new one and the old one is void. */
  onForgotten?(callId: string): void
}

interface Entry {
  readonly callId: string
  cursor: Cursor | null
  readonly subscribers: Set<LogSubscriber>
  unsubscribe: Unsubscribe | null
  ready: Promise<void>
}

/** The logs that this process follows. */
export class CallFeed {
  readonly #store: CallStore
  readonly #followerFailed: (error: unknown) => void
  readonly #entries = new Map<string, Entry>()

  /** @param followerFailed Called with what a follower threw. */
  constructor(store: CallStore, followerFailed: (error: unknown) => void = () => {}) {
    this.#store = store
    this.#followerFailed = followerFailed
  }

  /** Follows the log of one call from now on. */
  async subscribe(callId: string, follower: LogSubscriber): Promise<Unsubscribe> {
    const entry = this.#entries.get(callId) ?? this.#open(callId)
    entry.subscribers.add(follower)
    const stop = () => {
      entry.subscribers.delete(follower)
      if (entry.subscribers.size === 0) this.#close(entry)
    }
    await entry.ready.catch((error: unknown) => {
      stop()
      throw error
    })
    return stop
  }

  /**
   * Reads a log after a number, as it was written, and passes it to `begin` in the same turn in which its end is reached:
   * a follower misses nothing and gets nothing twice. Resolves to false when there is no such call.
   *
   * @param after The number to read after, given where the log ends.
   */
  async readToEnd(
    callId: string,
    after: (head: Cursor) => number,
    begin: (tail: { readonly cursor: Cursor; readonly events: readonly string[]; readonly after: number }) => void,
  ): Promise<boolean> {
    const stop = await this.subscribe(callId, {})
    try {
      // Other processes append too: the bus may have lost some of it.
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

  /** Where a call's log ends, as far as it is known here now. */
  headOf(callId: string): Cursor | null {
    return this.#entries.get(callId)?.cursor ?? null
  }

  /** Reads what was appended to a call that has a follower, and publishes it. */
  async catchUp(callId: string): Promise<void> {
    const entry = this.#entries.get(callId)
    if (entry) await this.#catchUp(entry)
  }

  /** Publishes what this process appended to a call that has a follower: the bus may be slower, or drop it. */
  async publish(callId: string, { epoch, records }: Pick<AppendResult, 'epoch' | 'records'>): Promise<void> {
    const entry = this.#entries.get(callId)
    if (entry && !this.#take(entry, epoch, records)) await this.#catchUp(entry)
  }

  /** Stops following every log. */
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
    // The subscription comes before the read, so that nothing is lost between the two.
    entry.unsubscribe = await this.#store.subscribe(entry.callId, (change) => this.#changed(entry, change))
    await this.#catchUp(entry)
  }

  #close(entry: Entry): void {
    entry.unsubscribe?.()
    if (this.#entries.get(entry.callId) === entry) this.#entries.delete(entry.callId)
  }

  #changed(entry: Entry, change: StoreChange): void {
    if (change.kind === 'forgotten') this.#reset(entry)
    else if (!this.#take(entry, change.epoch, change.records)) this.#catchUp(entry).catch(() => {})
  }

  async #catchUp(entry: Entry): Promise<void> {
    const known = entry.cursor
    if (!known) {
      const head = await this.#store.head(entry.callId)
      // What was published meanwhile is newer.
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

  /** Publishes the records that are new. Returns false if there is a gap before them, or the log is another one. */
  #take(entry: Entry, epoch: string, records: readonly CallRecord[]): boolean {
    const { callId, cursor: known } = entry
    const next = (known?.seq ?? 0) + 1
    const [first] = records
    if (!first) return true
    if ((known && known.epoch !== epoch) || first.seq > next) return false
    const fresh = records.filter(({ seq }) => seq >= next)
    const last = fresh.at(-1)
    if (!last) return true
    entry.cursor = { epoch, seq: last.seq }
    const growth = { callId, cursor: entry.cursor, records: fresh }
    const followers = [...entry.subscribers]
    runEach(
      [
        ...followers.map((each) => () => each.onGrowth?.(growth)),
        ...followers.map((each) => () => each.afterGrowth?.(growth)),
      ],
      this.#followerFailed,
    )
    return true
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    const calls = [...entry.subscribers].map((each) => () => each.onForgotten?.(entry.callId))
    runEach(calls, this.#followerFailed)
  }
}

/** The store returned fewer records than it had announced. */
export const incompleteRead = () => new StoreUnavailableError('The store holds less of a call than it has announced.')
