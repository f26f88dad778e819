/**
 * The calls as this node knows them: how far the log of each reaches, and its state where that was needed.
 *
 * An event goes one way through: it is made from what is known of its call (`prepare`), appended to the store, and
 * only then folded and told to whoever listens: a number that is shown is a number that is kept. Appends to one call
 * wait for each other, because each is made from the state the one before it left; calls do not wait for each other.
 * Other nodes do not wait: if one of them was quicker, the store refuses the append, and the event is made anew.
 *
 * What is told comes from the answer to an append or from the store's bus, whichever is first, and is taken only at
 * `seq + 1`: what was seen is dropped, and a gap is read from the store. A folded call is a cache: it may be let go at
 * any time.
 *
 * Who only passes a call on, as a socket does, needs the log as it was written and not the state. So a watch is
 * answered from the store at once, and a long call that nobody has folded here is folded afterwards, in slices.
 */
import { type CallRecord, type CallState, type Cursor, initialCallState, reduceCall } from '@callgather/protocol'
import { runEach } from '../store/bus.ts'
import {
  type Appended,
  type AppendOptions,
  type CallStore,
  type NewEvent,
  type StoreChange,
  StoreUnavailable,
  type Unsubscribe,
} from '../store/call-store.ts'
import { repairStored, UNREADABLE_RECORD } from '../store/stored-event.ts'

/** A call as known now. */
export interface KnownCall {
  readonly callId: string
  /** `null` when nothing has been appended to it yet. */
  readonly cursor: Cursor | null
  readonly state: CallState
}

/** Records that were appended to a call. */
export interface LogGrowth {
  readonly callId: string
  readonly cursor: Cursor
  readonly records: readonly CallRecord[]
}

/** Records that were appended to a call, and the call with them folded in. */
export interface CallGrowth extends LogGrowth {
  readonly state: CallState
}

/** Hears of the log of a call. Called within one turn, in order, after the records are durable. */
export interface CallFollower<Growth = LogGrowth> {
  grown?(growth: Growth): void
  /** The call is gone, or its log is a new one and what was known of it is void. */
  forgotten?(callId: string): void
}

/** Hears of a call's log, and of the state it leads to. */
export type CallListener = CallFollower<CallGrowth>

/** How many calls are kept, and what is reported. */
export interface CallLogOptions {
  /**
   * How many calls stay folded that are over or silent. Default 2000. Live calls and calls with listeners are kept
   * beyond it, because folding a call again costs a read of its whole log.
   */
  readonly maxCached?: number
  /** How many live calls stay folded. Default 50000. */
  readonly maxLive?: number
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Called when the store refused an append. */
  readonly appendFailed?: (error: StoreUnavailable) => void
  /** Called for each record that cannot be read, when its call is folded. */
  readonly unreadable?: (callId: string, seq: number) => void
  /** Called with what a listener threw. */
  readonly listenerFailed?: (error: unknown) => void
  /** Called with what this process itself has appended, after it is durable and folded. */
  readonly appended?: (records: readonly CallRecord[], state: CallState) => void
}

/** How often an event is made before it is appended wherever the log then ends, so that it does get in. */
const TRIES = 10

/** How often a decision is made before it is given up: it must never be appended to a log that it was not made on. */
const MAX_DECISION_TRIES = 100

/** A call that has been silent for so long, in milliseconds, counts as over, though its log does not say so. */
const SILENT_MS = 3_600_000

const ENDS: ReadonlySet<string> = new Set(['call.hangup', 'call.closed'])

/** Events that are folded at a time; between two slices others have their turn. */
const SLICE = 500

interface Entry {
  readonly callId: string
  /** How far the log reaches. */
  cursor: Cursor | null
  /** The call up to the event of number `folded`. */
  state: CallState
  folded: number
  /** Whether its log has records that cannot be read. */
  isDamaged: boolean
  /** When it was last used. */
  usedAt: number
  readonly followers: Set<CallFollower>
  readonly listeners: Set<CallListener>
  /** The last of the appends and foldings under way, each of which waits for the one before. */
  turn: Promise<unknown>
  pending: number
  unwatch: Unsubscribe | null
  ready: Promise<void>
}

/** Every call of this node. */
export class CallLog {
  readonly #store: CallStore
  readonly #options: Required<CallLogOptions>
  readonly #entries = new Map<string, Entry>()
  /** Calls without listeners that are over or silent, the least recently used first. */
  readonly #idle = new Set<Entry>()
  /** Live calls without listeners, the least recently used first. */
  readonly #live = new Set<Entry>()
  readonly #listeners = new Set<CallListener>()

