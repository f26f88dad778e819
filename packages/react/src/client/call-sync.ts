/**
 * Keeps the state of one call in step with the server's log: in order, without gaps, each event once.
 *
 * The server numbers events within a log, and names the log by its epoch. Only the event at `cursor.seq + 1` is ever
 * applied. What comes early is held for a moment, since it may only have overtaken another; then the log is asked from
 * the cursor. A beacon says how far the log reaches, which is the only way to notice that its last event was lost.
 * Another epoch means that the log may have lost something: then nothing is patched and the whole is fetched.
 *
 * When a question is asked is decided by the table in `sync-machine.ts`; here is what an answer does to what is known.
 */
import {
  type CallEvent,
  type CallEventFrame,
  callEndedAt,
  foldCall,
  reduceCall,
  type WatchReply,
} from '@callgather/protocol'
import { type ConnectionError, isDenied } from './client-error.ts'
import type { ConcurrencyLimiter } from './concurrency-limiter.ts'
import { type CallFeed, initialCallFeed, type SyncStatus } from './feed.ts'
import { type SyncClocks, SyncDriver, type SyncEvents } from './sync-driver.ts'
import type { Link } from './transport.ts'

type OkReply = WatchReply & { ok: true }

/** An event that came too early may only have overtaken another. */
const GAP_DELAY_MS = 250
const MAX_BACKOFF_MS = 5_000
/** A call may be asked for just before the server hears of it: when a call is dialled, or after a restart. */
const NOT_FOUND_GRACE_MS = 30_000
/** A server that sends so far ahead of itself is asked instead of believed. */
const MAX_BUFFERED_EVENTS = 5_000
/** Results, insights and the like come up to seconds after a call's end, and rarely later. */
const LINGER_MS = 60_000

export class CallSync {
  readonly #callId: string
  readonly #clocks: SyncClocks
  readonly #events: SyncEvents<CallFeed>
  readonly #driver: SyncDriver<OkReply>
  #feed: CallFeed
  #published: CallFeed
  /** What the next question asks for: what came since the last link, since the cursor, or everything. */
  #plan: 'resume' | 'delta' | 'whole'
  /** How far some log is known to reach, and the events of it that came too early. */
  #reach: { epoch: string; seq: number } | null = null
  readonly #held = new Map<number, CallEvent>()
  /** Questions in a row that brought nothing: each waits longer than the last. */
  #failures = 0
  #missingSince: number | null = null
  #cancelEnd = () => {}

  constructor(callId: string, clocks: SyncClocks, events: SyncEvents<CallFeed>, resume?: CallFeed) {
    this.#callId = callId
    this.#clocks = clocks
    this.#events = events
    this.#feed = resume?.cursor ? resumed(resume) : initialCallFeed(callId)
    this.#published = this.#feed
    this.#plan = this.#feed.cursor ? 'resume' : 'whole'
    this.#driver = new SyncDriver<OkReply>(clocks, events, {
      request: (link) => link.watchCall(callId, this.#plan === 'whole' ? null : this.#feed.cursor),
      accept: (answer) => this.#accept(answer),
      reject: (error) => {
        this.#fail(error)
        this.#failures++
      },
      canRetry: ({ status }) => {
        this.#missingSince ??= clocks.clock.now()
        return status === 404 && clocks.clock.now() - this.#missingSince < NOT_FOUND_GRACE_MS
      },
      // Another log is asked for at once, and again after a pause if that brought nothing.
      backoffMs: () =>
        this.#plan === 'whole' && this.#failures === 0
          ? 0
          : Math.min(MAX_BACKOFF_MS, GAP_DELAY_MS * 2 ** this.#failures),
      changed: () => this.#publish(),
    })
  }

  get feed(): CallFeed {
    return this.#feed
  }

