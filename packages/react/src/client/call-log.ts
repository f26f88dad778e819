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
import type { ConnectionError } from './client-error.ts'
import type { Clock } from './clock.ts'
import { type CallFeed, type FeedNotice, initialCallFeed, type SyncStatus } from './feed.ts'
import type { ServerTime } from './server-time.ts'
import type { Link } from './transport.ts'
import type { Turns } from './turns.ts'

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

export class CallLog {
  readonly #callId: string
  readonly #clock: Clock
  readonly #serverTime: ServerTime
  readonly #events: CallLogEvents
  #feed: CallFeed
  #link: Link | null = null
  #turns: Turns | null = null
  /** The question that waits for its turn or is in flight; answers to any other are ignored. */
  #question: object | null = null
  #leaveTurns: (() => void) | null = null
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

  constructor(
    callId: string,
    { clock, serverTime }: { clock: Clock; serverTime: ServerTime },
    events: CallLogEvents,
    resume?: CallFeed,
  ) {
    this.#callId = callId
    this.#clock = clock
    this.#serverTime = serverTime
    this.#events = events
    this.#feed = resume?.cursor ? resumed(resume) : initialCallFeed(callId)
  }

  get feed(): CallFeed {
    return this.#feed
  }

  /** Uses another link from now on, or none, and asks in its turn among all who use it. */
  attach(link: Link | null, turns: Turns): void {
    this.#link = link
    this.#turns = turns
    this.#dropQuestion()
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
    this.#dropQuestion()
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
    this.#dropQuestion()
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
    this.#serverTime.learn(now)
    const clockOffset = this.#serverTime.offset
    if (this.#feed.cursor && clockOffset !== this.#feed.clockOffset) this.#change({ clockOffset })
    this.#advance()
  }

  /** The connection failed or was refused. */
  disconnected(error: ConnectionError): void {
    if (isDenied(error)) this.#drop(error)
    else this.#change({ error })
  }

  /** Drops all that is known, since it belongs to another agent. */
  reset(): void {
    this.#drop()
  }

  #drop(error?: ConnectionError): void {
    this.#forget()
    this.#resuming = false
    this.#set({ ...initialCallFeed(this.#callId), ...(error ? { error } : {}) })
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
    if (!link || !this.#turns || this.#question || this.#done) return
    const question = {}
    this.#question = question
    const { cursor } = this.#feed
    const behind = cursor !== null && this.#reach !== null && this.#reach.seq > cursor.seq
    if (this.#isReplaced()) this.#change({ sync: 'resyncing' })
    else if (behind) this.#change({ sync: 'catching_up' })
    this.#leaveTurns = this.#turns.take(() => this.#send(question, link))
  }

  #dropQuestion(): void {
    this.#question = null
    this.#leaveTurns?.()
    this.#leaveTurns = null
  }

  /** Asks from the cursor of this moment: events may have come while the question waited for its turn. */
  #send(question: object, link: Link): Promise<void> {
    const asked = this.#clock.now()
    const from = this.#isReplaced() || this.#untrusted ? null : this.#feed.cursor
    return link.watchCall(this.#callId, from).then(
      (reply) => {
        if (reply.ok) this.#serverTime.learn(reply.now, asked)
        if (this.#question !== question) return
        this.#question = null
        this.#events.measured(this.#clock.now() - asked)
        if (reply.ok) this.#accept(reply)
        else this.#refuse(reply.error, link)
      },
      () => {
        if (this.#question === question) this.#events.broken(link, null)
      },
    )
  }

  #isReplaced(): boolean {
    const { cursor } = this.#feed
    return cursor !== null && this.#reach !== null && this.#reach.epoch !== cursor.epoch
  }

  #accept(reply: WatchReply & { ok: true }): void {
    this.#missingSince = null
    const { error: _, ...known } = this.#feed
    const clockOffset = this.#serverTime.offset
    const base = { ...known, clockOffset, scopes: sameScopes(known.scopes, reply.scopes) }
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
    // An agent who may not see the call must not see what was known of it either.
    if (isDenied(error)) this.#drop(error)
    else this.#change({ error })
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

/** Whether an error says that the agent may not see this, or that it does not exist; the server does not tell which. */
export const isDenied = ({ status }: SocketError) => status === 403 || status === 404

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