  constructor(store: CallStore, options: CallLogOptions = {}) {
    this.#store = store
    const nothing = () => {}
    this.#options = {
      maxCached: options.maxCached ?? 2_000,
      maxLive: options.maxLive ?? 50_000,
      now: options.now ?? Date.now,
      appended: options.appended ?? nothing,
      appendFailed: options.appendFailed ?? nothing,
      unreadable: options.unreadable ?? nothing,
      listenerFailed: options.listenerFailed ?? nothing,
    }
  }

  /**
   * Appends what `prepare` makes of the call as it is known now. Runs after every earlier append to the call.
   * What `prepare` throws is thrown, and nothing is appended. It may be asked more than once, as the call becomes known
   * better: what it makes last counts.
   *
   * @param options `isDecision`: the events are right only on the very state they were made from, however often they
   * must be made again; otherwise, after a few tries, they are appended wherever the log ends.
   */
  append(
    callId: string,
    prepare: (call: KnownCall) => readonly NewEvent[] | Promise<readonly NewEvent[]>,
    { isDecision = false, ...options }: Pick<AppendOptions, 'sessionId'> & { readonly isDecision?: boolean } = {},
  ): Promise<Appended> {
    return this.#inTurn(callId, async (entry) => {
      for (let tries = 1; ; tries++) {
        // The bus keeps a call current, so at first nothing is read: the store refuses what was made from too little.
        if (tries > 1) await this.#catchUp(entry)
        await this.#fold(entry)
        const { state, folded: seq } = entry
        const cursor = entry.cursor && { epoch: entry.cursor.epoch, seq }
        const isSure = tries > 1 || !this.#store.shared
        const make = async () => prepare({ callId, cursor, state })
        const events = await (isSure ? make() : make().catch(() => []))
        // No store refuses an append of nothing: that nothing is to be appended is concluded from what was read.
        if (events.length === 0 && !isSure) continue
        if (tries > MAX_DECISION_TRIES)
          throw new StoreUnavailable('The log of the call grows too fast to decide on it.')
        const at = tries < TRIES || isDecision ? cursor : undefined
        const isOver = hasEnded(state) || events.some(({ event }) => ENDS.has(event.event_type))
        const appended = await this.#store
          .append(callId, events, { ...options, at, isOver })
          .catch((error: unknown) => {
            if (StoreUnavailable.isInstance(error)) this.#options.appendFailed(error)
            throw error
          })
        if (appended.moved) continue
        // The bus may have told us by now; if it is slower, or lost it, we know all the same.
        if (!this.#heard(entry, appended.epoch, appended.records)) await this.#catchUp(entry)
        await this.#fold(entry)
        const { records } = appended
        if (records.length > 0) this.#notify([() => this.#options.appended(records, entry.state)])
        return appended
      }
    })
  }

  /** The call as known now; brought up to date first if other processes append to it. */
  open(callId: string): Promise<KnownCall> {
    return this.#folded(callId, async ({ cursor, state }) => ({ callId, cursor, state }))
  }

  /**
   * Reads a log after a number, as it was written, and hands it over in the very turn in which it ends where the log is
   * known to: what `begin` starts to follow begins exactly there. Not called when there is no such call.
   *
   * @param after The number to read after, given how far the log reaches.
   */
  async readUpToNow(
    callId: string,
    after: (head: Cursor) => number,
    begin: (slice: { readonly cursor: Cursor; readonly events: readonly string[]; readonly after: number }) => void,
  ): Promise<boolean> {
    return this.#holding(callId, async (entry) => {
      await this.#locate(entry)
      let epoch: string | undefined
      let from = 0
      let events: readonly string[] = []
      while (entry.cursor) {
        if (entry.cursor.epoch !== epoch) {
          epoch = entry.cursor.epoch
          from = after(entry.cursor)
          events = []
        }
        const missing = entry.cursor.seq - from - events.length
        if (missing === 0) {
          // What was folded without a fault need not be parsed again.
          const isVerified = entry.folded === entry.cursor.seq && !entry.isDamaged
          begin({ cursor: entry.cursor, events: isVerified ? events : repairStored(events, from), after: from })
          if (entry.folded < entry.cursor.seq) this.#foldLater(entry)
          return true
        }
        const slice = await this.#store.readWritten(callId, from + events.length, missing)
        if (slice?.epoch !== epoch) await this.#catchUp(entry)
        else if (slice.events.length === 0) throw holdsLess()
        else events = events.length === 0 ? slice.events : [...events, ...slice.events]
      }
      return false
    })
  }

  /** Follows the log of one call from now on. */
  async follow(callId: string, follower: CallFollower): Promise<Unsubscribe> {
    return this.#holding(callId, async (entry) => this.#add(entry, entry.followers, follower))
  }

  /** Listens to one call from now on. */
  async listen(callId: string, listener: CallListener): Promise<Unsubscribe> {
    return this.#folded(callId, async (entry) => this.#add(entry, entry.listeners, listener))
  }

  /** Listens to every call this node has folded. */
  listenAll(listener: CallListener): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** How far a call's log reaches, if it is known here now. */
  headOf(callId: string): Cursor | null {
    return this.#entries.get(callId)?.cursor ?? null
  }

  /** How many calls are known here. */
  get size(): number {
    return this.#entries.size
  }

  /** Forgets what is cached; the store is not touched. */
  close(): void {
    for (const entry of this.#entries.values()) entry.unwatch?.()
    this.#entries.clear()
    this.#idle.clear()
    this.#live.clear()
    this.#listeners.clear()
  }

  /** Runs work on a call, which is kept meanwhile. */
  async #holding<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(callId)
    entry.pending += 1
    try {
      await entry.ready
      return await work(entry)
    } finally {
      entry.pending -= 1
      this.#release(entry)
    }
  }

  /** Runs work on a call, after all earlier such work on it. */
  #inTurn<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    return this.#holding(callId, (entry) => {
      const run = entry.turn.then(() => work(entry))
      entry.turn = run.catch(() => {})
      return run
    })
  }

  /** Runs work on a call that is up to date and folded, in its turn. */
  #folded<T>(callId: string, work: (entry: Entry) => Promise<T>): Promise<T> {
    return this.#inTurn(callId, async (entry) => {
      await this.#locate(entry)
      await this.#fold(entry)
      return work(entry)
    })
  }

  #add<Each>(entry: Entry, to: Set<Each>, each: Each): Unsubscribe {
    to.add(each)
    return () => {
      to.delete(each)
      this.#release(entry)
    }
  }

  #entryOf(callId: string): Entry {
    const known = this.#entries.get(callId)
    if (known) {
      this.#idle.delete(known)
      this.#live.delete(known)
      return known
    }
    const entry: Entry = {
      callId,
      cursor: null,
      state: initialCallState(callId),
      folded: 0,
      isDamaged: false,
      usedAt: this.#options.now(),
      followers: new Set(),
      listeners: new Set(),
      turn: Promise.resolve(),
      pending: 0,
      unwatch: null,
      ready: Promise.resolve(),
    }
    this.#entries.set(callId, entry)
    entry.ready = this.#begin(entry).catch((error: unknown) => {
      // Nothing is known of the call, and nothing may be concluded from that: the next one tries anew.
      if (this.#entries.get(callId) === entry) this.#entries.delete(callId)
      entry.unwatch?.()
      throw error
    })
    entry.ready.catch(() => {})
    return entry
  }

  async #begin(entry: Entry): Promise<void> {
    // Watching begins before reading, so that nothing falls between the two.
    entry.unwatch = await this.#store.watch(entry.callId, (change) => this.#changed(entry, change))
    await this.#catchUp(entry)
  }

  #changed(entry: Entry, change: StoreChange): void {
    if (change.kind === 'forgotten') {
      this.#reset(entry)
      this.#release(entry)
    } else if (!this.#heard(entry, change.epoch, change.records)) {
      const mend = async (it: Entry) => {
        await this.#catchUp(it)
        this.#foldLater(it)
      }
      void this.#holding(entry.callId, mend).catch(() => {})
    }
  }

  /** Other processes append too: what their bus has lost is read. */
  async #locate(entry: Entry): Promise<void> {
    if (this.#store.shared) await this.#catchUp(entry)
  }

  /** Learns how far the log reaches now; tells what there is beyond what was known of. */
  async #catchUp(entry: Entry): Promise<void> {
    if (!entry.cursor) {
      const head = await this.#store.head(entry.callId)
      // Whoever has told us meanwhile knows better.
      entry.cursor ??= head
      return
    }
    const known = entry.cursor
    const slice = await this.#store.read(entry.callId, known.seq)
    if (slice && slice.epoch === entry.cursor?.epoch) {
      this.#heard(entry, slice.epoch, slice.records)
      return
    }
    if (entry.cursor === known) this.#reset(entry)
    if (slice) await this.#catchUp(entry)
  }

  /** Takes what was appended, and tells it. Whether it follows on what is known, or was known. */
  #heard(entry: Entry, epoch: string, records: readonly CallRecord[]): boolean {
    const { callId, cursor: known } = entry
    const next = (known?.seq ?? 0) + 1
    const [first] = records
    if (!first) return true
    if ((known && known.epoch !== epoch) || first.seq > next) return false
    const fresh = records.filter(({ seq }) => seq >= next)
    const last = fresh.at(-1)
    if (!last) return true
    const cursor = { epoch, seq: last.seq }
    const isFolded = entry.folded === next - 1
    entry.cursor = cursor
    // Who needs no state does not wait for it: agents see a key before the server has folded it.
    this.#notify([...entry.followers].map((follower) => () => follower.grown?.({ callId, cursor, records: fresh })))
    if (isFolded) {
      this.#take(entry, fresh)
      this.#tell(entry, fresh)
    } else this.#foldLater(entry)
    return true
  }

  /** Folds what the log holds beyond the state, and tells it when all of it is folded. */
  async #fold(entry: Entry): Promise<void> {
    let epoch: string | undefined
    let taken: CallRecord[] = []
    while (entry.cursor && entry.folded < entry.cursor.seq) {
      if (entry.cursor.epoch !== epoch) taken = []
      epoch = entry.cursor.epoch
      const slice = await this.#store.read(entry.callId, entry.folded, SLICE)
      if (entry.cursor?.epoch !== epoch) continue
      if (slice?.epoch !== epoch) {
        await this.#catchUp(entry)
        continue
      }
      const { seq: end } = entry.cursor
      // What lies beyond is told when it is heard of.
      const records = slice.records.filter(({ seq }) => seq <= end)
      if (records.length === 0) throw holdsLess()
      this.#take(entry, records)
      taken = taken.concat(records)
      if (entry.folded < end) await new Promise((resolve) => setImmediate(resolve))
    }
    if (taken.length > 0 && entry.cursor?.epoch === epoch) this.#tell(entry, taken)
  }

  /** Brings the state up to date without anybody waiting for it. */
  #foldLater(entry: Entry): void {
    void this.#folded(entry.callId, async () => {}).catch(() => {})
  }

  #take(entry: Entry, records: readonly CallRecord[]): void {
    for (const { seq, event } of records) {
      entry.folded = seq
      try {
        if (event.event_type === UNREADABLE_RECORD) throw new TypeError('The record cannot be read.')
        entry.state = reduceCall(entry.state, event)
      } catch {
        entry.isDamaged = true
        this.#notify([() => this.#options.unreadable(entry.callId, seq)])
      }
    }
  }

  #notify(callbacks: Iterable<() => void>): void {
    runEach(callbacks, this.#options.listenerFailed)
  }

  #tell({ callId, cursor, state, listeners }: Entry, records: readonly CallRecord[]): void {
    if (!cursor) return
    const growth = { callId, cursor, state, records }
    this.#notify([...listeners, ...this.#listeners].map((listener) => () => listener.grown?.(growth)))
  }

  #reset(entry: Entry): void {
    entry.cursor = null
    entry.state = initialCallState(entry.callId)
    entry.folded = 0
    entry.isDamaged = false
    const subscribers = [...entry.followers, ...entry.listeners, ...this.#listeners]
    this.#notify(subscribers.map((each) => () => each.forgotten?.(entry.callId)))
  }

  /** Evicts the calls used longest ago, while there are too many. */
  #release(entry: Entry): void {
    const { maxCached, maxLive, now } = this.#options
    const isUnused = entry.pending === 0 && entry.followers.size === 0 && entry.listeners.size === 0
    if (isUnused && this.#entries.get(entry.callId) === entry) {
      entry.usedAt = now()
      this.#idle.delete(entry)
      this.#live.delete(entry)
      const isLive = entry.cursor !== null && entry.folded === entry.cursor.seq && !hasEnded(entry.state)
      // Added last, it is the most recently used.
      if (isLive) this.#live.add(entry)
      else this.#idle.add(entry)
      // A call that was only asked for, and does not exist, is not worth a place.
      if (!entry.cursor) this.#evict(entry)
    }
    for (const oldest of this.#live) {
      if (this.#live.size <= maxLive && now() - oldest.usedAt < SILENT_MS) break
      this.#live.delete(oldest)
      this.#idle.add(oldest)
    }
    for (const oldest of this.#idle) {
      if (this.#entries.size - this.#live.size <= maxCached) return
      this.#evict(oldest)
    }
  }

  #evict(entry: Entry): void {
    entry.unwatch?.()
    this.#idle.delete(entry)
    this.#live.delete(entry)
    this.#entries.delete(entry.callId)
  }
}

const hasEnded = ({ hangup, closed }: CallState): boolean => hangup !== null || closed !== null

const holdsLess = () => new StoreUnavailable('The store holds less of a call than it has told of.')
