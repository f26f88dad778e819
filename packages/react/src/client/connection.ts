/**
 * The connection to the server over its whole life: opened while somebody watches, reopened when it is lost, with a
 * fresh ticket each time. Knows nothing of calls; it hands the link in use to whoever watches.
 *
 * Nothing here leans on socket.io's own reconnection or state recovery: those lose events when a network vanishes
 * without a word. Every link is a new one, and every watch on it asks from its cursor.
 */
import { clientErrors, PROTOCOL_VERSION, type SocketError } from '@callgather/protocol'
import type { Clock } from './clock.ts'
import { Cell, type Store } from './store.ts'
import type { Tickets } from './tickets.ts'
import type { Link, LinkEvents, Transport } from './transport.ts'

/** Where the connection stands. */
export interface ConnectionState {
  /**
   * - `idle`: nothing is watched, so there is no connection.
   * - `connecting`: opened for the first time.
   * - `live`: open.
   * - `reconnecting`: lost or not reached; tried again at `retryAt`.
   * - `refused`: the server said no in a way that trying again will not change; `retryNow()` tries all the same.
   * - `closed`: the client was closed.
   */
  readonly status: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed'
  /** It is open, but the server's store is away: what is shown stays true, and nothing new comes until it is back. */
  readonly degraded: boolean
  /** How many times in a row it was tried without success. */
  readonly attempt: number
  /** When it will be tried again, in milliseconds since the Unix epoch; `null` while it is being tried. */
  readonly retryAt: number | null
  /** The last round trip measured, in milliseconds. */
  readonly latencyMs: number | null
  /** Why it was lost or refused, where the server gave a reason. */
  readonly error: SocketError | null
}

/** The connection as a store, and the button "Retry now". */
export interface ConnectionStore extends Store<ConnectionState> {
  /** Tries again at once, also after a refusal. */
  retryNow(): void
}

/** What a connection tells those who use it. */
export interface ConnectionListener extends Omit<LinkEvents, 'open' | 'close'> {
  /** The link to use from now on; `null` while there is none. */
  link(link: Link | null): void
  /** The link has a new ticket, which may allow more, or less. */
  refreshed(): void
}

/** The state of a connection that nobody has asked for yet. */
export const idle: ConnectionState = {
  status: 'idle',
  degraded: false,
  attempt: 0,
  retryAt: null,
  latencyMs: null,
  error: null,
}

/** Nobody may watch for this long before the connection is closed: a change of page is no reason to reconnect. */
const IDLE_MILLIS = 5_000
/** The server speaks at least every 5 s while a call is watched; a link silent for longer than this is dead. */
const SILENCE_MILLIS = 12_000
/**
 * But an answer may be megabytes on a slow line, and a browser tells of a message only when it has it whole. So a link
 * that was given up while an answer was awaited is followed by one that may be silent for twice as long, up to this.
 */
const MOST_SILENCE_MILLIS = 48_000
/** A link on which other things come, but none of the answers for as long as this, is of no use. */
const ANSWER_MILLIS = 60_000
const FIRST_RETRY_MILLIS = 250
/** Screens must be right within 2 s of the network's return, so there is never a longer pause at first. */
const RETRY_MILLIS = 2_000
/** An outage of minutes will not end by haste; a thousand agents' haste may prolong it. */
const LONG_RETRY_MILLIS = 10_000
const HASTY_ATTEMPTS = 60

export class Connection implements ConnectionStore {
  readonly #transport: Transport
  readonly #tickets: Tickets
  readonly #clock: Clock
  readonly #listener: ConnectionListener
  readonly #cell = new Cell<ConnectionState>(idle)
  /** Identifies the attempt in hand; what belongs to an earlier one is ignored. */
  #attempt: object | null = null
  #link: Link | null = null
  #wanted = 0
  #expectsNews = false
  /** The requests on the link in use that have no answer yet. */
  #awaited = 0
  #everLive = false
  #heardAt = 0
  /** When an answer came last, or the first of those awaited was asked for. */
  #answeredAt = 0
  #silenceMillis = SILENCE_MILLIS
  #cancelRetry: (() => void) | null = null
  #cancelIdle: (() => void) | null = null
  #cancelRefresh: (() => void) | null = null
  #cancelSilence: (() => void) | null = null

