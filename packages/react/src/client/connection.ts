/**
 * The connection to the server over its whole life: opened while somebody watches, reopened when it is lost, with a
 * fresh ticket each time. Knows nothing of calls; it hands the link in use to whoever watches.
 *
 * Nothing here leans on socket.io's own reconnection or state recovery: those lose events when a network vanishes
 * without a word. Every link is a new one, and every watch on it asks from its cursor.
 */
import { clientErrors, PROTOCOL_VERSION, type SocketError } from '@callgather/protocol'
import { type ConnectionError, GatherClientError } from './client-error.ts'
import type { Clock } from './clock.ts'
import { type Store, WritableStore } from './store.ts'
import type { TicketInUse, Tickets } from './tickets.ts'
import type { Link, LinkEvents, Transport } from './transport.ts'

/** Where the connection stands. */
export interface ConnectionState {
  /**
   * - `idle`: nothing is watched, so there is no connection.
   * - `connecting`: opened for the first time.
   * - `live`: open.
   * - `reconnecting`: lost or not reached; tried again at `retryAt`.
   * - `refused`: the server refused a ticket that was current, or this version. Tried again by `retryNow()`, when the
   *   network or the page is back, and at `retryAt` where the ticket did not say whether it was current.
   * - `closed`: the client was closed.
   */
  readonly status: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed'
  /** It is open, but the server's store is away: what is shown stays true, and nothing new comes until it is back. */
  readonly isDegraded: boolean
  /** How many times in a row it was tried without success. */
  readonly attempt: number
  /** When it will be tried again, in milliseconds since the Unix epoch; `null` while it is being tried. */
  readonly retryAt: number | null
  /** The last round trip measured, in milliseconds. */
  readonly latencyMs: number | null
  /** Why it is not live, where that is known: the server's reason, or with `reason` the cause that this client found. */
  readonly error: ConnectionError | null
}

/** The connection as a store, and the button "Retry now". */
export interface ConnectionStore extends Store<ConnectionState> {
  /** Tries again at once, also after a refusal, and also where `getTicket` has not answered yet. */
  retryNow(): void
}

/** What a connection reports to its client. */
export interface ConnectionListener extends Omit<LinkEvents, 'open' | 'close'> {
  /** The link to use from now on; `null` while there is none. */
  link(link: Link | null): void
  /** The link has a new ticket, which may allow more, or less. */
  refreshed(): void
  /** Nothing is watched any more, so the next to watch may be another agent. */
  unused(): void
  /** The server said whose ticket the link has. */
  subject(subject: string | undefined): void
  /** The connection failed for a cause that the developer should know. */
  failed(error: GatherClientError): void
}

/** Finds out why a link could not be opened. */
export type Diagnose = () => Promise<GatherClientError>

interface ConnectionDeps {
  readonly transport: Transport
  readonly tickets: Tickets
  readonly clock: Clock
  readonly listener: ConnectionListener
  readonly diagnose?: Diagnose | undefined
}

/** The state of a connection that nobody has asked for yet. */
export const initialConnectionState: ConnectionState = {
  status: 'idle',
  isDegraded: false,
  attempt: 0,
  retryAt: null,
  latencyMs: null,
  error: null,
}

/** Nobody may watch for this long before the connection is closed: a change of page is no reason to reconnect. */
const IDLE_TIMEOUT_MS = 5_000
/** The server speaks at least every 5 s while a call is watched; a link silent for longer than this is dead. */
const SILENCE_TIMEOUT_MS = 12_000
/**
 * But an answer may be megabytes on a slow line, and a browser tells of a message only when it has it whole. So a link
 * that was given up while an answer was awaited is followed by one that may be silent for twice as long, up to this.
 */
