/**
 * Synchronises the state of one call with the server's log: in order, without gaps, each event once.
 *
 * - Only the event at `cursor.seq + 1` is applied. Early events are buffered; if the gap stays, a delta is requested.
 * - A beacon reports the last sequence number of the log. Without it, the loss of the last event would go unnoticed.
 * - A new epoch means that the log may have lost events, so a snapshot is requested instead of a delta.
 *
 * The table in `sync-machine.ts` decides when to send a request; this file applies the replies.
 */
import {
  type CallEvent,
  type CallEventFrame,
  foldCall,
  reduceCall,
  selectCallEndedAt,
  type WatchReply,
} from '@callgather/protocol'
import { type ConnectionError, isDenied } from './client-error.ts'
import type { ConcurrencyLimiter } from './concurrency-limiter.ts'
import { type CallFeed, initialCallFeed, type SyncStatus } from './feed.ts'
import { type SyncClocks, SyncDriver, type SyncEvents } from './sync-driver.ts'
import type { Link } from './transport.ts'

type OkReply = WatchReply & { ok: true }

/** The delay before the events of a gap are requested, because a late event may still close the gap. */
const GAP_DELAY_MS = 250
const MAX_BACKOFF_MS = 5_000
/** How long a call may be "not found", because a page may subscribe before the server has the call's first event. */
const NOT_FOUND_GRACE_MS = 30_000
/** The buffer is dropped above this size, because a request for the missing events is cheaper. */
const MAX_BUFFERED_EVENTS = 5_000
/** How long the subscription of an ended call stays open without new events: results and insights arrive late. */
const LINGER_MS = 60_000

export class CallSync {
  readonly #callId: string
  readonly #clocks: SyncClocks
  readonly #events: SyncEvents<CallFeed>
  readonly #driver: SyncDriver<OkReply>
  #feed: CallFeed
  #published: CallFeed
  /** The kind of the next request: a delta after a reconnection, another delta, or a snapshot. */
  #plan: 'resume' | 'delta' | 'snapshot'
  /** The last known position of the server's log. `#buffer` holds events that arrived before their turn. */
  #head: { epoch: string; seq: number } | null = null
  readonly #buffer = new Map<number, CallEvent>()
  /** The log that the agent saw before access was denied or the call was not found; the state is no longer kept. */
  #clearedEpoch: string | null = null
  /** The number of consecutive requests without progress. The backoff grows with it. */
  #failures = 0
  #notFoundSince: number | null = null
  #cancelEnd = () => {}

  constructor(callId: string, clocks: SyncClocks, events: SyncEvents<CallFeed>, resume?: CallFeed) {
    this.#callId = callId
    this.#clocks = clocks
    this.#events = events
    this.#feed = resume?.cursor ? toResumed(resume) : initialCallFeed(callId)
    this.#published = this.#feed
    this.#plan = this.#feed.cursor ? 'resume' : 'snapshot'
    this.#driver = new SyncDriver<OkReply>(clocks, events, {
      request: (link) => link.watchCall(callId, this.#plan === 'snapshot' ? null : this.#feed.cursor),
      accept: (reply) => this.#accept(reply),
      reject: (error) => {
        this.#fail(error)
        this.#failures++
      },
      canRetry: ({ status }) => {
        this.#notFoundSince ??= clocks.clock.now()
        return status === 404 && clocks.clock.now() - this.#notFoundSince < NOT_FOUND_GRACE_MS
      },
      // The first snapshot is requested at once; later snapshots wait for the backoff.
      backoffMs: () =>
        this.#plan === 'snapshot' && this.#failures === 0
          ? 0
          : Math.min(MAX_BACKOFF_MS, GAP_DELAY_MS * 2 ** this.#failures),
      changed: () => this.#publish(),
    })
  }

  get feed(): CallFeed {
    return this.#feed
  }

