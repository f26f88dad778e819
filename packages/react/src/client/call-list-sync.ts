/** Synchronises the list of calls with the server. A frame has whole summaries, so a call's latest summary wins. */
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

  constructor(clocks: SyncClocks, events: SyncEvents<CallsFeed>) {
    this.#events = events
    this.#driver = new SyncDriver<OkReply>(clocks, events, {
      request: (link) => link.watchCalls(),
      accept: ({ calls, scopes = [] }) => {
        this.#calls.clear()
        this.#apply({ calls, gone: [] })
        this.#set({ calls: this.#sorted(), sync: 'live', scopes, clockOffsetMs: clocks.serverTime.offsetMs })
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
    if (this.#feed.sync === 'live') this.#set({ ...this.#feed, sync: 'catching_up' })
    this.#driver.attach(link)
  }

  /** Fetches the list again. */
  check(): void {
    this.#driver.input('check')
  }

  stop(): void {
    this.#driver.input('stop')
  }

  receive(frame: CallsEventFrame): void {
    // The server sends no change between a request and its reply, so an earlier one is older than the reply.
    if (this.#driver.state === 'requesting') return
    this.#apply(frame)
    this.#set({ ...this.#feed, calls: this.#sorted() })
  }

  disconnected(error: ConnectionError): void {
    if (isDenied(error)) this.reset(error)
    else this.#set({ ...this.#feed, error })
  }

  /** Drops the list, because another agent signed in or access was denied. */
  reset(error?: ConnectionError): void {
    this.#calls.clear()
    this.#set({ ...initialCallsFeed, ...(error ? { error } : {}) })
  }

  #apply({ calls, gone }: CallsEventFrame): void {
    for (const call of calls) this.#calls.set(call.callId, call)
    for (const callId of gone) this.#calls.delete(callId)
  }

  #sorted(): CallSummary[] {
    return [...this.#calls.values()].sort(compareLiveThenNewest)
  }

  #set(feed: CallsFeed): void {
    this.#feed = feed
    this.#events.change(feed)
  }
}

function compareLiveThenNewest(a: CallSummary, b: CallSummary): number {
  const ended = Number(a.phase === 'ended') - Number(b.phase === 'ended')
  if (ended !== 0) return ended
  const started = (b.startedAt ?? '').localeCompare(a.startedAt ?? '')
  return started !== 0 ? started : a.callId.localeCompare(b.callId)
}
