/**
 * The client without React: one connection, a watch for each call that somebody looks at, commands over HTTP. Facts
 * come down through `watch`, commands go up through `command`; nothing is guessed in between.
 */
import { DEFAULT_BASE_PATH, routes, type SocketError } from '@callgather/protocol'
import { serverAddress } from './address.ts'
import { type AgentSession, FeedSession } from './agent-session.ts'
import { CallListSync } from './call-list-sync.ts'
import { CallSync } from './call-sync.ts'
import { type ConnectionError, ErrorReports, type GatherClientError, isDenied } from './client-error.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCommandSender, notSentError, type SendCommand } from './commands.ts'
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

/** How to reach a CallGather server. */
export interface GatherClientOptions {
  /**
   * The server's origin, such as `https://calls.example.com`; `''` for the page's own. Required: `undefined`, as from an
   * unset environment variable, is an error.
   */
  url: string | undefined
  /** Asks your backend for a ticket. Called for every connection and before a ticket runs out. */
  getTicket: GetTicket
  /** Where the server is mounted. Default `/callgather`. */
  basePath?: string
  /**
   * Called when something fails that the agent cannot fix: `getTicket` fails, the origin is refused, websockets are
   * blocked. The client retries by itself. The same cause is reported once, until the connection is live again.
   */
  onError?: ((error: GatherClientError) => void) | undefined
}

/** The parts that tests and simulations replace. */
export interface GatherClientDeps {
  transport: Transport
  clock: Clock
  fetch: typeof fetch
  getTicket: GetTicket
  onError?: ((error: GatherClientError) => void) | undefined
  /** Finds out why a link cannot be opened. */
  diagnose?: Diagnose | undefined
  /** Address of the server with its base path. */
  base: string
  /** Calls back when the network or the person is back; the function returned stops that. */
  onWake: (run: () => void) => () => void
}

/** How a call is watched. */
export interface WatchOptions {
  /** Ends the watch. */
  signal?: AbortSignal
  /** Called with everything that becomes known, beginning with what is known already. */
  onFeed: (feed: CallFeed) => void
  /** What an earlier watch knew: only what came after it is fetched. */
  resume?: CallFeed | undefined
  /** Fetches the whole anew, also where the call is being watched already. */
  fresh?: boolean
}

/** How the list of calls is watched. */
export interface WatchCallsOptions {
  /** Ends the watch. */
  signal?: AbortSignal
  /** Called with the list whenever it changes. */
  onCalls: (feed: CallsFeed) => void
}

/** A client of one CallGather server. Make one for the application and hand it to `GatherProvider`. */
export interface GatherClient {
  /** The state of the connection, as a store. */
  readonly connection: ConnectionStore
  /** What belongs to the agent who is signed in. */
  readonly session: AgentSession
  /** What this client counts time by. */
  readonly clock: Clock
  /**
   * Watches a call: its events in order, without gaps, each once, over any disconnection. Resolves when the call is
   * over and its log complete, or when the signal is aborted. Rejects with `WatchError` if the call may not be watched.
   * Several watches of one call share one.
   */
  watch(callId: string, options: WatchOptions): Promise<void>
  /** Watches the calls that the ticket may see. Resolves when the signal is aborted. */
  watchCalls(options: WatchCallsOptions): Promise<void>
  /**
   * Gives a command. Resolves when Telnyx accepted it; what it leads to comes as events. Rejects with `GatherError`:
   * Telnyx's reasons, or, where `isOutcomeUnknown(error)`, because no answer came; then it may be given again with the
   * same `requestId`.
   */
  command: SendCommand
  /** Closes the connection now, if nothing is watched, instead of a few seconds later. Watching opens it again. */
  disconnect(): void
  /** Ends everything, and removes what was cached: call it when the agent signs out. A closed client stays closed. */
  close(): void
}

