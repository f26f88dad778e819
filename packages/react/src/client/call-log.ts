/**
 * Follows the log of one call: in order, without gaps, each event once.
 *
 * The server numbers events within a log, and names the log by its epoch. Only the event at `cursor.seq + 1` is ever
 * applied. What comes early is held for a moment, since it may only have overtaken another; then the log is asked from
 * the cursor. A beacon says how far the log reaches, which is the only way to notice that its last event was lost.
 * Another epoch means that the log may have lost something: then nothing is patched and the whole is fetched.
 *
 * The server's answer is authority over everything held; an answer to a question asked on an older link is ignored.
 */
import {
  type CallEvent,
  type CallEventFrame,
  callEndedAt,
  foldCall,
  reduceCall,
  type SocketError,
  type WatchReply,
} from '@callgather/protocol'
import type { Clock } from './clock.ts'
import { type CallFeed, type FeedNotice, initialCallFeed, type SyncStatus } from './feed.ts'
import type { Link } from './transport.ts'

/** What a log tells its owner. */
export interface CallLogEvents {
  /** There is news. */
  change(feed: CallFeed): void
  /** The call is over and nothing more is expected. */
  ended(): void
  /** The call may not be watched; `feed.error` says why. */
  failed(error: SocketError): void
  /** The link does not do what it should. */
  broken(link: Link, error: SocketError | null): void
  /** A request took so many milliseconds. */
  measured(millis: number): void
}

/** An event that came too early may only have overtaken another. */
const GAP_MILLIS = 250
const MOST_PAUSE_MILLIS = 5_000
/** A call may be asked for just before the server hears of it: when a call is dialled, or after a restart. */
const NOT_FOUND_MILLIS = 30_000
/** A server that sends so far ahead of itself is asked instead of believed. */
const MOST_HELD = 5_000
/** Results, insights and the like come up to seconds after a call's end, and rarely later. */
const LINGER_MILLIS = 60_000
/** A clock that is off by less than this is not worth a repaint. */
const OFFSET_STEP_MILLIS = 20

export class CallLog {
  readonly #callId: string
  readonly #clock: Clock
  readonly #events: CallLogEvents
  #feed: CallFeed
  #link: Link | null = null
  /** The question in flight; answers to any other are ignored. */
  #question: object | null = null
  /** How far some log is known to reach, and the events of it that came too early. */
  #reach: { epoch: string; seq: number } | null = null
  readonly #held = new Map<number, CallEvent>()
  /** Questions in a row that brought nothing: each waits longer than the last. */
  #fruitless = 0
  #missingSince: number | null = null
  #untrusted = false
  #resuming = false
  #done = false
  #cancelAsk: (() => void) | null = null
  #cancelEnd: (() => void) | null = null

  constructor(callId: string, clock: Clock, events: CallLogEvents, resume?: CallFeed) {
    this.#callId = callId
    this.#clock = clock
    this.#events = events
    this.#feed = resume?.cursor ? resumed(resume) : initialCallFeed(callId)
  }

  get feed(): CallFeed {
    return this.#feed
  }

