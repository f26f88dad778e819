/** Runs the sync machine: owns the link, the open question and the timer of a pause. */
import type { SocketError } from '@callgather/protocol'
import type { Clock } from './clock.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import type { ServerTime } from './server-time.ts'
import { type SyncInput, type SyncState, syncSteps } from './sync-machine.ts'
import type { Link } from './transport.ts'

/** An answer of the server that is not a refusal. */
interface OkReply {
  readonly ok: true
  /** The server's clock. */
  readonly now: string
}

/** What every sync tells its owner. */
export interface SyncEvents<Feed> {
  change(feed: Feed): void
  /** Nothing more is expected. */
  ended(): void
  /** It may not be watched; `error` says why. */
  failed(error: SocketError): void
  /** The link does not do what it should. */
  linkBroken(link: Link, error: SocketError | null): void
  /** A request took so many milliseconds. */
  latencyMeasured(millis: number): void
}

/** What is asked, and what is done with the answers. */
interface SyncSource<Reply extends OkReply> {
  request(link: Link): Promise<Reply | { readonly ok: false; readonly error: SocketError }>
  accept(answer: Reply): void
  reject(error: SocketError): void
  /** Whether a refusal may pass that concerns what was asked for. */
  canRetry?(error: SocketError): boolean
  /** How long to pause before the next question. */
  backoffMs(): number
  /** The state, or what is known, may have changed without a call from outside. */
  changed(): void
}

/** The clocks of a client. */
export interface SyncClocks {
  readonly clock: Clock
  readonly serverTime: ServerTime
}

export class SyncDriver<Answer extends OkReply> {
  readonly #clocks: SyncClocks
  readonly #events: Pick<SyncEvents<never>, 'failed' | 'linkBroken' | 'latencyMeasured'>
  readonly #subject: SyncSource<Answer>
  #state: SyncState = 'detached'
  #link: Link | null = null
  #turns = new ConcurrencyLimiter()
  /** Drops the open question, or the timer of the pause. */
  #leave = () => {}

  constructor(
    clocks: SyncClocks,
    events: Pick<SyncEvents<never>, 'failed' | 'linkBroken' | 'latencyMeasured'>,
    subject: SyncSource<Answer>,
  ) {
    this.#clocks = clocks
    this.#events = events
    this.#subject = subject
  }

  get state(): SyncState {
    return this.#state
  }

  /** Uses another link from now on, or none, and asks in its turn among all who use it. */
  attach(link: Link | null, turns = new ConcurrencyLimiter()): void {
    this.#link = link
    this.#turns = turns
    this.input(link ? 'opened' : 'closed')
  }

  input(input: SyncInput): void {
    const next = syncSteps[input][this.#state]
    if (next === 'stay') return
    this.#leave()
    this.#leave = () => {}
    this.#state = next
    if (next === 'pausing') this.#pause()
    else if (next === 'asking' && this.#link) this.#ask(this.#link)
  }

  #pause(): void {
    const millis = this.#subject.backoffMs()
    const end = () => {
      this.input('pauseOver')
      this.#subject.changed()
    }
    if (millis === 0) this.input('pauseOver')
    else this.#leave = this.#clocks.clock.setTimeout(end, millis)
  }

  #ask(link: Link): void {
    const { clock, serverTime } = this.#clocks
    let isOpen = true
    const leaveTurns = this.#turns.run(() => {
      const askedAt = clock.now()
      return this.#subject.request(link).then(
        (reply) => {
          if (reply.ok) serverTime.observe(reply.now, askedAt)
          if (!isOpen) return
          this.#events.latencyMeasured(clock.now() - askedAt)
          if (reply.ok) this.#accept(reply)
          else this.#refuse(reply.error, link)
        },
        () => {
          if (isOpen) this.#break(link, null)
        },
      )
    })
    this.#leave = () => {
      isOpen = false
      leaveTurns()
    }
  }

  #accept(answer: Answer): void {
    this.input('answered')
    this.#subject.accept(answer)
    this.#subject.changed()
  }

  #refuse(error: SocketError, link: Link): void {
    // A ticket that has run out is the connection's business: it opens a new link with a fresh one.
    if (error.status === 401) {
      this.#break(link, error)
      return
    }
    const mayPass = isTemporary(error) || this.#subject.canRetry?.(error) === true
    this.#subject.reject(error)
    this.input(mayPass ? 'refused' : 'closed')
    this.#subject.changed()
    if (!mayPass) this.#events.failed(error)
  }

  #break(link: Link, error: SocketError | null): void {
    this.input('closed')
    this.#events.linkBroken(link, error)
  }
}

const isTemporary = ({ status }: SocketError) => status === 408 || status === 429 || status >= 500
