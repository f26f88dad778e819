/**
 * Keeps a connection to the server open while a call or list is watched. Reconnects with a fresh ticket.
 *
 * It doesn't use socket.io's reconnection or state recovery, which lose events when the network drops silently. Every
 * link is new, and every subscription on it resumes from its cursor.
 */
import { clientErrors, PROTOCOL_VERSION, type SocketError } from '@callgather/protocol'
import { type ConnectionError, GatherClientError } from './client-error.ts'
import type { Clock } from './clock.ts'
import { type Store, WritableStore } from './store.ts'
import type { TicketInUse, Tickets } from './tickets.ts'
import type { Link, LinkEvents, Transport } from './transport.ts'

/** The state of the connection. */
export interface ConnectionState {
  /**
   * - `idle`: no call or list is watched, so there is no connection.
   * - `connecting`: the first connection is being opened, or an open connection is checked after a pause of the page.
   * - `live`: the connection is open.
   * - `reconnecting`: the connection was lost or could not be opened. The next attempt is at `retryAt`.
   * - `refused`: the server refused a valid ticket or this version. `retryNow()`, the `online` event or showing the
   *   page starts another attempt; so does `retryAt` if the ticket has no readable expiry.
   * - `closed`: `close()` was called.
   */
  readonly status: 'idle' | 'connecting' | 'live' | 'reconnecting' | 'refused' | 'closed'
  /** Whether the server cannot reach its store. No updates arrive until the store is back. */
  readonly isDegraded: boolean
  /** The number of consecutive failed attempts to connect. */
  readonly attempt: number
  /** When the next connection attempt starts, in milliseconds since the Unix epoch; `null` if none is scheduled. */
  readonly retryAt: number | null
  /** The last measured round trip to the server, in milliseconds; `null` before the first measurement. */
  readonly latencyMs: number | null
  /** Why the connection isn't live, if known. The client set an error with a `reason`; the server sent any other. */
  readonly error: ConnectionError | null
}

/** The state of the connection as a store, and a function that reconnects at once. */
export interface ConnectionStore extends Store<ConnectionState> {
  /** Starts a connection attempt at once, even after a refusal or while `getTicket` is slow to answer. */
  retryNow(): void
}

/** The callbacks through which a connection informs its client. */
export interface ConnectionListener extends Omit<LinkEvents, 'open' | 'close'> {
  /** The connection opened a new link, or lost its link (`null`). */
  linkChanged(link: Link | null): void
  /** The link has a new ticket, whose scopes may differ from those of the old ticket. */
  ticketRefreshed(): void
  /** The last subscription ended, so the next subscriber may be another agent. */
  unused(): void
  /** The server reported the subject of the link's ticket. */
  subjectReported(subject: string | undefined): void
  /** The link was silent while the page was paused. A reply to a new request proves that the link works. */
  probeNeeded(): void
  /** The connection failed for a reason that the developer must fix. */
  failed(error: GatherClientError): void
}

/** Returns an error with the reason why a link could not be opened. */
export type Diagnose = () => Promise<GatherClientError>

interface ConnectionDeps {
  readonly transport: Transport
  readonly tickets: Tickets
  readonly clock: Clock
  readonly listener: ConnectionListener
  readonly diagnose?: Diagnose | undefined
}

/** The state of a connection before the first subscription. */
export const initialConnectionState: ConnectionState = {
  status: 'idle',
  isDegraded: false,
  attempt: 0,
  retryAt: null,
  latencyMs: null,
  error: null,
}

/** An unused connection stays open this long, so that a page change doesn't reconnect. */
const IDLE_TIMEOUT_MS = 5_000
/** A link that is silent for longer than this is dead: the server sends a beacon every 5 s while a call is watched. */
const SILENCE_TIMEOUT_MS = 12_000
/**
 * The maximum silence timeout. A reply may be megabytes on a slow network, and browsers report a message only when it
 * is complete. So a dropped link with pending replies doubles the silence timeout of the next link.
 */