/** Makes a client of a CallGather server. Connects when something is watched, and not before. */
export function createGatherClient({
  url,
  getTicket,
  basePath = DEFAULT_BASE_PATH,
  onError,
}: GatherClientOptions): GatherClient {
  const { origin, basePath: path } = serverAddress(url, basePath)
  if (typeof getTicket !== 'function') {
    throw new Error('createGatherClient: `getTicket` must be a function that returns a ticket, or a promise of one.')
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
  })
}

/** Browsers slow the timers of hidden pages to one a minute, and say when the network is back. */
function onBrowserWake(run: () => void): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {}
  const runIfVisible = () => {
    if (document.visibilityState === 'visible') run()
  }
  window.addEventListener('online', run)
  document.addEventListener('visibilitychange', runIfVisible)
  return () => {
    window.removeEventListener('online', run)
    document.removeEventListener('visibilitychange', runIfVisible)
  }
}

/** How often an open link is asked whether anything was missed, which also measures it. */
const CHECK_INTERVAL_MS = 20_000

/** What is followed on the server for as long as anybody listens: a call, or the list of calls. */
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

/** Makes a client on given ports. */
export function createClientWith(deps: GatherClientDeps): GatherClient {
  const { transport, clock } = deps
  const reports = new ErrorReports(deps.onError)
  const session = new FeedSession()
  const tickets = new Tickets(deps.getTicket, clock, () => {
    connection.changeAgent()
    endSession()
  })
  /** The last ticket, and the last subject by the server's word, that this session is known to belong to. */
  let confirmed: TicketInUse | null = null
  let subject: string | undefined
  const watches = new Map<string, Watch<CallFeed, CallSync>>()
  let calls: Watch<CallsFeed, CallListSync> | null = null
  const time = { clock, serverTime: new ServerTime(clock) }
  let link: Link | null = null
  let limiter = new ConcurrencyLimiter()
  let cancelCheck = () => {}

  const connection = new Connection({
    transport,
    tickets,
    clock,
    diagnose: deps.diagnose,
    listener: {
      link: (next) => {
        link = next
        limiter = new ConcurrencyLimiter()
        if (next) {
          reports.recovered()
          if (isSameAgent(tickets.inUse, confirmed)) session.resume()
          if (!session.isPaused) confirmed = tickets.inUse
        }
        const { status, error } = connection.getSnapshot()
        if (status === 'refused' && error && isDenied(error)) session.end()
        attachAll()
        for (const sync of syncs()) reportError(sync)
        checkLater()
      },
      unused: () => {
        link = null
        cancelCheck()
      },
      subject: (reported) => {
        const isKnown = reported !== undefined && reported === subject
        const hasChanged = reported !== undefined && subject !== undefined && reported !== subject
        subject = reported ?? subject
        confirmed = tickets.inUse
        if (hasChanged || (session.isPaused && !isKnown)) endSession()
        else session.resume()
      },
      failed: (error) => reports.report(error),
      refreshed: checkAll,
      callEvent: (frame) => watches.get(frame.call_id)?.sync.receive(frame),
      callHead: ({ now, heads }) => {
        for (const { call_id, epoch, seq } of heads) watches.get(call_id)?.sync.head(epoch, seq, now)
      },
      callsEvent: (frame) => calls?.sync.receive(frame),
    },
  })

  const stopListening = deps.onWake(() => {
    connection.retryNow()
    checkAll()
  })

  function retain(): () => void {
    const releases = [session.retain(), connection.retain()]
    return () => {
      for (const release of releases) release()
    }
  }

  /** First the list, which is one answer and what a person chooses from. */
  function syncs(): (CallListSync | CallSync)[] {
    return [...(calls ? [calls.sync] : []), ...[...watches.values()].map(({ sync }) => sync)]
  }

  function attachAll(): void {
    for (const sync of syncs()) sync.attach(link, limiter)
  }

  function reportError(sync: CallListSync | CallSync): void {
    const { status, error } = connection.getSnapshot()
    if (error && isFeedError(status, error)) sync.disconnected(error)
  }

  /** Another agent: nothing of the one before is shown, resumed or answered any more. */
  function endSession(): void {
    session.end()
    for (const sync of syncs()) sync.reset()
    attachAll()
  }

  function checkLater(): void {
    cancelCheck()
    if (!link) return
    cancelCheck = clock.setTimeout(() => {
      const [any] = watches.values()
      any?.sync.check()
      checkLater()
    }, CHECK_INTERVAL_MS)
  }

  function checkAll(): void {
    for (const { sync } of watches.values()) sync.check()
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
      linkBroken: (broken, error) => connection.drop(broken, error),
      latencyMeasured: (millis) => connection.reportLatency(millis),
    })
    return { sync, listeners, finish, release: retain() }
  }

  function watchOf(callId: string, resume: CallFeed | undefined): Watch<CallFeed, CallSync> {
    const known = watches.get(callId)
    if (known) return known
    const feed = resume && session.has(resume) ? resume : undefined
    const watch = start<CallFeed, CallSync>((events) => new CallSync(callId, time, events, feed))
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
      (events) => new CallListSync(time, { ...events, latencyMeasured: () => {} }),
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

  /** Listens until the signal is aborted, or until what is watched ends. */
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
          signal?.removeEventListener('abort', leave)
          // Not at once: React's strict mode, or a moved component, leaves and comes back in the same breath.
          if (listeners.size === 0) queueMicrotask(() => listeners.size === 0 && dropIfUnused())
          if (error) reject(new WatchError(callId, error))
          else resolve()
        },
      }
      const leave = () => listener.end()
      signal?.addEventListener('abort', leave)
      listeners.add(listener)
      if (sync.feed.sync !== 'connecting' || sync.feed.error) change(session.add(sync.feed))
    })
  }

  const send = createCommandSender({
    base: deps.base,
    tickets,
    clock,
    fetch: deps.fetch,
    onTicketError: (error) => reports.report(error),
    isAgentKnown: () => !session.isPaused,
  })

  return {
    connection: {
      getSnapshot: connection.getSnapshot,
      subscribe: (onChange) => connection.subscribe(reports.guard('A listener of the connection', onChange)),
      retryNow: connection.retryNow,
    },
    session,
    clock,
    command: async (...args) => {
      if (isClosed()) throw notSentError('This client was closed. Make a new one.')
      return send(...args)
    },

    watch: async (callId, { signal, onFeed, resume, fresh = false }) => {
      if (signal?.aborted) return
      if (isClosed()) throw closedError()
      const watch = watchOf(callId, fresh ? undefined : resume)
      if (fresh) watch.sync.resync()
      const drop = () => watches.get(callId) === watch && dropCall(callId)
      await listen(callId, watch, signal, reports.guard('onFeed', onFeed), drop)
    },

    watchCalls: async ({ signal, onCalls }) => {
      if (signal?.aborted) return
      if (isClosed()) throw closedError()
      calls ??= startCalls()
      const watched = calls
      await listen(null, watched, signal, reports.guard('onCalls', onCalls), () => calls === watched && dropCalls())
    },

    disconnect: () => connection.closeWhenUnused(),

    close: () => {
      tickets.endAgent()
      session.end()
      for (const { finish } of watches.values()) finish()
      calls?.finish()
      cancelCheck()
      stopListening()
      connection.close()
    },
  }

  function isClosed(): boolean {
    return connection.getSnapshot().status === 'closed'
  }
}

/** A server that is only away for a moment is no fault of any feed. */
const isFeedError = (status: ConnectionState['status'], { reason }: ConnectionError) =>
  status === 'refused' || reason !== undefined

const isSameAgent = (ticket: TicketInUse | null, known: TicketInUse | null) =>
  ticket !== null &&
  known !== null &&
  (ticket.ticket === known.ticket || (ticket.subject !== null && ticket.subject === known.subject))

const closedError = () =>
  new Error('CallGather: this client was closed, so nothing can be watched with it. Make a new one.')