  /** Uses another link from now on, or none, and asks in its turn among all who use it. */
  attach(link: Link | null, turns: ConcurrencyLimiter): void {
    this.#held.clear()
    this.#reach = null
    this.#failures = 0
    if (this.#plan !== 'whole') this.#plan = 'resume'
    this.#driver.attach(link, turns)
    this.#publish()
  }

  /** Stops for good. */
  stop(): void {
    this.#driver.input('over')
    this.#cancelEnd()
  }

  /** Asks whether anything was missed. Costs an empty answer, and tells how long the way is. */
  check(): void {
    this.#driver.input('check')
    this.#publish()
  }

  /** Fetches the whole log anew, whatever is known of it. */
  resync(): void {
    if (!this.#feed.cursor) return
    this.#plan = 'whole'
    this.#driver.input('resync')
    this.#publish()
  }

  /** Events from the server, as they happen. */
  receive({ epoch, records }: CallEventFrame): void {
    for (const { seq, event } of records) this.#hold(epoch, seq, event)
    if (this.#held.size > MAX_BUFFERED_EVENTS) this.#held.clear()
    this.#advance()
  }

  /** How far the log reaches, by the server's word. */
  head(epoch: string, seq: number, now: string): void {
    this.#learn(epoch, seq)
    this.#clocks.serverTime.observe(now)
    const clockOffsetMs = this.#clocks.serverTime.offsetMs
    if (this.#feed.cursor && clockOffsetMs !== this.#feed.clockOffsetMs) this.#feed = { ...this.#feed, clockOffsetMs }
    this.#advance()
  }

  /** The connection failed or was refused. */
  disconnected(error: ConnectionError): void {
    this.#fail(error)
    this.#publish()
  }

  /** Drops all that is known, since it belongs to another agent. */
  reset(): void {
    this.#drop()
    this.#publish()
  }

  /** An agent who may not see the call must not see what was known of it either. */
  #fail(error: ConnectionError): void {
    if (isDenied(error)) this.#drop()
    this.#feed = { ...this.#feed, error }
  }

  #drop(): void {
    this.#held.clear()
    this.#reach = null
    this.#plan = 'whole'
    this.#feed = initialCallFeed(this.#callId)
  }

  #hold(epoch: string, seq: number, event: CallEvent): void {
    this.#learn(epoch, seq)
    this.#held.set(seq, event)
  }

  #learn(epoch: string, seq: number): void {
    const { cursor } = this.#feed
    if (cursor && cursor.epoch !== epoch) this.#plan = 'whole'
    if (this.#reach?.epoch === epoch) this.#reach.seq = Math.max(this.#reach.seq, seq)
    else {
      this.#held.clear()
      this.#reach = { epoch, seq }
    }
  }

  /** Applies what is next in line, and asks for what is missing. */
  #advance(): void {
    this.#apply()
    this.#driver.input(this.#plan === 'whole' ? 'stale' : this.#isBehind() ? 'gap' : 'complete')
    this.#publish()
  }

  #apply(): void {
    const { cursor } = this.#feed
    if (!cursor || cursor.epoch !== this.#reach?.epoch) return
    let { state } = this.#feed
    let { seq } = cursor
    for (let event = this.#held.get(seq + 1); event; event = this.#held.get(seq + 1)) {
      state = reduceCall(state, event)
      seq++
    }
    for (const held of this.#held.keys()) if (held <= seq) this.#held.delete(held)
    if (seq === cursor.seq) return
    this.#failures = 0
    this.#feed = { ...this.#feed, state, cursor: { epoch: cursor.epoch, seq } }
  }

  #isBehind(): boolean {
    const { cursor } = this.#feed
    return cursor !== null && this.#reach?.epoch === cursor.epoch && this.#reach.seq > cursor.seq
  }