const MAX_SILENCE_TIMEOUT_MS = 48_000
/** The interval between checks for silence, so that a page that resumes without an event shows a dead link at once. */
const CHECK_INTERVAL_MS = 1_000
/** Checks later than this mean that the page was paused. Browsers run the timers of hidden pages only once a minute. */
const MAX_CHECK_DELAY_MS = 90_000
/** A link that delivers events but no reply for this long is dropped. */
const REPLY_TIMEOUT_MS = 60_000
const FIRST_RETRY_MS = 250
/** Screens must be current within 2 s of the network's return, so early attempts are never further apart. */
const MAX_RETRY_MS = 2_000
/** In an outage of minutes, faster attempts of a thousand agents would only slow the recovery. */
const MAX_OUTAGE_RETRY_MS = 10_000
const MAX_FAST_ATTEMPTS = 60
/** The longest backoff between calls of a failing `getTicket`. */
const MAX_TICKET_RETRY_MS = 8_000
/** The delay before a retry after a refusal. The refusal of a ticket with a readable, future expiry is not retried. */
const REFUSED_RETRY_MS = 30_000
/** The longest delay of a browser timer. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** `retryNow()` replaces a pending attempt that is older than this. */
const ATTEMPT_TIMEOUT_MS = 2_000
/** The number of failures to open a link before the client diagnoses the cause. */
const FAILURES_PER_DIAGNOSIS = 2

export class Connection implements ConnectionStore {
  readonly #deps: ConnectionDeps
  readonly #state = new WritableStore<ConnectionState>(initialConnectionState)
  /** Identifies the current connection attempt. Events of earlier attempts are ignored. */
  #attempt: object | null = null
  #link: Link | null = null
  /** The ticket that the current link was opened or last refreshed with. */
  #linkTicket: TicketInUse | null = null
  #startedAt = 0
  /** Consecutive failures of `getTicket`, failures to open a link, and 401 refusals. */
  #ticketFailures = 0
  #openFailures = 0
  #refusals = 0
  #shouldCloseWhenUnused = false
  #retainCount = 0
  #expectsBeacons = false
  /** The number of unanswered requests on the current link. */
  #pendingCount = 0
  #wasLive = false
  /** Whether the link is open but `connecting`, until a reply proves that it works. */
  #isProbing = false
  #lastCheckAt = 0
  #lastFrameAt = 0
  /** When the last reply arrived or, if later, the first pending request was sent. */
  #lastReplyAt = 0
  #silenceTimeoutMs = SILENCE_TIMEOUT_MS
  #cancelRetry: (() => void) | null = null
  #cancelIdle: (() => void) | null = null
  #cancelRefresh: (() => void) | null = null
  #cancelSilence: (() => void) | null = null

  constructor(deps: ConnectionDeps) {
    this.#deps = deps
  }

  readonly getSnapshot = (): ConnectionState => this.#state.getSnapshot()
  readonly subscribe = (onChange: () => void): (() => void) => this.#state.subscribe(onChange)

