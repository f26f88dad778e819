/**
 * The calls as this node knows them: their logs, folded.
 *
 * An event goes one way through: it is made from what is known of its call (`prepare`), appended to the store, and
 * only then folded and told to whoever listens: a number that is shown is a number that is kept. Appends to one call
 * wait for each other, because each is made from the state the one before it left; calls do not wait for each other.
 *
 * What is told comes from the store's bus alone, whichever node appended it, and is taken only at `seq + 1`: what was
 * seen is dropped, and a gap is read from the store. A folded call is a cache: it may be let go at any time.
 */
import { type CallRecord, type CallState, type Cursor, initialCallState, reduceCall } from '@callgather/protocol'
import type { Appended, CallStore, NewEvent, StoreChange, Unsubscribe } from './call-store.ts'

/** A call as known now. */
export interface KnownCall {
  readonly callId: string
  /** `null` when nothing has been appended to it yet. */
  readonly cursor: Cursor | null
  readonly state: CallState
}

/** Records that were appended to a call, and the call with them folded in. */
export interface CallGrowth extends KnownCall {
  readonly cursor: Cursor
  readonly records: readonly CallRecord[]
}

/** Listens to calls. `grown` and `forgotten` are called within one turn, in order, after the records are durable. */
export interface CallListener {
  grown?(growth: CallGrowth): void
  /** The call is gone, or its log is a new one and what was known of it is void. */
  forgotten?(callId: string): void
}

/** How many calls are kept folded, and how much of each log's end is kept beside. */
export interface CallLogOptions {
  /** Default 2000. Calls that are listened to are kept beyond it. */
  readonly maxCached?: number
  /** Called with what this process itself has appended, after it is durable and folded. */
  readonly appended?: (records: readonly CallRecord[], state: CallState) => void
}

const TAIL = 256

interface Entry {
  readonly callId: string
  cursor: Cursor | null
  state: CallState
  /** The last records, so that a watcher can be brought up to date without waiting for the store. */
  tail: CallRecord[]
  readonly listeners: Set<CallListener>
  /** The last of the appends and readings under way, each of which waits for the one before. */
  turn: Promise<unknown>
  pending: number
  unwatch: Unsubscribe | null
  ready: Promise<void>
}

/** Every call of this node, folded from the store. */
export class CallLog {
  readonly #store: CallStore
  readonly #maxCached: number
  readonly #appended: NonNullable<CallLogOptions['appended']>
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<CallListener>()

  constructor(store: CallStore, { maxCached = 2000, appended = () => {} }: CallLogOptions = {}) {
    this.#store = store
    this.#maxCached = maxCached
    this.#appended = appended
  }

