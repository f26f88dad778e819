/** Follows the list of calls a ticket may see. Each frame carries whole summaries, so the latest wins. */
import type { CallSummary, CallsEventFrame, CallsReply } from '@callgather/protocol'
import { type ConnectionError, isDenied } from './client-error.ts'
import { type CallsFeed, initialCallsFeed } from './feed.ts'
import { type SyncClocks, SyncDriver, type SyncEvents } from './sync-driver.ts'
import type { Link } from './transport.ts'

type OkReply = CallsReply & { ok: true }

const RETRY_DELAY_MS = 2_000

export class CallListSync {
  readonly #events: SyncEvents<CallsFeed>
  readonly #driver: SyncDriver<OkReply>
  readonly #calls = new Map<string, CallSummary>()
  #feed: CallsFeed = initialCallsFeed
  /** What came before the answer; newer than it or about to be repeated, so applied on top of it. */
  #early: CallsEventFrame[] = []

  constructor(clocks: SyncClocks, events: SyncEvents<CallsFeed>) {
    this.#events = events
    this.#driver = new SyncDriver<OkReply>(clocks, events, {
      request: (link) => link.watchCalls(),
      accept: ({ calls }) => {
        this.#calls.clear()
        this.#apply({ calls, gone: [] })
        for (const frame of this.#early) this.#apply(frame)
        this.#early = []
        this.#set({ calls: this.#sorted(), sync: 'live', clockOffsetMs: clocks.serverTime.offsetMs })
      },
      reject: (error) => this.disconnected(error),
      backoffMs: () => RETRY_DELAY_MS,
      changed: () => {},
    })
  }

  get feed(): CallsFeed {
    return this.#feed
  }

  attach(link: Link | null): void {
    this.#early = []
    if (this.#feed.sync === 'live') this.#set({ ...this.#feed, sync: 'catching_up' })
    this.#driver.attach(link)
  }

  stop(): void {
    this.#driver.input('over')
  }

  receive(frame: CallsEventFrame): void {
    if (this.#driver.state === 'asking') this.#early.push(frame)
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