const MAX_SILENCE_TIMEOUT_MS = 48_000
/** A link on which other things come, but none of the answers for as long as this, is of no use. */
const REPLY_TIMEOUT_MS = 60_000
const FIRST_RETRY_MS = 250
/** Screens must be right within 2 s of the network's return, so there is never a longer pause at first. */
const MAX_RETRY_MS = 2_000
/** An outage of minutes will not end by haste; a thousand agents' haste may prolong it. */
const MAX_OUTAGE_RETRY_MS = 10_000
const MAX_FAST_ATTEMPTS = 60
/** A backend that issues no tickets is asked less and less often, up to this. */
const MAX_TICKET_RETRY_MS = 8_000
/** A refusal is final only for a ticket that is known to be a current one. Any other is tried again after this. */
const REFUSED_RETRY_MS = 30_000
/** The longest that a timer can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** An attempt that is older than this may hang, so it is given up for a new one when somebody asks for that. */
const ATTEMPT_TIMEOUT_MS = 2_000
/** After this many failures to open a link, the cause is looked for; and again after as many. */
const FAILURES_PER_DIAGNOSIS = 2

export class Connection implements ConnectionStore {
  readonly #deps: ConnectionDeps
  readonly #cell = new WritableStore<ConnectionState>(initialConnectionState)
  /** Identifies the attempt in hand; what belongs to an earlier one is ignored. */
  #attempt: object | null = null
  #link: Link | null = null
  /** The ticket with which the link in use was opened, or which it was given last. */
  #linkTicket: TicketInUse | null = null
  #startedAt = 0
  /** Failures in a row: of `getTicket`, to open a link, and refusals of tickets. */
  #ticketFailures = 0
  #openFailures = 0
  #refusals = 0
  #isLeaving = false
  #wanted = 0
  #expectsNews = false
  /** The requests on the link in use that have no answer yet. */
  #awaited = 0
  #everLive = false
  #heardAt = 0
  /** When an answer came last, or the first of those awaited was asked for. */
  #answeredAt = 0
  #silenceMillis = SILENCE_TIMEOUT_MS
  #cancelRetry: (() => void) | null = null
  #cancelIdle: (() => void) | null = null
  #cancelRefresh: (() => void) | null = null
  #cancelSilence: (() => void) | null = null

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
  }

  readonly getSnapshot = (): ConnectionState => this.#cell.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#cell.subscribe(onChange)

  /** Begins another attempt, unless there is a link or an attempt that is young. */
  readonly retryNow = (): void => {
    const { status } = this.getSnapshot()
    if (status === 'closed' || status === 'live' || this.#wanted === 0) return
    const isTrying = this.#attempt !== null && !this.#cancelRetry
    if (isTrying && this.#deps.clock.now() - this.#startedAt < ATTEMPT_TIMEOUT_MS) return
    this.#deps.tickets.abandonRequest()
    this.#connect()
  }

  /** Keeps the connection open until the function returned is called. */
  retain(): () => void {
    this.#cancelIdle?.()
    this.#cancelIdle = null
    this.#isLeaving = false
    if (this.#wanted++ === 0) this.#begin()
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#wanted--
      if (this.#wanted === 0 && this.getSnapshot().status !== 'closed') this.#rest()
    }
  }

  /** Does not keep an unused connection open, from now until it is used again. */
  closeWhenUnused(): void {
    this.#isLeaving = true
    if (this.#wanted === 0 && this.getSnapshot().status !== 'closed') this.#rest()
  }

  /** Another agent has signed in: a link that was opened for the one before must not be used. */
  changeAgent(): void {
    if (!this.#link) return
    this.#everLive = false
    this.#connect()
    this.#deps.listener.link(null)
  }

  #begin(): void {
    const link = this.#link
    if (this.getSnapshot().status !== 'live' || !link) {
      if (this.getSnapshot().status !== 'closed') this.#connect()
      return
    }
    // The link is open still. It is used only if a fresh ticket is of the same agent.
    this.#startedAt = this.#deps.clock.now()
    this.#cell.set({ ...this.getSnapshot(), status: 'connecting' })
    const before = this.#linkTicket
    this.#deps.tickets.getFresh().then(
      (ticket) => {
        if (link !== this.#link) return
        const isOld = ticket === before?.ticket
        const subject = this.#deps.tickets.inUse?.subject ?? null
        if (!isOld && (subject === null || subject !== before?.subject)) return this.#connect()
        this.#opened(link)
        if (!isOld) this.#refresh(link, ticket)
      },
      (error: unknown) => {
        if (link === this.#link) this.#lost(ticketError(error))
      },
    )
  }

  /** Nothing is watched. The link stays for a moment: a change of page is no reason to reconnect. */
  #rest(): void {
    this.#deps.listener.unused()
    this.#cancelIdle?.()
    const end = () => {
      this.#end()
      this.#cell.set(initialConnectionState)
    }
    if (this.#isLeaving || this.getSnapshot().status !== 'live') end()
    else this.#cancelIdle = this.#deps.clock.setTimeout(end, IDLE_TIMEOUT_MS)
  }

  /** Says whether the server should be heard from all the time, as it is while a call is watched. */
  expectBeacons(expected: boolean): void {
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
  reportLatency(latencyMs: number): void {
    const known = this.getSnapshot()
    // Small changes tell nobody anything, and each would paint the screen again.
    const news = known.latencyMs === null || Math.abs(known.latencyMs - latencyMs) > Math.max(5, known.latencyMs * 0.25)
    if (news && known.status === 'live') this.#cell.set({ ...known, latencyMs: Math.round(latencyMs) })
  }

  close(): void {
    this.#end()
    this.#cancelIdle?.()
    this.#cell.set({ ...initialConnectionState, status: 'closed' })
  }

  #connect(): void {
    this.#end()
    const attempt = {}
    this.#attempt = attempt
    this.#startedAt = this.#deps.clock.now()
    const { attempt: tries, error, status: before } = this.getSnapshot()
    const status = before === 'refused' ? before : this.#everLive || tries > 0 ? 'reconnecting' : 'connecting'
    this.#cell.set({ ...initialConnectionState, status, attempt: tries, error })
    this.#deps.tickets.getForConnection().then(
      (ticket) => {
        if (this.#attempt === attempt) this.#open(attempt, ticket)
      },
      (reason: unknown) => {
        if (this.#attempt === attempt) this.#lost(ticketError(reason))
      },
    )
  }

  #open(attempt: object, ticket: string): void {
    this.#ticketFailures = 0
    try {
      const link = this.#linkOn(attempt, ticket)
      if (this.#attempt === attempt) {
        this.#link = link
        this.#linkTicket = this.#deps.tickets.inUse
      } else link.close()
    } catch (cause) {
      this.#lost(null)
      this.#deps.listener.failed(
        new GatherClientError('serverUnreachable', 'The connection could not be opened.', { cause }),
      )
    }
  }

  #linkOn(attempt: object, ticket: string): Link {
    const mine = (handle: () => void) => {
      if (this.#attempt !== attempt) return
      this.#heard()
      handle()
    }
    const opened = this.#deps.transport.open(
      { ticket, protocol: PROTOCOL_VERSION },
      {
        open: () => mine(() => this.#opened(link)),
        close: (error) => mine(() => this.#closed(error)),
        callEvent: (frame) => mine(() => this.#deps.listener.callEvent(frame)),
        callHead: (frame) =>
          mine(() => {
            if (frame.degraded !== undefined) this.#learnHealth(frame.degraded)
            this.#deps.listener.callHead(frame)
          }),
        callsEvent: (frame) => mine(() => this.#deps.listener.callsEvent(frame)),
      },
    )
    const answered = <Reply>(request: Promise<Reply>) => this.#await(attempt, request)
    // Before anything else is done with an answer, it is known whose it is.
    const learn = <Reply extends { ok: boolean; subject?: string }>(reply: Reply): Reply => {
      if (reply.ok && this.#attempt === attempt) this.#deps.listener.subject(reply.subject)
      return reply
    }
    const link: Link = {
      watchCall: (callId, cursor) => answered(opened.watchCall(callId, cursor)).then(learn),
      unwatchCall: (callId) => opened.unwatchCall(callId),
      watchCalls: () => answered(opened.watchCalls()).then(learn),
      unwatchCalls: () => opened.unwatchCalls(),
      refreshTicket: (ticket) => answered(opened.refreshTicket(ticket)),
      close: () => opened.close(),
    }
    return link
  }

  /** Counts a request among those whose answer is awaited, until it has come. */
  #await<Reply>(attempt: object, request: Promise<Reply>): Promise<Reply> {
    if (this.#attempt !== attempt) return request
    if (this.#awaited++ === 0) {
      this.#answeredAt = this.#deps.clock.now()
      if (!this.#expectsNews) this.#heard()
      this.#listenForSilence()
    }
    const answered = () => {
      if (this.#attempt !== attempt) return
      this.#heard()
      this.#answeredAt = this.#deps.clock.now()
      if (--this.#awaited === 0) this.#silenceMillis = SILENCE_TIMEOUT_MS
    }
    request.then(answered, () => undefined)
    return request
  }

  #opened(link: Link): void {
    this.#everLive = true
    this.#openFailures = 0
    this.#refusals = 0
    this.#deps.tickets.markUsed()
    const { status, isDegraded: degraded } = this.getSnapshot()
    this.#cell.set({ ...initialConnectionState, status: 'live', isDegraded: status === 'connecting' && degraded })
    this.#refreshInTime(link)
    this.#listenForSilence()
    this.#deps.listener.link(link)
  }

  #learnHealth(degraded: boolean): void {
    const known = this.getSnapshot()
    if (known.status === 'live' && known.isDegraded !== degraded) this.#cell.set({ ...known, isDegraded: degraded })
  }

  /** The link was refused, lost, or never opened. */
  #closed(error: SocketError | null): void {
    const wasOpen = this.getSnapshot().status === 'live'
    if (!error && !wasOpen) this.#couldNotOpen()
    this.#lost(error)
  }

  #couldNotOpen(): void {
    this.#openFailures++
    if (this.#openFailures % FAILURES_PER_DIAGNOSIS !== 0) return
    this.#deps.diagnose?.().then(
      (error) => {
        const known = this.getSnapshot()
        if (this.#openFailures === 0 || known.status === 'closed' || known.status === 'idle') return
        this.#cell.set({ ...known, error: connectionError(error) })
        this.#deps.listener.failed(error)
      },
      () => undefined,
    )
  }

  #lost(given: ConnectionError | null): void {
    this.#end()
    const { attempt, error: known } = this.getSnapshot()
    const tries = attempt + 1
    if (given?.status === clientErrors.unauthenticated.status) this.#refusals++
    if (given && given.reason === undefined) this.#deps.tickets.markUsed()
    const error = this.#explained(given, known)
    const refusal = error && error.reason === undefined && isRefusal(error, this.#refusals) ? error : null
    const millis = this.#pause(error, refusal, tries)
    this.#cell.set({
      ...initialConnectionState,
      status: refusal ? 'refused' : 'reconnecting',
      attempt: tries,
      retryAt: millis === null ? null : this.#deps.clock.now() + millis,
      error,
    })
    if (millis !== null) this.#cancelRetry = this.#deps.clock.setTimeout(() => this.#connect(), millis)
    this.#deps.listener.link(null)
    if (refusal) this.#deps.listener.failed(refusalError(refusal))
  }

  /** An error with its cause, where that is known. */
  #explained(given: ConnectionError | null, known: ConnectionError | null): ConnectionError | null {
    // A link that still cannot be opened has the cause that was found before.
    if (!given) return this.#openFailures > FAILURES_PER_DIAGNOSIS - 1 && known?.reason ? known : null
    if (given.status !== clientErrors.unauthenticated.status || this.#deps.tickets.validity !== 'expired') return given
    const expired = new GatherClientError('ticketExpired', EXPIRED_TICKET_MESSAGE)
    this.#deps.listener.failed(expired)
    return connectionError(expired)
  }

  /** How long to wait before the next attempt; `null` if there is none. */
  #pause(error: ConnectionError | null, refusal: ConnectionError | null, tries: number): number | null {
    if (refusal) {
      const isFinal = this.#deps.tickets.validity === 'current' || refusal.status === VERSION_MISMATCH
      return isFinal ? null : withJitter(REFUSED_RETRY_MS)
    }
    if (!error?.reason?.startsWith('ticket')) return backoffMs(tries)
    this.#ticketFailures++
    return withJitter(Math.min(MAX_TICKET_RETRY_MS, 2 * FIRST_RETRY_MS * 2 ** Math.min(this.#ticketFailures - 1, 10)))
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

  #refreshInTime(link: Link, millis = this.#deps.tickets.renewInMs): void {
    this.#cancelRefresh?.()
    if (millis === null) return
    const delay = Math.min(millis, MAX_TIMER_MS)
    this.#cancelRefresh = this.#deps.clock.setTimeout(() => {
      this.#deps.tickets.getFresh().then(
        (ticket) => {
          if (link === this.#link) this.#refresh(link, ticket)
        },
        (reason: unknown) => {
          if (link !== this.#link) return
          // Until the old ticket expires the link is good; then the server closes it and says why.
          if (GatherClientError.isInstance(reason)) this.#deps.listener.failed(reason)
          this.#refreshInTime(link, withJitter(MAX_TICKET_RETRY_MS))
        },
      )
    }, delay)
  }

  #refresh(link: Link, ticket: string): void {
    this.#linkTicket = this.#deps.tickets.inUse
    link.refreshTicket(ticket).then(
      (reply) => {
        if (link !== this.#link) return
        if (!reply.ok) return this.drop(link, reply.error)
        this.#deps.tickets.markUsed()
        this.#refreshInTime(link)
        this.#deps.listener.refreshed()
      },
      () => undefined,
    )
  }

  /** Notes that the server spoke. */
  #heard(): void {
    this.#heardAt = this.#deps.clock.now()
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
    const unanswered = isAsked ? this.#answeredAt + REPLY_TIMEOUT_MS : Number.POSITIVE_INFINITY
    const rest = Math.min(silent, unanswered) - this.#deps.clock.now()
    if (rest > 0) this.#cancelSilence = this.#deps.clock.setTimeout(() => this.#listenForSilence(), rest)
    else {
      if (isAsked) this.#silenceMillis = Math.min(this.#silenceMillis * 2, MAX_SILENCE_TIMEOUT_MS)
      this.drop(link)
    }
  }
}

/** Longer after each failure, and never twice the same, or a thousand screens would reconnect in the same instant. */
function backoffMs(attempt: number): number {
  const most = attempt > MAX_FAST_ATTEMPTS ? MAX_OUTAGE_RETRY_MS : MAX_RETRY_MS
  return withJitter(Math.min(most, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10)))
}

const withJitter = (millis: number) => millis / 2 + Math.random() * (millis / 2)

const VERSION_MISMATCH = 426

/** Whether an error is a refusal. A ticket may expire on its way, so a 401 counts only when it comes twice. */
function isRefusal({ status }: SocketError, refusals: number): boolean {
  if (status === 408 || status === 429 || status >= 500) return false
  return status !== clientErrors.unauthenticated.status || refusals > 1
}

const EXPIRED_TICKET_MESSAGE =
  'getTicket returned a ticket that has expired. Issue a new one for each call of getTicket, and do not cache it.'

/** An error that this client found, in the shape of the server's. */
export function connectionError(error: GatherClientError): ConnectionError {
  const { code: reason, message: detail, cause } = error
  return { ...clientErrors.unavailable, detail, reason, ...(cause === undefined ? {} : { cause }) }
}

function ticketError(reason: unknown): ConnectionError {
  if (GatherClientError.isInstance(reason)) return connectionError(reason)
  return connectionError(new GatherClientError('ticketFailed', 'No ticket could be had.', { cause: reason }))
}

function refusalError(cause: ConnectionError): GatherClientError {
  const { status, title, detail = title } = cause
  return new GatherClientError('refused', `The server refused the connection with ${status}: ${detail}`, { cause })
}