  constructor(ports: { transport: Transport; tickets: Tickets; clock: Clock; listener: ConnectionListener }) {
    this.#transport = ports.transport
    this.#tickets = ports.tickets
    this.#clock = ports.clock
    this.#listener = ports.listener
  }

  readonly getSnapshot = (): ConnectionState => this.#cell.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#cell.subscribe(onChange)

  readonly retryNow = (): void => {
    const { status } = this.getSnapshot()
    if (status === 'closed' || status === 'live' || this.#wanted === 0) return
    if (status === 'connecting' || (this.#attempt && !this.#cancelRetry)) return
    this.#connect()
  }

  /** The network, or the person, is back: a pause before the next try has lost its sense. */
  wake(): void {
    if (this.#cancelRetry) this.#connect()
  }

  /** Keeps the connection open until the function returned is called. */
  retain(): () => void {
    this.#wanted++
    this.#cancelIdle?.()
    this.#cancelIdle = null
    if (this.getSnapshot().status === 'idle') this.#connect()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#wanted--
      if (this.#wanted === 0 && this.getSnapshot().status !== 'closed') {
        this.#cancelIdle = this.#clock.setTimeout(() => {
          this.#end()
          this.#cell.set(idle)
        }, IDLE_MILLIS)
      }
    }
  }

  /** Says whether the server should be heard from all the time, as it is while a call is watched. */
  expectNews(expected: boolean): void {
    if (this.#expectsNews === expected) return
    this.#expectsNews = expected
    // What was not expected until now was not missing.
    this.#heard()
    this.#listenForSilence()
  }

  /** Gives up a link that has proved useless, and opens another. */
  drop(link: Link, error: SocketError | null = null): void {
    if (link !== this.#link) return
    link.close()
    this.#lost(error)
  }

  /** Notes a round trip. */
  measured(latencyMs: number): void {
    const known = this.getSnapshot()
    // Small changes tell nobody anything, and each would paint the screen again.
    const news = known.latencyMs === null || Math.abs(known.latencyMs - latencyMs) > Math.max(5, known.latencyMs * 0.25)
    if (news && known.status === 'live') this.#cell.set({ ...known, latencyMs: Math.round(latencyMs) })
  }

  close(): void {
    this.#end()
    this.#cancelIdle?.()
    this.#cell.set({ ...idle, status: 'closed' })
  }

  #connect(): void {
    this.#end()
    const attempt = {}
    this.#attempt = attempt
    const { attempt: tries, error } = this.getSnapshot()
    const status = this.#everLive || tries > 0 ? 'reconnecting' : 'connecting'
    this.#cell.set({ ...idle, status, attempt: tries, error })
    this.#tickets.fresh().then(
      (ticket) => {
        if (this.#attempt === attempt) this.#open(attempt, ticket)
      },
      (reason: unknown) => {
        if (this.#attempt === attempt) this.#lost(ticketError(reason))
      },
    )
  }

  #open(attempt: object, ticket: string): void {
    const mine = (handle: () => void) => {
      if (this.#attempt !== attempt) return
      this.#heard()
      handle()
    }
    const opened = this.#transport.open(
      { ticket, protocol: PROTOCOL_VERSION },
      {
        open: () => mine(() => this.#opened(link)),
        close: (error) => mine(() => this.#lost(error)),
        callEvent: (frame) => mine(() => this.#listener.callEvent(frame)),
        callHead: (frame) =>
          mine(() => {
            if (frame.degraded !== undefined) this.#learnHealth(frame.degraded)
            this.#listener.callHead(frame)
          }),
        callsEvent: (frame) => mine(() => this.#listener.callsEvent(frame)),
      },
    )
    const answered = <Reply>(request: Promise<Reply>) => this.#await(attempt, request)
    const link: Link = {
      watchCall: (callId, cursor) => answered(opened.watchCall(callId, cursor)),
      unwatchCall: (callId) => opened.unwatchCall(callId),
      watchCalls: () => answered(opened.watchCalls()),
      unwatchCalls: () => opened.unwatchCalls(),
      refreshTicket: (ticket) => answered(opened.refreshTicket(ticket)),
      close: () => opened.close(),
    }
    this.#link = link
  }

  /** Counts a request among those whose answer is awaited, until it has come. */
  #await<Reply>(attempt: object, request: Promise<Reply>): Promise<Reply> {
    if (this.#attempt !== attempt) return request
    if (this.#awaited++ === 0) {
      this.#answeredAt = this.#clock.now()
      if (!this.#expectsNews) this.#heard()
      this.#listenForSilence()
    }
    const answered = () => {
      if (this.#attempt !== attempt) return
      this.#heard()
      this.#answeredAt = this.#clock.now()
      if (--this.#awaited === 0) this.#silenceMillis = SILENCE_MILLIS
    }
    request.then(answered, () => undefined)
    return request
  }

  #opened(link: Link): void {
    this.#everLive = true
    this.#cell.set({ ...idle, status: 'live' })
    this.#refreshInTime(link)
    this.#listenForSilence()
    this.#listener.link(link)
  }

  #learnHealth(degraded: boolean): void {
    const known = this.getSnapshot()
    if (known.status === 'live' && known.degraded !== degraded) this.#cell.set({ ...known, degraded })
  }

  #lost(error: SocketError | null): void {
    this.#end()
    const { attempt } = this.getSnapshot()
    const tries = attempt + 1
    if (error && isFinal(error, tries)) {
      this.#cell.set({ ...idle, status: 'refused', attempt: tries, error })
    } else {
      const millis = pauseBefore(tries)
      this.#cell.set({
        ...idle,
        status: 'reconnecting',
        attempt: tries,
        retryAt: this.#clock.now() + millis,
        error,
      })
      this.#cancelRetry = this.#clock.setTimeout(() => this.#connect(), millis)
    }
    this.#listener.link(null)
  }

  /** Ends the link in use and everything that hangs on it. */
  #end(): void {
    this.#attempt = null
    this.#link?.close()
    this.#link = null
    this.#awaited = 0
    this.#cancelRetry?.()
    this.#cancelRetry = null
    this.#cancelRefresh?.()
    this.#cancelSilence?.()
  }

  #refreshInTime(link: Link): void {
    const millis = this.#tickets.staleIn
    if (millis === null) return
    this.#cancelRefresh = this.#clock.setTimeout(() => {
      this.#tickets
        .fresh()
        .then((ticket) => link.refreshTicket(ticket))
        .then((reply) => {
          if (link !== this.#link) return
          if (reply.ok) {
            this.#refreshInTime(link)
            this.#listener.refreshed()
          } else this.drop(link, reply.error)
        })
        // Until the old ticket runs out the link is good; then the server closes it and says why.
        .catch(() => undefined)
    }, millis)
  }

  /** Notes that the server spoke. */
  #heard(): void {
    this.#heardAt = this.#clock.now()
  }

