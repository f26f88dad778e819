/** Follows the list of calls a ticket may see. Each frame carries whole summaries, so the latest wins. */
import type { CallSummary, CallsEventFrame, CallsReply, SocketError } from '@callgather/protocol'
import { isDenied } from './call-log.ts'
import type { ConnectionError } from './client-error.ts'
import type { Clock } from './clock.ts'
import { type CallsFeed, initialCallsFeed } from './feed.ts'
import type { ServerTime } from './server-time.ts'
import type { Link } from './transport.ts'

/** What a list tells its owner. */
export interface CallsListEvents {
  change(feed: CallsFeed): void
  failed(error: SocketError): void
  broken(link: Link, error: SocketError | null): void
}

const RETRY_MILLIS = 2_000

export class CallsList {
  readonly #clock: Clock
  readonly #serverTime: ServerTime
  readonly #events: CallsListEvents
  readonly #calls = new Map<string, CallSummary>()
  #feed: CallsFeed = initialCallsFeed
  #link: Link | null = null
  #question: object | null = null
  /** What came before the answer; newer than it or about to be repeated, so applied on top of it. */
  #early: CallsEventFrame[] = []
  #cancelAsk: (() => void) | null = null

  constructor({ clock, serverTime }: { clock: Clock; serverTime: ServerTime }, events: CallsListEvents) {
    this.#clock = clock
    this.#serverTime = serverTime
    this.#events = events
  }

  get feed(): CallsFeed {
    return this.#feed
  }

  attach(link: Link | null): void {
    this.#cancelAsk?.()
    this.#link = link
    this.#question = null
    this.#early = []
    if (this.#feed.sync === 'live') this.#set({ ...this.#feed, sync: 'catching_up' })
    this.#ask()
  }

  stop(): void {
    this.#cancelAsk?.()
    this.#link = null
    this.#question = null
  }

  receive(frame: CallsEventFrame): void {
    if (this.#question) this.#early.push(frame)
    else {
      this.#apply(frame)
      this.#set({ ...this.#feed, calls: this.#sorted() })
    }
  }

  disconnected(error: ConnectionError): void {
    if (isDenied(error)) this.reset(error)
    else this.#set({ ...this.#feed, error })
  }

  /** Drops all that is known: it belongs to another agent, or may not be seen. */
  reset(error?: ConnectionError): void {
    this.#calls.clear()
    this.#early = []
    this.#set({ ...initialCallsFeed, ...(error ? { error } : {}) })
  }

  #ask(): void {
    const link = this.#link
    if (!link) return
    const question = {}
    this.#question = question
    const asked = this.#clock.now()
    link.watchCalls().then(
      (reply) => {
        if (reply.ok) this.#serverTime.learn(reply.now, asked)
        if (this.#question !== question) return
        this.#question = null
        this.#answer(reply, link)
      },
      () => {
        if (this.#question === question) this.#events.broken(link, null)
      },
    )
  }

  #answer(reply: CallsReply, link: Link): void {
    if (reply.ok) {
      this.#calls.clear()
      this.#apply({ calls: reply.calls, gone: [] })
      for (const frame of this.#early) this.#apply(frame)
      this.#early = []
      this.#set({ calls: this.#sorted(), sync: 'live', clockOffset: this.#serverTime.offset })
      return
    }
    const { error } = reply
    if (error.status === 401) this.#events.broken(link, error)
    else if (error.status === 408 || error.status === 429 || error.status >= 500) {
      this.#set({ ...this.#feed, error })
      this.#cancelAsk = this.#clock.setTimeout(() => this.#ask(), RETRY_MILLIS)
    } else {
      this.disconnected(error)
      this.#events.failed(error)
    }
  }

  #apply({ calls, gone }: CallsEventFrame): void {
    for (const call of calls) this.#calls.set(call.callId, call)
    for (const callId of gone) this.#calls.delete(callId)
  }

  #sorted(): CallSummary[] {
    return [...this.#calls.values()].sort(liveThenNewest)
  }

  #set(feed: CallsFeed): void {
    this.#feed = feed
    this.#events.change(feed)
  }
}

function liveThenNewest(one: CallSummary, other: CallSummary): number {
  const over = Number(one.phase === 'ended') - Number(other.phase === 'ended')
  if (over !== 0) return over
  const started = (other.startedAt ?? '').localeCompare(one.startedAt ?? '')
  return started !== 0 ? started : one.callId.localeCompare(other.callId)
}