  #accept(answer: OkReply): void {
    this.#missingSince = null
    const { error: _, ...known } = this.#feed
    const clockOffsetMs = this.#clocks.serverTime.offsetMs
    this.#feed = { ...known, clockOffsetMs, scopes: sameScopes(known.scopes, answer.scopes) }
    const { cursor } = known
    if (answer.kind === 'snapshot') this.#replace(answer)
    else this.#extend(answer)
    const isNews = this.#feed.cursor !== cursor || (this.#plan !== 'whole' && !this.#isBehind())
    this.#failures = isNews ? 0 : this.#failures + 1
    this.#advance()
  }

  #replace({ cursor, records }: OkReply): void {
    const known = this.#feed.cursor
    // Under one epoch the log only grows, so an older snapshot has nothing to say; nor has an equal one, if we trust ours.
    const news = cursor.seq - (known?.epoch === cursor.epoch ? known.seq : -1)
    this.#learn(cursor.epoch, cursor.seq)
    if (known && known.epoch !== cursor.epoch) this.#feed = { ...this.#feed, notice: { kind: 'history_lost' } }
    if (news > 0 || (news === 0 && this.#plan === 'whole')) {
      const events = records.map((record) => record.event)
      this.#feed = { ...this.#feed, state: foldCall(this.#callId, events), cursor }
    }
    this.#plan = 'delta'
  }

  #extend({ cursor, records }: OkReply): void {
    const known = this.#feed.cursor
    const isOfOurLog = known?.epoch === cursor.epoch && (this.#reach === null || this.#reach.epoch === cursor.epoch)
    if (isOfOurLog) {
      this.#learn(cursor.epoch, cursor.seq)
      for (const { seq, event } of records) this.#hold(cursor.epoch, seq, event)
      this.#apply()
    }
    const isResumed = this.#plan === 'resume' && isOfOurLog && cursor.seq > known.seq
    if (isResumed) this.#feed = { ...this.#feed, notice: { kind: 'replayed', events: cursor.seq - known.seq } }
    // A delta that does not lead to where it says it does cannot be trusted; nor can the cursor it was made from.
    const isTrusted = isOfOurLog && (this.#feed.cursor?.seq ?? 0) >= cursor.seq
    this.#plan = isTrusted ? 'delta' : 'whole'
  }

  #publish(): void {
    const sync = this.#sync()
    if (sync !== this.#feed.sync) this.#feed = { ...this.#feed, sync }
    if (this.#feed === this.#published) return
    this.#published = this.#feed
    this.#events.change(this.#feed)
    this.#linger()
  }

  #sync(): SyncStatus {
    const { cursor, sync } = this.#feed
    const { state } = this.#driver
    if (state === 'ended') return 'ended'
    if (!cursor) return 'connecting'
    if (state === 'current') return 'live'
    if (this.#plan === 'whole') return 'resyncing'
    const isCatchingUp = state === 'detached' || this.#plan === 'resume' || (state === 'asking' && this.#isBehind())
    return isCatchingUp ? 'catching_up' : sync
  }

  /** A call that is over is watched a little longer, since some events come after its end. */
  #linger(): void {
    this.#cancelEnd()
    const { state, sync, clockOffsetMs } = this.#feed
    if (sync !== 'live' || callEndedAt(state) === null) return
    const last = Date.parse(state.timeline.at(-1)?.at ?? '')
    const quiet = this.#clocks.clock.now() + clockOffsetMs - last
    const end = () => {
      this.#driver.input('over')
      this.#publish()
      this.#events.ended()
    }
    if (quiet >= LINGER_MS) end()
    else this.#cancelEnd = this.#clocks.clock.setTimeout(end, LINGER_MS - Math.max(0, quiet))
  }
}

/** A feed from an earlier watch, to be continued from its cursor. */
function resumed({ error: _, notice: __, ...feed }: CallFeed): CallFeed {
  return { ...feed, sync: 'catching_up' }
}

function sameScopes(known: CallFeed['scopes'], given: CallFeed['scopes']): CallFeed['scopes'] {
  return known.length === given.length && known.every((scope, index) => scope === given[index]) ? known : given
}