  /** Starts a connection attempt, unless the connection is live or a recent attempt is pending. */
  readonly retryNow = (): void => {
    const { status } = this.getSnapshot()
    if (status === 'closed' || status === 'live' || this.#retainCount === 0) return
    const isTrying = this.#attempt !== null && !this.#cancelRetry
    if (isTrying && this.#deps.clock.now() - this.#startedAt < ATTEMPT_TIMEOUT_MS) return
    this.#deps.tickets.abandonRequest()
    this.#connect()
  }

  /** Checks the link after a pause of the page, and starts a connection attempt if there is no link. */
  wake(): void {
    const { status } = this.getSnapshot()
    const link = this.#link
    if (link && status === 'live' && this.#deps.clock.now() - this.#lastFrameAt >= SILENCE_TIMEOUT_MS) {
      if (this.#expectsBeacons) this.drop(link)
      else this.#probe()
    }
    this.retryNow()
  }

  /** Keeps the connection open until the returned function is called. */
  retain(): () => void {
    this.#cancelIdle?.()
    this.#cancelIdle = null
    this.#shouldCloseWhenUnused = false
    if (this.#retainCount++ === 0) this.#connectOrReuse()
    let isRetained = true
    return () => {
      if (!isRetained) return
      isRetained = false
      this.#retainCount--
      if (this.#retainCount === 0 && this.getSnapshot().status !== 'closed') this.#closeIfIdle()
    }
  }

  /** Closes the connection as soon as it is unused. Retaining it again restores the idle timeout. */
  closeWhenUnused(): void {
    this.#shouldCloseWhenUnused = true
    if (this.#retainCount === 0 && this.getSnapshot().status !== 'closed') this.#closeIfIdle()
  }

  /** Replaces the link after another agent signed in: it carries the previous agent's ticket. */
  changeAgent(): void {
    if (!this.#link) return
    this.#wasLive = false
    this.#connect()
    this.#deps.listener.linkChanged(null)
  }

  #connectOrReuse(): void {
    const link = this.#link
    if (this.getSnapshot().status !== 'live' || !link) {
      if (this.getSnapshot().status !== 'closed') this.#connect()
      return
    }
    // Reuse the open link only if a fresh ticket belongs to the same agent.
    this.#startedAt = this.#deps.clock.now()
    this.#state.set({ ...this.getSnapshot(), status: 'connecting' })
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
        if (link === this.#link) this.#ticketFailed(error)
      },
    )
  }

  /** Closes the connection once it has been unused for the idle timeout. */
  #closeIfIdle(): void {
    this.#deps.listener.unused()
    this.#cancelIdle?.()
    const end = () => {
      this.#closeLink()
      this.#state.set(initialConnectionState)
    }
    if (this.#shouldCloseWhenUnused || this.getSnapshot().status !== 'live') end()
    else this.#cancelIdle = this.#deps.clock.setTimeout(end, IDLE_TIMEOUT_MS)
  }

  /** Sets whether the server should send beacons. It sends them only while a call is watched. */
  expectBeacons(isExpected: boolean): void {
    if (this.#expectsBeacons === isExpected) return
    this.#expectsBeacons = isExpected
    // Silence before this moment doesn't count, because no beacons were expected.
    this.#recordFrame()
    this.#watchForSilence()
  }

  /** Closes a broken link and reconnects. */
  drop(link: Link, error: SocketError | null = null): void {
    if (link !== this.#link) return
    link.close()
    this.#fail(error)
  }

  /** Publishes a measured round trip, unless it barely differs from the published one. */
  reportLatency(latencyMs: number): void {
    const known = this.getSnapshot()
    // Small changes aren't worth a repaint.
    const hasChanged =
      known.latencyMs === null || Math.abs(known.latencyMs - latencyMs) > Math.max(5, known.latencyMs * 0.25)
    if (hasChanged && known.status === 'live') this.#state.set({ ...known, latencyMs: Math.round(latencyMs) })
  }

  close(): void {
    this.#closeLink()
    this.#cancelIdle?.()
    this.#state.set({ ...initialConnectionState, status: 'closed' })
  }

  #connect(): void {
    this.#closeLink()
    const attempt = {}
    this.#attempt = attempt
    this.#startedAt = this.#deps.clock.now()
    const { attempt: tries, error, status: before } = this.getSnapshot()
    const status = before === 'refused' ? before : this.#wasLive || tries > 0 ? 'reconnecting' : 'connecting'
    this.#state.set({ ...initialConnectionState, status, attempt: tries, error })
    this.#deps.tickets.getForConnection().then(
      (ticket) => {
        if (this.#attempt === attempt) this.#open(attempt, ticket)
      },
      (reason: unknown) => {
        if (this.#attempt === attempt) this.#ticketFailed(reason)
      },
    )
  }

  #ticketFailed(reason: unknown): void {
    const error = ticketError(reason)
    this.#fail(connectionError(error))
    this.#deps.listener.failed(error)
  }

  #open(attempt: object, ticket: string): void {
    this.#ticketFailures = 0
    try {
      const link = this.#wrapLink(attempt, ticket)
      if (this.#attempt === attempt) {
        this.#link = link
        this.#linkTicket = this.#deps.tickets.inUse
      } else link.close()
    } catch (cause) {
      this.#fail(null)
      this.#deps.listener.failed(
        new GatherClientError('serverUnreachable', 'The websocket could not be created. Check `url` and `basePath`.', {
          cause,
        }),
      )
    }
  }

  #wrapLink(attempt: object, ticket: string): Link {
    const ifCurrent = (handle: () => void) => {
      if (this.#attempt !== attempt) return
      // A frame after the deadline was buffered while the page was paused, so it proves nothing.
      if (this.#isOverdue()) return this.#watchForSilence()
      this.#recordFrame()
      handle()
    }
    const opened = this.#deps.transport.open(
      { ticket, protocol: PROTOCOL_VERSION },
      {
        open: () => ifCurrent(() => this.#opened(link)),
        close: (error) => ifCurrent(() => this.#closed(error)),
        callEvent: (frame) => ifCurrent(() => this.#deps.listener.callEvent(frame)),
        callHead: (frame) =>
          ifCurrent(() => {
            if (frame.degraded !== undefined) this.#setDegraded(frame.degraded)
            this.#deps.listener.callHead(frame)
          }),
        callsEvent: (frame) => ifCurrent(() => this.#deps.listener.callsEvent(frame)),
      },
    )
    const track = <Reply>(request: Promise<Reply>) => this.#trackReply(attempt, request)
    // Check the subject before the reply is used, because the ticket may belong to another agent.
    const checkSubject = <Reply extends { ok: boolean; subject?: string }>(reply: Reply): Reply => {
      if (reply.ok && this.#attempt === attempt) this.#deps.listener.subjectReported(reply.subject)
      return reply
    }
    const link: Link = {
      watchCall: (callId, cursor) => track(opened.watchCall(callId, cursor)).then(checkSubject),
      unwatchCall: (callId) => opened.unwatchCall(callId),
      watchCalls: () => track(opened.watchCalls()).then(checkSubject),
      unwatchCalls: () => opened.unwatchCalls(),
      refreshTicket: (ticket) => track(opened.refreshTicket(ticket)),
      close: () => opened.close(),
    }
    return link
  }

  /** Counts a request as pending until its reply arrives or fails. */
  #trackReply<Reply>(attempt: object, request: Promise<Reply>): Promise<Reply> {
    if (this.#attempt !== attempt) return request
    if (this.#pendingCount++ === 0) {
      this.#lastReplyAt = this.#deps.clock.now()
      if (!this.#expectsBeacons) this.#recordFrame()
      this.#watchForSilence()
    }
    const onReply = () => {
      if (this.#attempt !== attempt) return
      if (this.#isOverdue()) return this.#watchForSilence()
      this.#recordFrame()
      this.#lastReplyAt = this.#deps.clock.now()
      this.#endProbe()
      if (--this.#pendingCount === 0) this.#silenceTimeoutMs = SILENCE_TIMEOUT_MS
    }
    request.then(onReply, () => undefined)
    return request
  }

  #opened(link: Link): void {
    this.#wasLive = true
    this.#isProbing = false
    this.#lastCheckAt = this.#deps.clock.now()
    this.#openFailures = 0
    this.#refusals = 0
    this.#deps.tickets.markUsed()
    const { status, isDegraded } = this.getSnapshot()
    this.#state.set({ ...initialConnectionState, status: 'live', isDegraded: status === 'connecting' && isDegraded })
    this.#scheduleRefresh(link)
    this.#watchForSilence()
    this.#deps.listener.linkChanged(link)
  }

  #setDegraded(isDegraded: boolean): void {
    const known = this.getSnapshot()
    if (known.status === 'live' && known.isDegraded !== isDegraded) this.#state.set({ ...known, isDegraded })
  }

  /** Handles a link that was refused, lost or never opened. */
  #closed(error: SocketError | null): void {
    const wasOpen = this.getSnapshot().status === 'live'
    if (!error && !wasOpen) this.#recordOpenFailure()
    this.#fail(error)
  }

  #recordOpenFailure(): void {
    this.#openFailures++
    if (this.#openFailures % FAILURES_PER_DIAGNOSIS !== 0) return
    this.#deps.diagnose?.().then(
      (error) => {
        const known = this.getSnapshot()
        if (this.#openFailures === 0 || known.status === 'closed' || known.status === 'idle') return
        this.#state.set({ ...known, error: connectionError(error) })
        this.#deps.listener.failed(error)
      },
      () => undefined,
    )
  }

  #fail(given: ConnectionError | null): void {
    this.#closeLink()
    const { attempt, error: known } = this.getSnapshot()
    const tries = attempt + 1
    if (given?.status === clientErrors.unauthenticated.status) this.#refusals++
    // A server that is temporarily unavailable did not judge the ticket, so the next attempt reuses it.
    if (given && given.reason === undefined && !isTemporary(given)) this.#deps.tickets.markUsed()
    const error = this.#withCause(given, known)
    const refusal = error && error.reason === undefined && isRefusal(error, this.#refusals) ? error : null
    const delayMs = this.#retryDelayMs(error, refusal, tries)
    this.#state.set({
      ...initialConnectionState,
      status: refusal ? 'refused' : 'reconnecting',
      attempt: tries,
      retryAt: delayMs === null ? null : this.#deps.clock.now() + delayMs,
      error,
    })
    if (delayMs !== null) this.#cancelRetry = this.#deps.clock.setTimeout(() => this.#connect(), delayMs)
    this.#deps.listener.linkChanged(null)
    if (refusal) this.#deps.listener.failed(refusalError(refusal))
  }

  /** Returns the diagnosed cause of a connection error, if known; otherwise the error. */
  #withCause(given: ConnectionError | null, known: ConnectionError | null): ConnectionError | null {
    // A link that still can't be opened keeps the diagnosed cause.
    if (!given) return this.#openFailures > FAILURES_PER_DIAGNOSIS - 1 && known?.reason ? known : null
    if (given.status !== clientErrors.unauthenticated.status || this.#deps.tickets.validity !== 'expired') return given
    const expired = new GatherClientError('ticketExpired', EXPIRED_TICKET_MESSAGE)
    this.#deps.listener.failed(expired)
    return connectionError(expired)
  }

  /** Returns the delay before the next connection attempt; `null` if no attempt should follow. */
  #retryDelayMs(error: ConnectionError | null, refusal: ConnectionError | null, tries: number): number | null {
    if (refusal) {
      const isFinal = this.#deps.tickets.validity === 'current' || refusal.status === VERSION_MISMATCH
      return isFinal ? null : withJitter(REFUSED_RETRY_MS)
    }
    if (!error?.reason?.startsWith('ticket')) return backoffMs(tries)
    this.#ticketFailures++
    return withJitter(Math.min(MAX_TICKET_RETRY_MS, 2 * FIRST_RETRY_MS * 2 ** Math.min(this.#ticketFailures - 1, 10)))
  }

  /** Closes the current link and cancels its timers. */
  #closeLink(): void {
    this.#attempt = null
    this.#link?.close()
    this.#link = null
    this.#isProbing = false
    this.#pendingCount = 0
    this.#cancelRetry?.()
    this.#cancelRetry = null
    this.#cancelRefresh?.()
    this.#cancelSilence?.()
  }

  #scheduleRefresh(link: Link, dueInMs = this.#deps.tickets.renewInMs): void {
    this.#cancelRefresh?.()
    if (dueInMs === null) return
    const delayMs = Math.min(dueInMs, MAX_TIMER_MS)
    this.#cancelRefresh = this.#deps.clock.setTimeout(() => {
      this.#deps.tickets.getFresh().then(
        (ticket) => {
          if (link === this.#link) this.#refresh(link, ticket)
        },
        (reason: unknown) => {
          if (link !== this.#link) return
          // The link works until the old ticket expires. Then the server closes the link with an error.
          if (GatherClientError.isInstance(reason)) this.#deps.listener.failed(reason)
          this.#scheduleRefresh(link, withJitter(MAX_TICKET_RETRY_MS))
        },
      )
    }, delayMs)
  }

  #refresh(link: Link, ticket: string): void {
    this.#linkTicket = this.#deps.tickets.inUse
    link.refreshTicket(ticket).then(
      (reply) => {
        if (link !== this.#link) return
        if (!reply.ok) return this.drop(link, reply.error)
        this.#deps.tickets.markUsed()
        this.#scheduleRefresh(link)
        this.#deps.listener.ticketRefreshed()
      },
      () => undefined,
    )
  }

  /** Records the time of a frame from the server. */
  #recordFrame(): void {
    this.#lastFrameAt = this.#deps.clock.now()
  }

  /** Drops a silent link. A timer checks the time of the last frame, because a new timer per frame would be costly. */
  #watchForSilence(): void {
    this.#cancelSilence?.()
    this.#cancelSilence = null
    const link = this.#link
    const hasPending = this.#pendingCount > 0
    if (!link || !this.#isOpen) return
    const now = this.#deps.clock.now()
    const wasPaused = now - this.#lastCheckAt > MAX_CHECK_DELAY_MS
    this.#lastCheckAt = now
    const delayMs = this.#deadline() - now
    if (delayMs <= 0) {
      if (hasPending) this.#silenceTimeoutMs = Math.min(this.#silenceTimeoutMs * 2, MAX_SILENCE_TIMEOUT_MS)
      this.drop(link)
      return
    }
    const checkInMs = Math.min(delayMs, CHECK_INTERVAL_MS)
    this.#cancelSilence = this.#deps.clock.setTimeout(() => this.#watchForSilence(), checkInMs)
    if (wasPaused) this.#probe()
  }

  get #isOpen(): boolean {
    return this.getSnapshot().status === 'live' || this.#isProbing
  }

  /** Returns when the link is dead unless a frame arrives; `Infinity` while the server owes no frame. */
  #deadline(): number {
    const hasPending = this.#pendingCount > 0
    if (!this.#expectsBeacons && !hasPending) return Number.POSITIVE_INFINITY
    const silenceEndsAt = this.#lastFrameAt + this.#silenceTimeoutMs
    return hasPending ? Math.min(silenceEndsAt, this.#lastReplyAt + REPLY_TIMEOUT_MS) : silenceEndsAt
  }

  #isOverdue(): boolean {
    return this.#isOpen && this.#deps.clock.now() > this.#deadline()
  }

  /** Shows an open link as `connecting` until a reply proves that it works. */
  #probe(): void {
    if (this.#isProbing || this.#retainCount === 0) return
    this.#isProbing = true
    this.#startedAt = this.#deps.clock.now()
    this.#state.set({ ...this.getSnapshot(), status: 'connecting' })
    this.#deps.listener.probeNeeded()
    if (this.#pendingCount === 0 && this.#link) this.drop(this.#link)
  }

  #endProbe(): void {
    if (!this.#isProbing) return
    this.#isProbing = false
    this.#state.set({ ...this.getSnapshot(), status: 'live' })
  }
}

/** Returns an exponential backoff with jitter, so that a thousand clients don't reconnect at once. */
function backoffMs(attempt: number): number {
  const maxMs = attempt > MAX_FAST_ATTEMPTS ? MAX_OUTAGE_RETRY_MS : MAX_RETRY_MS
  return withJitter(Math.min(maxMs, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10)))
}

const withJitter = (delayMs: number) => delayMs / 2 + Math.random() * (delayMs / 2)

const VERSION_MISMATCH = 426

const isTemporary = ({ status }: Pick<SocketError, 'status'>) => status === 408 || status === 429 || status >= 500

/** Whether an error is a refusal. A ticket may expire in transit, so only the second 401 in a row counts. */
function isRefusal({ status }: SocketError, refusals: number): boolean {
  if (isTemporary({ status })) return false
  return status !== clientErrors.unauthenticated.status || refusals > 1
}

const EXPIRED_TICKET_MESSAGE =
  'getTicket returned an expired ticket. Issue a new ticket on every call, and do not cache it.'

/** Converts an error that the client detected to the format of a server error. */
export function connectionError(error: GatherClientError): ConnectionError {
  const { code: reason, message: detail, cause } = error
  return { ...clientErrors.unavailable, detail, reason, ...(cause === undefined ? {} : { cause }) }
}

function ticketError(reason: unknown): GatherClientError {
  if (GatherClientError.isInstance(reason)) return reason
  return new GatherClientError(
    'ticketFailed',
    'getTicket did not return a ticket. Check its request to your backend.',
    { cause: reason },
  )
}

function refusalError(cause: ConnectionError): GatherClientError {
  const { status, title, detail = title } = cause
  return new GatherClientError('refused', `The server refused the connection with ${status}: ${detail}`, { cause })
}