  /** Uses another link from now on, or none. */
  attach(link: Link | null): void {
    this.#link = link
    this.#question = null
    this.#cancelAsk?.()
    this.#cancelAsk = null
    this.#forget()
    this.#fruitless = 0
    this.#resuming = this.#feed.cursor !== null
    if (this.#feed.cursor && this.#feed.sync === 'live') this.#change({ sync: 'catching_up' })
    this.#ask()
  }

  /** Stops for good. */
  stop(): void {
    this.#done = true
    this.#link = null
    this.#question = null
    this.#cancelAsk?.()
    this.#cancelEnd?.()
  }

  /** Asks whether anything was missed. Costs an empty answer, and tells how long the way is. */
  check(): void {
    if (this.#feed.sync === 'live') this.#ask()
  }

  /** Fetches the whole log anew, whatever is known of it. */
  resync(): void {
    if (!this.#feed.cursor) return
    this.#untrusted = true
    this.#question = null
    this.#change({ sync: 'resyncing' })
    this.#ask()
  }

  /** Events from the server, as they happen. */
  receive({ epoch, records }: CallEventFrame): void {
    for (const { seq, event } of records) {
      this.#learn(epoch, seq)
      const { cursor } = this.#feed
      if (!cursor || epoch !== cursor.epoch || seq > cursor.seq) this.#held.set(seq, event)
    }
    if (this.#held.size > MOST_HELD) this.#held.clear()
    this.#advance()
  }

  /** How far the log reaches, by the server's word. */
  head(epoch: string, seq: number, now: string): void {
    this.#learn(epoch, seq)
    // A beacon comes late, never early: only a lesser delay than was known tells something.
    const offset = Date.parse(now) - this.#clock.now()
    if (this.#feed.cursor && offset > this.#feed.clockOffset + OFFSET_STEP_MILLIS) this.#change({ clockOffset: offset })
    this.#advance()
  }

  /** The connection was refused, or is whole again. */
  refused(error: SocketError | null): void {
    if (error) this.#change({ error })
  }

  #learn(epoch: string, seq: number): void {
    if (this.#reach?.epoch === epoch) this.#reach.seq = Math.max(this.#reach.seq, seq)
    else {
      this.#held.clear()
      this.#reach = { epoch, seq }
    }
  }

  #forget(): void {
    this.#held.clear()
    this.#reach = null
  }

  /** Applies what is next in line, and asks for what is missing. */
  #advance(): void {
    const { cursor } = this.#feed
    if (!cursor || !this.#reach) return
    if (this.#reach.epoch !== cursor.epoch) {
      this.#askLater(this.#fruitless === 0 ? 0 : this.#pause())
      return
    }
    let { state } = this.#feed
    let { seq } = cursor
    for (let event = this.#held.get(seq + 1); event; event = this.#held.get(seq + 1)) {
      state = reduceCall(state, event)
      seq++
      this.#held.delete(seq)
    }
    if (seq > cursor.seq) {
      this.#fruitless = 0
      this.#change({ state, cursor: { epoch: cursor.epoch, seq } })
    }
    if (this.#reach.seq > seq) this.#askLater(this.#pause())
    else if (!this.#question) {
      this.#cancelAsk?.()
      this.#cancelAsk = null
      if (this.#feed.sync !== 'live') this.#change({ sync: 'live' })
    }
  }

  #pause(): number {
    return Math.min(MOST_PAUSE_MILLIS, GAP_MILLIS * 2 ** this.#fruitless)
  }

  #askLater(millis: number): void {
    if (this.#cancelAsk || this.#question || !this.#link) return
    if (millis === 0) this.#ask()
    else {
      this.#cancelAsk = this.#clock.setTimeout(() => {
        this.#cancelAsk = null
        this.#ask()
      }, millis)
    }
  }

  #ask(): void {
    const link = this.#link
    if (!link || this.#question || this.#done) return
    const question = {}
    this.#question = question
    const { cursor } = this.#feed
    const replaced = cursor !== null && this.#reach !== null && this.#reach.epoch !== cursor.epoch
    const behind = cursor !== null && this.#reach !== null && this.#reach.seq > cursor.seq
    if (replaced) this.#change({ sync: 'resyncing' })
    else if (behind) this.#change({ sync: 'catching_up' })
    const from = replaced || this.#untrusted ? null : cursor
    const asked = this.#clock.now()
    link.watchCall(this.#callId, from).then(
      (reply) => {
        if (this.#question !== question) return
        this.#question = null
        const millis = this.#clock.now() - asked
        this.#events.measured(millis)
        if (reply.ok) this.#accept(reply, asked + millis / 2)
        else this.#refuse(reply.error, link)
      },
      () => {
        if (this.#question === question) this.#events.broken(link, null)
      },
    )
  }

  #accept(reply: WatchReply & { ok: true }, midway: number): void {
    this.#missingSince = null
    const known = this.#feed
    const offset = Date.parse(reply.now) - midway
    const clockOffset =
      known.cursor && Math.abs(offset - known.clockOffset) < OFFSET_STEP_MILLIS ? known.clockOffset : offset
    const { error: _, ...rest } = known
    const base = { ...rest, clockOffset, scopes: sameScopes(known.scopes, reply.scopes) }
    if (reply.kind === 'snapshot') this.#replace(reply, base)
    else this.#extend(reply, base)
    this.#advance()
    this.#settle()
  }

  #replace(reply: WatchReply & { ok: true }, base: CallFeed): void {
    const { cursor } = base
    // Under one epoch the log only grows, so an older snapshot has nothing to say; nor has an equal one, if we trust ours.
    const news = reply.cursor.seq - (cursor?.epoch === reply.cursor.epoch ? cursor.seq : -1)
    const older = this.#untrusted ? news < 0 : news <= 0
    this.#untrusted = false
    if (older) this.#fruitless++
    else this.#fruitless = 0
    if (this.#reach && this.#reach.epoch !== reply.cursor.epoch) this.#forget()
    this.#learn(reply.cursor.epoch, reply.cursor.seq)
    const notice: FeedNotice | null = cursor && cursor.epoch !== reply.cursor.epoch ? { kind: 'history_lost' } : null
    this.#resuming = false
    this.#set({
      ...base,
      sync: 'live',
      ...(older ? {} : { state: foldRecords(this.#callId, reply), cursor: reply.cursor }),
      ...(notice ? { notice } : {}),
    })
  }

  #extend(reply: WatchReply & { ok: true }, base: CallFeed): void {
    const { cursor } = base
    let { state } = base
    let seq = cursor?.seq ?? 0
    let applied = 0
    if (cursor?.epoch === reply.cursor.epoch) {
      for (const record of reply.records) {
        if (record.seq !== seq + 1) continue
        state = reduceCall(state, record.event)
        seq++
        applied++
      }
      for (const held of [...this.#held.keys()]) if (held <= seq) this.#held.delete(held)
    }
    // A delta that does not lead to where it says it does cannot be trusted; nor can the cursor it was made from.
    this.#untrusted = !cursor || cursor.epoch !== reply.cursor.epoch || seq < reply.cursor.seq
    this.#fruitless = applied > 0 && !this.#untrusted ? 0 : this.#fruitless + 1
    if (!this.#untrusted && (!this.#reach || (this.#reach.epoch === reply.cursor.epoch && this.#reach.seq <= seq))) {
      this.#fruitless = 0
    }
    if (!this.#reach) this.#learn(reply.cursor.epoch, reply.cursor.seq)
    const notice: FeedNotice | null = this.#resuming && applied > 0 ? { kind: 'replayed', events: applied } : null
    this.#resuming = false
    const complete = !this.#untrusted
    this.#set({
      ...base,
      state,
      cursor: cursor ? { epoch: cursor.epoch, seq } : null,
      sync: complete ? 'live' : 'catching_up',
      ...(notice ? { notice } : {}),
    })
    if (this.#untrusted) this.#askLater(this.#pause())
  }

  #refuse(error: SocketError, link: Link): void {
    // A ticket that has run out is the connection's business: it opens a new link with a fresh one.
    if (error.status === 401) {
      this.#events.broken(link, error)
      return
    }
    this.#change({ error })
    if (this.#mayPass(error.status)) {
      this.#fruitless++
      this.#askLater(this.#pause())
    } else this.#events.failed(error)
  }

  #mayPass(status: number): boolean {
    if (status !== 404) return status === 408 || status === 429 || status >= 500
    this.#missingSince ??= this.#clock.now()
    return this.#clock.now() - this.#missingSince < NOT_FOUND_MILLIS
  }

  #change(patch: Partial<CallFeed>): void {
    this.#set({ ...this.#feed, ...patch })
    this.#settle()
  }

  #set(feed: CallFeed): void {
    if (this.#done) return
    this.#feed = feed
    this.#events.change(feed)
  }

  /** A call that is over is watched a little longer, since some events come after its end. */
  #settle(): void {
    this.#cancelEnd?.()
    this.#cancelEnd = null
    const { state, sync, clockOffset } = this.#feed
    if (this.#done || sync !== 'live' || callEndedAt(state) === null) return
    const last = Date.parse(state.timeline.at(-1)?.at ?? '')
    const quiet = this.#clock.now() + clockOffset - last
    const end = () => {
      this.#set({ ...this.#feed, sync: 'ended' satisfies SyncStatus })
      this.#events.ended()
    }
    if (quiet >= LINGER_MILLIS) end()
    else this.#cancelEnd = this.#clock.setTimeout(end, LINGER_MILLIS - Math.max(0, quiet))
  }
}

function foldRecords(callId: string, { records }: WatchReply & { ok: true }) {
  return foldCall(
    callId,
    records.map((record) => record.event),
  )
}

/** A feed from an earlier watch, to be continued from its cursor. */
function resumed({ error: _, notice: __, ...feed }: CallFeed): CallFeed {
  return { ...feed, sync: 'catching_up' }
}

function sameScopes(known: CallFeed['scopes'], given: CallFeed['scopes']): CallFeed['scopes'] {
  return known.length === given.length && known.every((scope, index) => scope === given[index]) ? known : given
}