  /**
   * Gives up a link that is silent where it should not be. The timer is set once and looks at when the server last
   * spoke, rather than anew with every word: a busy console hears hundreds a second.
   */
  #listenForSilence(): void {
    this.#cancelSilence?.()
    this.#cancelSilence = null
    const link = this.#link
    const isAsked = this.#awaited > 0
    if (!link || !(this.#expectsNews || isAsked) || this.getSnapshot().status !== 'live') return
    const silent = this.#heardAt + this.#silenceMillis
    const unanswered = isAsked ? this.#answeredAt + ANSWER_MILLIS : Number.POSITIVE_INFINITY
    const rest = Math.min(silent, unanswered) - this.#clock.now()
    if (rest > 0) this.#cancelSilence = this.#clock.setTimeout(() => this.#listenForSilence(), rest)
    else {
      if (isAsked) this.#silenceMillis = Math.min(this.#silenceMillis * 2, MOST_SILENCE_MILLIS)
      this.drop(link)
    }
  }
}

/** Longer after each failure, and never twice the same, lest a thousand screens come back in the same instant. */
function pauseBefore(attempt: number): number {
  const most = attempt > HASTY_ATTEMPTS ? LONG_RETRY_MILLIS : RETRY_MILLIS
  const pause = Math.min(most, FIRST_RETRY_MILLIS * 2 ** Math.min(attempt - 1, 10))
  return pause / 2 + Math.random() * (pause / 2)
}

/** Whether trying again is pointless. A ticket may run out on its way, so a 401 counts only when it comes twice. */
export function isFinal({ status }: SocketError, attempt: number): boolean {
  if (status === 408 || status === 429 || status >= 500) return false
  return status !== 401 || attempt > 1
}

function ticketError(reason: unknown): SocketError {
  const why = reason instanceof Error ? reason.message : String(reason)
  return {
    ...clientErrors.unavailable,
    detail: `No ticket could be had: getTicket failed (${why}). It will be asked again.`,
  }
}
