/** Runs the sync machine: owns the link, the request in flight and the backoff timer. */
import type { SocketError } from '@callgather/protocol'
import type { Clock } from './clock.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import type { ServerTime } from './server-time.ts'
import { type SyncInput, type SyncState, syncSteps } from './sync-machine.ts'
import type { Link } from './transport.ts'

/** A reply that is not an error. */
interface OkReply {
  readonly ok: true
  /** The server's clock. */
  readonly now: string
}

/** What a sync reports to its owner. */
export interface SyncEvents<Feed> {
  change(feed: Feed): void
  /** No more events are expected. */
  ended(): void
  /** The server refused the subscription for good. */
  failed(error: SocketError): void
  /** A request on the link failed, so the link must be replaced. */
  linkBroken(link: Link, error: SocketError | null): void
  /** A request took this many milliseconds. */
  latencyMeasured(latencyMs: number): void
}

/** How to send a request, and how to handle its replies. */
interface SyncSource<Reply extends OkReply> {
  request(link: Link): Promise<Reply | { readonly ok: false; readonly error: SocketError }>
  accept(reply: Reply): void
  reject(error: SocketError): void
  /** Whether to retry after an error that isn't temporary by its status. */
  canRetry?(error: SocketError): boolean
  /** The delay before the next request. */
  backoffMs(): number
  /** Called after a reply or a timer changed the state. */
  changed(): void
}

/** The clocks of a client. */
export interface SyncClocks {
  readonly clock: Clock
  readonly serverTime: ServerTime
}

type DriverEvents = Pick<SyncEvents<never>, 'failed' | 'linkBroken' | 'latencyMeasured'>

export class SyncDriver<Reply extends OkReply> {
  readonly #clocks: SyncClocks
  readonly #events: DriverEvents
  readonly #source: SyncSource<Reply>
  #state: SyncState = 'detached'
  #link: Link | null = null
  #limiter = new ConcurrencyLimiter()
  /** Drops the request in flight, or the backoff timer. */
  #leaveState = () => {}

  constructor(clocks: SyncClocks, events: DriverEvents, source: SyncSource<Reply>) {
    this.#clocks = clocks
    this.#events = events
    this.#source = source
  }

  get state(): SyncState {
    return this.#state
  }

  /** Switches to another link, or to none. The limiter is shared by all syncs on that link. */
  attach(link: Link | null, limiter = new ConcurrencyLimiter()): void {
    this.#link = link
    this.#limiter = limiter
    this.input(link ? 'opened' : 'closed')
  }

  input(input: SyncInput): void {
    const next = syncSteps[input][this.#state]
    if (next === 'stay') return
    this.#leaveState()
    this.#leaveState = () => {}
    this.#state = next
    if (next === 'backoff') this.#backOff()
    else if (next === 'requesting' && this.#link) this.#request(this.#link)
  }

  #backOff(): void {
    const delayMs = this.#source.backoffMs()
    const end = () => {
      this.input('backoffOver')
      this.#source.changed()
    }
    if (delayMs === 0) this.input('backoffOver')
    else this.#leaveState = this.#clocks.clock.setTimeout(end, delayMs)
  }

  #request(link: Link): void {
    const { clock, serverTime } = this.#clocks
    let isPending = true
    const cancel = this.#limiter.run(() => {
      const requestedAt = clock.now()
      return this.#source.request(link).then(
        (reply) => {
          if (reply.ok) serverTime.observe(reply.now, requestedAt)
          if (!isPending) return
          this.#events.latencyMeasured(clock.now() - requestedAt)
          if (reply.ok) this.#accept(reply)
          else this.#reject(reply.error, link)
        },
        () => {
          if (isPending) this.#breakLink(link, null)
        },
      )
    })
    this.#leaveState = () => {
      isPending = false
      cancel()
    }
  }

  #accept(reply: Reply): void {
    this.input('answered')
    this.#source.accept(reply)
    this.#source.changed()
  }

  #reject(error: SocketError, link: Link): void {
    // The connection handles an expired ticket: it opens a new link with a fresh one.
    if (error.status === 401) {
      this.#breakLink(link, error)
      return
    }
    const canRetry = isTemporary(error) || this.#source.canRetry?.(error) === true
    this.#source.reject(error)
    this.input(canRetry ? 'rejected' : 'closed')
    this.#source.changed()
    if (!canRetry) this.#events.failed(error)
  }

  #breakLink(link: Link, error: SocketError | null): void {
    this.input('closed')
    this.#events.linkBroken(link, error)
  }
}

const isTemporary = ({ status }: SocketError) => status === 408 || status === 429 || status >= 500
