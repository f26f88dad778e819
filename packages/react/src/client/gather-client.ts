/**
 * The client, without React: one connection, one subscription per call, and commands over HTTP. State changes only
 * through events, never through the reply to a command.
 */
import { DEFAULT_BASE_PATH, routes, type SocketError } from '@callgather/protocol'
import { serverAddress } from './address.ts'
import { AgentIdentity, agentIdentities } from './agent-identity.ts'
import { type AgentSession, FeedSession } from './agent-session.ts'
import { CallListSync } from './call-list-sync.ts'
import { CallSync } from './call-sync.ts'
import { type ConnectionError, ErrorReporter, type GatherClientError, isDenied } from './client-error.ts'
import { type ClientListener, clientEvents, type TracedFrameListener } from './client-events.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCommandSender, createWrapUpSaver, notSentError, type SaveWrapUp, type SendCommand } from './commands.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'
import { Connection, type ConnectionState, type ConnectionStore, type Diagnose } from './connection.ts'
import { createDiagnose } from './diagnose.ts'
import type { CallFeed, CallsFeed } from './feed.ts'
import { ServerTime } from './server-time.ts'
import { socketTransport } from './socket-transport.ts'
import type { SyncEvents } from './sync-driver.ts'
import { type GetTicket, type TicketInUse, Tickets } from './tickets.ts'
import type { Link, Transport } from './transport.ts'
import { WatchError } from './watch-error.ts'

/** The options of `createGatherClient`. */
export interface GatherClientOptions {
  /**
   * The server's origin, such as `https://calls.example.com`; `''` for the page's origin. `undefined` throws, so that
   * you notice an unset environment variable.
   */
  url: string | undefined
  /** Fetches a ticket from your backend. Called for every connection and before a ticket expires. */
  getTicket: GetTicket
  /** The base path of the CallGather server. Default `/callgather`. */
  basePath?: string
  /**
   * Called with errors that a developer must fix: `getTicket` failed, the origin is refused, websockets are blocked.
   * The client retries by itself. Each error is reported once until the connection is live again.
   */
  onError?: ((error: GatherClientError) => void) | undefined
}

/** The dependencies of a client, which tests and scenarios replace. */
export interface GatherClientDeps {
  transport: Transport
  clock: Clock
  fetch: typeof fetch
  getTicket: GetTicket
  onError?: ((error: GatherClientError) => void) | undefined
  /** Returns an error with the reason why a link could not be opened. */
  diagnose?: Diagnose | undefined
  /** The server's URL with its base path. */
  base: string
  /** Calls `run` when the network is back or the page becomes visible. Returns a function that unsubscribes. */
  onWake: (run: () => void) => () => void
  /**
   * Calls `run` when the browser puts the page into its back/forward cache, which some browsers refuse to a page with an
   * open websocket. Returns a function that unsubscribes.
   */
  onCached?: ((run: () => void) => () => void) | undefined
}

/** Options of `watch`. */
export interface WatchOptions {
  /** Unsubscribes when aborted. */
  signal?: AbortSignal
  /** Called with each new feed of the call. The first call passes the current feed, if there is one. */
  onFeed: (feed: CallFeed) => void
  /** The last feed of an earlier subscription. Only later events are fetched. */
  resume?: CallFeed | undefined
  /** Fetches a new snapshot, even if the call is already watched. Default false. */
  fresh?: boolean
}

/** Options of `watchCalls`. */
export interface WatchCallsOptions {
  /** Unsubscribes when aborted. */
  signal?: AbortSignal
  /** Called with the list of calls on each change of the list. */
  onCalls: (feed: CallsFeed) => void
}

/** A client of one CallGather server. Create one per application and pass it to `GatherProvider`. */
export interface GatherClient {
  /** The state of the connection, as a store. */
  readonly connection: ConnectionStore
  /** Separates this client's cached feeds from those of other clients and agents. */
  readonly session: AgentSession
  /** The clock and timers of this client. */
  readonly clock: Clock
  /**
   * Subscribes to a call: events in order, without gaps, each once, across reconnections. Resolves when the call has
   * ended and its log is complete, or when the signal is aborted. Rejects with `WatchError` if the server refuses it.
   * Subscribers to the same call share one server subscription.
   */
  watch(callId: string, options: WatchOptions): Promise<void>
  /** Subscribes to the list of calls that the ticket may see. Resolves when the signal is aborted. */
  watchCalls(options: WatchCallsOptions): Promise<void>
  /**
   * Sends a command. Resolves when Telnyx accepts it; its effects arrive as events. Rejects with `GatherError`, which
   * holds Telnyx's errors. If `isOutcomeUnknown(error)`, retry with the same `requestId`.
   */
  command: SendCommand
  /**
   * Saves the note and disposition of an ended call, once per call. Repeating it is safe. Rejects with `GatherError` if
   * the call has not ended, or has another wrap-up.
   */
  wrapUp: SaveWrapUp
  /** Closes an unused connection at once instead of after the idle timeout. Watching a call reconnects the client. */
  disconnect(): void
  /**
   * Closes the client for good and clears its cached feeds. Call it when the agent signs out: the drafts of the agent's
   * wrap-ups are deleted then, except with `keepDrafts`.
   */
  close(options?: CloseOptions): void
}