  /** Sets the link to the server; `null` detaches the sync. All syncs on a link share its limiter. */
  attach(link: Link | null, limiter: ConcurrencyLimiter): void {
    this.#buffer.clear()
    this.#head = null
    this.#failures = 0
    if (this.#plan !== 'snapshot') this.#plan = 'resume'
    this.#driver.attach(link, limiter)
    this.#publish()
  }

  /** Stops the sync permanently. */
  stop(): void {
    this.#driver.input('stop')
    this.#cancelEnd()
  }

  /** Requests missed events and measures the latency. The reply is usually an empty delta. */
  check(): void {
    this.#driver.input('check')
    this.#publish()
  }

  /** Fetches a snapshot, even if no event is known to be missing. */
  resync(): void {
    if (!this.#feed.cursor) return
    this.#plan = 'snapshot'
    this.#driver.input('resync')
    this.#publish()
  }

  /** Buffers the events of a frame, then applies all events that are in order. */
  receive({ epoch, records }: CallEventFrame): void {
    for (const { seq, event } of records) this.#bufferEvent(epoch, seq, event)
    if (this.#buffer.size > MAX_BUFFERED_EVENTS) this.#buffer.clear()
    this.#advance()
  }

  /** Compares the log's last sequence number from a beacon with the cursor. */
  receiveHead(epoch: string, seq: number, now: string): void {
    this.#observeHead(epoch, seq)
    this.#clocks.serverTime.observe(now)
    const clockOffsetMs = this.#clocks.serverTime.offsetMs
    if (this.#feed.cursor && clockOffsetMs !== this.#feed.clockOffsetMs) this.#feed = { ...this.#feed, clockOffsetMs }
    this.#advance()
  }

  /** Publishes the error of a failed or refused connection in the feed. */
  disconnected(error: ConnectionError): void {
    this.#fail(error)
    this.#publish()
  }

  /** Drops the call's state, because another agent signed in. */
  reset(): void {
    this.#clear()
    this.#clearedEpoch = null
    this.#publish()
  }

  /** Ends the sync with an error. When access is denied, the agent must not see the earlier state either. */
  #fail(error: ConnectionError): void {
    if (isDenied(error)) this.#clear()
    this.#feed = { ...this.#feed, error }
  }

  #clear(): void {
    this.#clearedEpoch = this.#feed.cursor?.epoch ?? this.#clearedEpoch
    this.#buffer.clear()
    this.#head = null
    this.#plan = 'snapshot'
    this.#feed = initialCallFeed(this.#callId)
  }

  #bufferEvent(epoch: string, seq: number, event: CallEvent): void {
    this.#observeHead(epoch, seq)
    this.#buffer.set(seq, event)
  }

  #observeHead(epoch: string, seq: number): void {
    const { cursor } = this.#feed
    if (cursor && cursor.epoch !== epoch) this.#plan = 'snapshot'
    if (this.#head?.epoch === epoch) this.#head.seq = Math.max(this.#head.seq, seq)
    else {
      this.#buffer.clear()
      this.#head = { epoch, seq }
    }
  }

  /** Applies buffered events in order, and requests missing ones. */
  #advance(): void {
    this.#applyBuffered()
    this.#driver.input(this.#plan === 'snapshot' ? 'stale' : this.#isBehind() ? 'gap' : 'complete')
    this.#publish()
  }

  #applyBuffered(): void {
    const { cursor } = this.#feed
    if (!cursor || cursor.epoch !== this.#head?.epoch) return
    let { state } = this.#feed
    let { seq } = cursor
    for (let event = this.#buffer.get(seq + 1); event; event = this.#buffer.get(seq + 1)) {
      state = reduceCall(state, event)
      seq++
    }
    for (const early of this.#buffer.keys()) if (early <= seq) this.#buffer.delete(early)
    if (seq === cursor.seq) return
    this.#failures = 0
    this.#feed = { ...this.#feed, state, cursor: { epoch: cursor.epoch, seq } }
  }

  #isBehind(): boolean {
    const { cursor } = this.#feed
    return cursor !== null && this.#head?.epoch === cursor.epoch && this.#head.seq > cursor.seq
  }

