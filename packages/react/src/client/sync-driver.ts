/** Drives the state machine of a sync: it owns the link, the request in flight and the backoff timer. */
import type { SocketError } from '@callgather/protocol'
import type { Clock } from './clock.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import type { ServerTime } from './server-time.ts'
import { type SyncInput, type SyncState, syncSteps } from './sync-machine.ts'
import type { Link } from './transport.ts'

/** The reply to a successful request. */
interface OkReply {
  readonly ok: true
  /** The time of the server's clock: ISO 8601, UTC. */
  readonly now: string
}

/** The callbacks through which a sync informs its client. */
export interface SyncEvents<Feed> {
  change(feed: Feed): void
  /** The call has ended and no more events are expected. */
  ended(): void
  /** The server refused the subscription for good. */
  failed(error: SocketError): void
  /** A request on the link failed, so the link must be replaced. */
  linkBroken(link: Link, error: SocketError | null): void
  /** A request took this many milliseconds. */
  latencyMeasured(latencyMs: number): void
}

/** The requests of a sync, and the handling of their replies. */
interface SyncSource<Reply extends OkReply> {
  request(link: Link): Promise<Reply | { readonly ok: false; readonly error: SocketError }>
  accept(reply: Reply): void
  reject(error: SocketError): void
  /** Whether to retry after an error whose HTTP status does not mark it as temporary. */
  canRetry?(error: SocketError): boolean
  /** Returns the delay before the next request. */
  backoffMs(): number
  /** Called after a reply or a timer changed the state. */
  changed(): void
}

/** The client's clock and its estimate of the server's clock. */
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
  /** Cancels the request in flight or the backoff timer when the machine leaves its state. */
  #leaveState = () => {}

  constructor(clocks: SyncClocks, events: DriverEvents, source: SyncSource<Reply>) {
    this.#clocks = clocks
    this.#events = events
    this.#source = source
  }

  get state(): SyncState {
    return this.#state
  }

  /** Sets the link to the server; `null` detaches the sync. All syncs on a link share its limiter. */
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
    // The connection handles an expired ticket: it opens a new link with a fresh ticket.
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