/** Options of `close`. */
export interface CloseOptions {
  /** Whether the stored drafts of the agent's wrap-ups stay, because the agent is still signed in. Default false. */
  keepDrafts?: boolean
}

/** Creates a client of a CallGather server. It connects with the first subscription. */
export function createGatherClient({
  url,
  getTicket,
  basePath = DEFAULT_BASE_PATH,
  onError,
}: GatherClientOptions): GatherClient {
  const { origin, basePath: path } = serverAddress(url, basePath)
  if (typeof getTicket !== 'function') {
    throw new Error('createGatherClient: `getTicket` is not a function. Pass a function that returns a ticket.')
  }
  const base = `${origin}${path}`
  const request: typeof fetch = (...args) => fetch(...args)
  return createClientWith({
    transport: socketTransport({ origin, path: `${path}${routes.socket}` }),
    clock: systemClock,
    fetch: request,
    getTicket,
    onError,
    diagnose: createDiagnose(base, request),
    base,
    onWake: onBrowserWake,
    onCached: onBrowserCached,
  })
}

/** Browsers throttle and freeze hidden pages, so wait for the page to be shown or resumed, and for the network event. */
function onBrowserWake(run: () => void): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
  const runIfVisible = () => {
    if (document.visibilityState === 'visible') run()
  }
  window.addEventListener('online', run)
  window.addEventListener('pageshow', runIfVisible)
  for (const event of ['visibilitychange', 'resume']) document.addEventListener(event, runIfVisible)
  return () => {
    window.removeEventListener('online', run)
    window.removeEventListener('pageshow', runIfVisible)
    for (const event of ['visibilitychange', 'resume']) document.removeEventListener(event, runIfVisible)
  }
}

function onBrowserCached(run: () => void): () => void {
  if (typeof window === 'undefined') return () => {}
  const runIfCached = ({ persisted }: PageTransitionEvent) => {
    if (persisted) run()
  }
  window.addEventListener('pagehide', runIfCached)
  return () => window.removeEventListener('pagehide', runIfCached)
}

/** How often the client requests missed events and measures the latency. */
const CHECK_INTERVAL_MS = 20_000

/** A server subscription to a call or to the list of calls, and the listeners that share it. */
interface Watch<Feed, Sync> {
  readonly sync: Sync
  readonly listeners: Set<WatchListener<Feed>>
  readonly finish: (error?: SocketError) => void
  readonly release: () => void
}

interface WatchListener<Feed> {
  change(feed: Feed): void
  end(error?: SocketError): void
}