  /**
   * Appends what `prepare` makes of the call as it is known now. Runs after every earlier append to the call.
   * What `prepare` throws is thrown, and nothing is appended.
   */
  append(
    callId: string,
    prepare: (call: KnownCall) => readonly NewEvent[] | Promise<readonly NewEvent[]>,
  ): Promise<Appended> {
    return this.#inTurn(callId, async (entry) => {
      if (this.#store.shared) await this.#catchUp(entry)
      const events = await prepare(entry)
      const appended = await this.#store.append(callId, events)
      // The bus has usually told us by now; if it is another machine's, or lost it, we know all the same.
      await this.#advance(entry, appended.epoch, appended.records)
      if (appended.records.length > 0) this.#appended(appended.records, entry.state)
      return appended
    })
  }

  /** The call as known now; brought up to date first if other processes append to it. */
  async open(callId: string): Promise<KnownCall> {
    return this.#inTurn(callId, async (entry) => {
      if (this.#store.shared) await this.#catchUp(entry)
      const { cursor, state } = entry
      return { callId, cursor, state }
    })
  }

  /**
   * Reads a log after a number, and hands it over in the very turn in which it ends where the folded call does: what
   * `begin` starts to listen to begins exactly there. Not called when there is no such call.
   *
   * @param after The number to read after, given how far the log reaches.
   */
  async readUpToNow(
    callId: string,
    after: (head: Cursor) => number,
    begin: (slice: {
      readonly cursor: Cursor
      readonly records: readonly CallRecord[]
      readonly after: number
    }) => void,
  ): Promise<boolean> {
    return this.#inTurn(callId, async (entry) => {
      if (this.#store.shared) await this.#catchUp(entry)
      while (entry.cursor) {
        const { epoch } = entry.cursor
        const from = after(entry.cursor)
        const slice = await this.#store.read(callId, from)
        const { cursor, tail } = entry
        if (!slice || !cursor || slice.epoch !== epoch || cursor.epoch !== epoch) {
          await this.#catchUp(entry)
          continue
        }
        const held = slice.records.filter(({ seq }) => seq <= cursor.seq)
        const records = completed(held, tail, from, cursor.seq)
        if (!records) continue
        begin({ cursor, records, after: from })
        return true
      }
      return false
    })
  }

  /** Listens to one call from now on. */
  async listen(callId: string, listener: CallListener): Promise<Unsubscribe> {
    return this.#inTurn(callId, async (entry) => {
      entry.listeners.add(listener)
      return () => {
        entry.listeners.delete(listener)
        this.#release(entry)
      }
    })
  }

  /** Listens to every call this node has folded. */
  listenAll(listener: CallListener): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** How far a call's log reaches, if it is folded here now. */
  headOf(callId: string): Cursor | null {
    return this.#entries.get(callId)?.cursor ?? null
  }

  /** How many calls are folded here. */
  get size(): number {
    return this.#entries.size
  }

  /** Forgets what is cached; the store is not touched. */
  close(): void {
    for (const entry of this.#entries.values()) entry.unwatch?.()
    this.#entries.clear()
    this.#listeners.clear()
  }

  /** Runs work on a call after all earlier work on it. */
  async #inTurn<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(callId)
    entry.pending += 1
    const run = entry.turn.then(async () => {
      await entry.ready
      return work(entry)
    })
    entry.turn = run.catch(() => {})
    try {
      return await run
    } finally {
      entry.pending -= 1
      this.#release(entry)
    }
  }

  #entryOf(callId: string): Entry {
    const known = this.#entries.get(callId)
    if (known) {
      // Re-inserting makes it the one used last.
      this.#entries.delete(callId)
      this.#entries.set(callId, known)
      return known
    }
    const entry: Entry = {
      callId,
      cursor: null,
      state: initialCallState(callId),
      tail: [],
      listeners: new Set(),
      turn: Promise.resolve(),
      pending: 0,
      unwatch: null,
      ready: Promise.resolve(),
    }
    this.#entries.set(callId, entry)
    entry.ready = this.#load(entry).catch((error: unknown) => {
      // Nothing is known of the call, and nothing may be concluded from that: the next one tries anew.
      if (this.#entries.get(callId) === entry) this.#entries.delete(callId)
      entry.unwatch?.()
      throw error
    })
    entry.ready.catch(() => {})
    return entry
  }

  async #load(entry: Entry): Promise<void> {
    // Watching begins before reading, so that nothing falls between the two.
    entry.unwatch = await this.#store.watch(entry.callId, (change) => this.#changed(entry, change))
    await this.#catchUp(entry)
  }

  #changed(entry: Entry, change: StoreChange): void {
    if (change.kind === 'forgotten') {
      this.#reset(entry)
      return
    }
    const { epoch, records } = change
    const next = (entry.cursor?.seq ?? 0) + 1
    const [first] = records
    if (!first) return
    const isNext = entry.cursor ? entry.cursor.epoch === epoch && first.seq <= next : first.seq === 1
    if (isNext) this.#fold(entry, epoch, records)
    else void this.#inTurn(entry.callId, (it) => this.#catchUp(it)).catch(() => {})
  }

  async #advance(entry: Entry, epoch: string, records: readonly CallRecord[]): Promise<void> {
    const [first] = records
    if (!first) return
    const next = (entry.cursor?.seq ?? 0) + 1
    if ((entry.cursor === null || entry.cursor.epoch === epoch) && first.seq <= next) this.#fold(entry, epoch, records)
    else await this.#catchUp(entry)
  }

  /** Reads what the store holds beyond what is folded here. */
  async #catchUp(entry: Entry): Promise<void> {
    const slice = await this.#store.read(entry.callId, entry.cursor?.seq ?? 0)
    if (!slice) {
      if (entry.cursor) this.#reset(entry)
      return
    }
    if (entry.cursor && entry.cursor.epoch !== slice.epoch) {
      this.#reset(entry)
      await this.#catchUp(entry)
      return
    }
    this.#fold(entry, slice.epoch, slice.records)
  }

  #fold(entry: Entry, epoch: string, records: readonly CallRecord[]): void {
    const known = entry.cursor?.seq ?? 0
    const fresh = records.filter(({ seq }) => seq > known)
    const last = fresh.at(-1)
    if (!last) return
    for (const { event } of fresh) entry.state = reduceCall(entry.state, event)
    entry.cursor = { epoch, seq: last.seq }
    if (fresh.length >= TAIL) entry.tail = fresh.slice(-TAIL)
    else if (entry.tail.push(...fresh) > 2 * TAIL) entry.tail = entry.tail.slice(-TAIL)
    const { callId, cursor, state } = entry
    const growth = { callId, cursor, state, records: fresh }
    for (const listener of [...entry.listeners, ...this.#listeners]) listener.grown?.(growth)
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    entry.state = initialCallState(entry.callId)
    entry.tail = []
    for (const listener of [...entry.listeners, ...this.#listeners]) listener.forgotten?.(entry.callId)
  }

  /** Lets the calls go that were used longest ago, while there are too many. */
  #release(touched: Entry): void {
    const isIdle = (entry: Entry) => entry.pending === 0 && entry.listeners.size === 0
    // A call that was only asked for, and does not exist, is not worth a place.
    if (isIdle(touched) && !touched.cursor) this.#evict(touched)
    if (this.#entries.size <= this.#maxCached) return
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= this.#maxCached) return
      if (isIdle(entry)) this.#evict(entry)
    }
  }

  #evict(entry: Entry): void {
    if (this.#entries.get(entry.callId) !== entry) return
    entry.unwatch?.()
    this.#entries.delete(entry.callId)
  }
}

/** The records from one number to another, from a reading and the tail; `null` if they do not meet. */
function completed(
  read: readonly CallRecord[],
  tail: readonly CallRecord[],
  after: number,
  upTo: number,
): readonly CallRecord[] | null {
  const last = read.at(-1)?.seq ?? after
  if (last >= upTo) return read
  const rest = tail.filter(({ seq }) => seq > last && seq <= upTo)
  return rest[0]?.seq === last + 1 ? [...read, ...rest] : null
}