  #accept(reply: OkReply): void {
    this.#notFoundSince = null
    const { error: _, ...known } = this.#feed
    const clockOffsetMs = this.#clocks.serverTime.offsetMs
    const scopes = sameScopes(known.scopes, reply.scopes)
    const templates = sameTemplates(known.templates, reply.templates ?? [])
    this.#feed = { ...known, clockOffsetMs, scopes, templates }
    const { cursor } = known
    if (reply.kind === 'snapshot') this.#applySnapshot(reply)
    else this.#applyDelta(reply)
    const hasProgressed = this.#feed.cursor !== cursor || (this.#plan !== 'snapshot' && !this.#isBehind())
    this.#failures = hasProgressed ? 0 : this.#failures + 1
    this.#advance()
  }

  #applySnapshot({ cursor, records }: OkReply): void {
    const known = this.#feed.cursor
    // Within an epoch the log only grows, so an older snapshot is useless. An equal one only helps a stale state.
    const newEvents = cursor.seq - (known?.epoch === cursor.epoch ? known.seq : -1)
    this.#observeHead(cursor.epoch, cursor.seq)
    const epoch = known?.epoch ?? this.#clearedEpoch
    if (epoch !== null && epoch !== cursor.epoch) this.#feed = { ...this.#feed, notice: { kind: 'history_lost' } }
    this.#clearedEpoch = null
    if (newEvents > 0 || (newEvents === 0 && this.#plan === 'snapshot')) {
      const events = records.map((record) => record.event)
      this.#feed = { ...this.#feed, state: foldCall(this.#callId, events), cursor }
    }
    this.#plan = 'delta'
  }

  #applyDelta({ cursor, records }: OkReply): void {
    const known = this.#feed.cursor
    const isSameLog = known?.epoch === cursor.epoch && (this.#head === null || this.#head.epoch === cursor.epoch)
    if (isSameLog) {
      this.#observeHead(cursor.epoch, cursor.seq)
      for (const { seq, event } of records) this.#bufferEvent(cursor.epoch, seq, event)
      this.#applyBuffered()
    }
    const isResumed = this.#plan === 'resume' && isSameLog && cursor.seq > known.seq
    if (isResumed) this.#feed = { ...this.#feed, notice: { kind: 'replayed', events: cursor.seq - known.seq } }
    // When a delta holds fewer events than its cursor says, events are missing, so the next request asks for a snapshot.
    const isComplete = isSameLog && (this.#feed.cursor?.seq ?? 0) >= cursor.seq
    this.#plan = isComplete ? 'delta' : 'snapshot'
  }

  #publish(): void {
    const sync = this.#syncStatus()
    if (sync !== this.#feed.sync) this.#feed = { ...this.#feed, sync }
    if (this.#feed === this.#published) return
    this.#published = this.#feed
    this.#events.change(this.#feed)
    this.#linger()
  }

  #syncStatus(): SyncStatus {
    const { cursor, sync } = this.#feed
    const { state } = this.#driver
    if (state === 'ended') return 'ended'
    if (!cursor) return 'connecting'
    if (state === 'current') return 'live'
    if (this.#plan === 'snapshot') return 'resyncing'
    const isCatchingUp = state === 'detached' || this.#plan === 'resume' || (state === 'requesting' && this.#isBehind())
    return isCatchingUp ? 'catching_up' : sync
  }

  /** Ends the sync of an ended call `LINGER_MS` after its last event, because some events arrive after the hang-up. */
  #linger(): void {
    this.#cancelEnd()
    const { state, sync, clockOffsetMs } = this.#feed
    if (sync !== 'live' || selectCallEndedAt(state) === null) return
    const lastEventAt = Date.parse(state.timeline.at(-1)?.at ?? '')
    const quietMs = this.#clocks.clock.now() + clockOffsetMs - lastEventAt
    const end = () => {
      this.#driver.input('stop')
      this.#publish()
      this.#events.ended()
    }
    if (quietMs >= LINGER_MS) end()
    else this.#cancelEnd = this.#clocks.clock.setTimeout(end, LINGER_MS - Math.max(0, quietMs))
  }
}

/** Returns the feed of an earlier subscription without its error and notice, to continue from its cursor. */
function toResumed({ error: _, notice: __, ...feed }: CallFeed): CallFeed {
  return { ...feed, sync: 'catching_up' }
}

function sameScopes(known: CallFeed['scopes'], given: CallFeed['scopes']): CallFeed['scopes'] {
  return known.length === given.length && known.every((scope, index) => scope === given[index]) ? known : given
}

function sameTemplates(known: CallFeed['templates'], given: CallFeed['templates']): CallFeed['templates'] {
  return JSON.stringify(known) === JSON.stringify(given) ? known : given
}