/** Creates a client with these dependencies. It connects with the first subscription. */
export function createClientWith(deps: GatherClientDeps): GatherClient {
  const { transport, clock } = deps
  const listeners = new Set<ClientListener>()
  const tracedFrames = new Set<TracedFrameListener>()
  const reporter = new ErrorReporter((error) => {
    for (const listener of listeners) listener.failed(error)
    return deps.onError?.(error)
  })
  const requestTicket = () => {
    for (const listener of listeners) listener.ticketNeeded()
    return deps.getTicket()
  }
  const session = new FeedSession()
  const identity = new AgentIdentity()
  session.addCache(identity)
  agentIdentities.set(session, identity)
  const tickets = new Tickets(requestTicket, clock, () => {
    connection.changeAgent()
    endSession()
  })
  /** The last ticket, and the last subject from the server, that are confirmed to belong to this session's agent. */
  let confirmedTicket: TicketInUse | null = null
  let confirmedSubject: string | undefined
  const watches = new Map<string, Watch<CallFeed, CallSync>>()
  let calls: Watch<CallsFeed, CallListSync> | null = null
  const clocks = { clock, serverTime: new ServerTime(clock) }
  let link: Link | null = null
  let limiter = new ConcurrencyLimiter()
  let cancelCheck = () => {}

  const connection = new Connection({
    transport,
    tickets,
    clock,
    diagnose: deps.diagnose,
    listener: {
      linkChanged: (next) => {
        link = next
        limiter = new ConcurrencyLimiter()
        if (next) {
          reporter.reset()
          if (isSameAgent(tickets.inUse, confirmedTicket)) session.resume()
          if (!session.isPaused) confirmedTicket = tickets.inUse
        }
        const { status, error } = connection.getSnapshot()
        if (status === 'refused' && error && isDenied(error)) session.end()
        attachAll()
        for (const sync of allSyncs()) reportError(sync)
        scheduleCheck()
      },
      unused: () => {
        link = null
        cancelCheck()
      },
      subjectReported: (reported) => {
        const isKnown = reported !== undefined && reported === confirmedSubject
        const hasChanged = reported !== undefined && confirmedSubject !== undefined && !isKnown
        confirmedSubject = reported ?? confirmedSubject
        confirmedTicket = tickets.inUse
        if (hasChanged || (session.isPaused && !isKnown)) endSession()
        else session.resume()
        identity.confirm(reported ?? tickets.inUse?.subject ?? null)
      },
      failed: (error) => reporter.report(error),
      probeNeeded: checkAll,
      ticketRefreshed: checkAll,
      callEvent: (frame) => {
        if (frame.trace) for (const trace of tracedFrames) trace(frame)
        watches.get(frame.call_id)?.sync.receive(frame)
      },
      callHead: ({ now, heads }) => {
        for (const { call_id, epoch, seq } of heads) watches.get(call_id)?.sync.receiveHead(epoch, seq, now)
      },
      callsEvent: (frame) => calls?.sync.receive(frame),
    },
  })

  let agent = {}
  session.addCache({ isShown: () => false, clear: () => (agent = {}) })
  clientEvents.set(session, {
    listeners,
    tracedFrames,
    clockOffsetMs: () => clocks.serverTime.latestOffsetMs,
    report: (error) => reporter.report(error),
    agent: () => agent,
  })

  const stopWaking = deps.onWake(() => {
    connection.wake()
    checkCalls()
  })
  const stopCaching = deps.onCached?.(() => {
    if (link) connection.drop(link)
  })

  function retain(): () => void {
    const releases = [session.retain(), connection.retain()]
    return () => {
      for (const release of releases) release()
    }
  }

  /** Returns all syncs, the list of calls first: agents choose a call from it, and it takes only one reply. */
  function allSyncs(): (CallListSync | CallSync)[] {
    return [...(calls ? [calls.sync] : []), ...[...watches.values()].map(({ sync }) => sync)]
  }

  function attachAll(): void {
    for (const sync of allSyncs()) sync.attach(link, limiter)
  }

  function reportError(sync: CallListSync | CallSync): void {
    const { status, error } = connection.getSnapshot()
    if (error && isFeedError(status, error)) sync.disconnected(error)
  }

  /** Ends the session of the previous agent: its feeds are cleared and never resumed. */
  function endSession(): void {
    session.end()
    for (const sync of allSyncs()) sync.reset()
    attachAll()
  }

  function scheduleCheck(): void {
    cancelCheck()
    if (!link) return
    cancelCheck = clock.setTimeout(() => {
      const [first] = watches.values()
      first?.sync.check()
      scheduleCheck()
    }, CHECK_INTERVAL_MS)
  }

  function checkCalls(): void {
    for (const { sync } of watches.values()) sync.check()
  }

  function checkAll(): void {
    calls?.sync.check()
    checkCalls()
  }

  function start<Feed extends object, Sync extends CallSync | CallListSync>(
    make: (events: SyncEvents<Feed>) => Sync,
  ): Watch<Feed, Sync> {
    const listeners = new Set<WatchListener<Feed>>()
    const finish = (error?: SocketError) => {
      for (const listener of [...listeners]) listener.end(error)
    }
    const sync = make({
      change: (feed) => {
        session.add(feed)
        for (const listener of [...listeners]) listener.change(feed)
      },
      ended: () => finish(),
      failed: finish,
      linkBroken: (brokenLink, error) => connection.drop(brokenLink, error),
      latencyMeasured: (latencyMs) => connection.reportLatency(latencyMs),
    })
    return { sync, listeners, finish, release: retain() }
  }

  function getOrStartWatch(callId: string, resume: CallFeed | undefined): Watch<CallFeed, CallSync> {
    const existing = watches.get(callId)
    if (existing) return existing
    const feed = resume && session.has(resume) ? resume : undefined
    const watch = start<CallFeed, CallSync>((events) => new CallSync(callId, clocks, events, feed))
    watches.set(callId, watch)
    connection.expectBeacons(true)
    watch.sync.attach(link, limiter)
    reportError(watch.sync)
    return watch
  }

  function dropCall(callId: string): void {
    const watch = watches.get(callId)
    watches.delete(callId)
    watch?.sync.stop()
    link?.unwatchCall(callId)
    connection.expectBeacons(watches.size > 0)
    watch?.release()
  }

  function startCalls(): Watch<CallsFeed, CallListSync> {
    const started = start<CallsFeed, CallListSync>(
      (events) => new CallListSync(clocks, { ...events, latencyMeasured: () => {} }),
    )
    started.sync.attach(link)
    reportError(started.sync)
    return started
  }

  function dropCalls(): void {
    calls?.sync.stop()
    link?.unwatchCalls()
    calls?.release()
    calls = null
  }

  /** Adds a listener until the signal is aborted or the subscription ends. */
  function listen<Feed extends CallFeed | CallsFeed>(
    callId: string | null,
    { sync, listeners }: Watch<Feed, { readonly feed: Feed }>,
    signal: AbortSignal | undefined,
    change: (feed: Feed) => void,
    dropIfUnused: () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener: WatchListener<Feed> = {
        change,
        end: (error) => {
          listeners.delete(listener)
          signal?.removeEventListener('abort', unsubscribe)
          // Deferred, because React's strict mode and moved components unsubscribe and subscribe again at once.
          if (listeners.size === 0) queueMicrotask(() => listeners.size === 0 && dropIfUnused())
          if (error) reject(new WatchError(callId, error))
          else resolve()
        },
      }
      const unsubscribe = () => listener.end()
      signal?.addEventListener('abort', unsubscribe)
      listeners.add(listener)
      if (sync.feed.sync !== 'connecting' || sync.feed.error) change(session.add(sync.feed))
    })
  }

  const sender = {
    base: deps.base,
    tickets,
    clock,
    fetch: deps.fetch,
    onTicketError: (error: GatherClientError) => reporter.report(error),
    isAgentKnown: () => !session.isPaused,
  }
  const send = createCommandSender(sender)
  const saveWrapUp = createWrapUpSaver(sender)

  return {
    connection: {
      getSnapshot: connection.getSnapshot,
      subscribe: (onChange) => connection.subscribe(reporter.guard('A connection listener', onChange)),
      retryNow: connection.retryNow,
    },
    session,
    clock,
    command: async (...args) => {
      if (isClosed()) throw notSentError('The client is closed. Create a new one.')
      return send(...args)
    },
    wrapUp: async (...args) => {
      if (isClosed()) throw notSentError('The client is closed. Create a new one.')
      return saveWrapUp(...args)
    },

    watch: async (callId, { signal, onFeed, resume, fresh = false }) => {
      if (signal?.aborted) return
      if (isClosed()) throw closedError()
      const watch = getOrStartWatch(callId, fresh ? undefined : resume)
      if (fresh) watch.sync.resync()
      const drop = () => watches.get(callId) === watch && dropCall(callId)
      await listen(callId, watch, signal, reporter.guard('onFeed', onFeed), drop)
    },

    watchCalls: async ({ signal, onCalls }) => {
      if (signal?.aborted) return
      if (isClosed()) throw closedError()
      calls ??= startCalls()
      const watched = calls
      await listen(null, watched, signal, reporter.guard('onCalls', onCalls), () => calls === watched && dropCalls())
    },

    disconnect: () => connection.closeWhenUnused(),

    close: ({ keepDrafts = false } = {}) => {
      tickets.endAgent()
      if (!keepDrafts) identity.signOut()
      session.end()
      for (const { finish } of watches.values()) finish()
      calls?.finish()
      cancelCheck()
      stopWaking()
      stopCaching?.()
      connection.close()
    },
  }

  function isClosed(): boolean {
    return connection.getSnapshot().status === 'closed'
  }
}

/** Whether the feeds should show a connection error. They don't show a short disconnection. */
const isFeedError = (status: ConnectionState['status'], { reason }: ConnectionError) =>
  status === 'refused' || reason !== undefined

const isSameAgent = (ticket: TicketInUse | null, known: TicketInUse | null) =>
  ticket !== null &&
  known !== null &&
  (ticket.ticket === known.ticket || (ticket.subject !== null && ticket.subject === known.subject))

const closedError = () => new Error('CallGather: the client is closed and cannot watch calls. Create a new one.')
