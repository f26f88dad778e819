/**
 * The client without React: one connection, a watch for each call that somebody looks at, commands over HTTP. Facts
 * come down through `watch`, commands go up through `command`; nothing is guessed in between.
 */
import { DEFAULT_BASE_PATH, routes, type SocketError } from '@callgather/protocol'
import { serverAddress } from './address.ts'
import { type AgentSession, FeedSession } from './agent-session.ts'
import { CallLog, isDenied } from './call-log.ts'
import { CallsList } from './calls-list.ts'
import { type ConnectionError, ErrorReports, type GatherClientError } from './client-error.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCommands, notSent, type SendCommand } from './commands.ts'
import { Connection, type ConnectionState, type ConnectionStore, type Diagnose } from './connection.ts'
import { diagnosis } from './diagnose.ts'
import type { CallFeed, CallsFeed } from './feed.ts'
import { ServerTime } from './server-time.ts'
import { socketTransport } from './socket-transport.ts'
import { type GetTicket, type TicketInUse, Tickets } from './tickets.ts'
import type { Link, Transport } from './transport.ts'
import { Turns } from './turns.ts'
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
export interface GatherClientPorts {
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
  onReturn: (run: () => void) => () => void
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
  return createClientOn({
    transport: socketTransport({ origin, path: `${path}${routes.socket}` }),
    clock: systemClock,
    fetch: request,
    getTicket,
    onError,
    diagnose: diagnosis(base, request),
    base,
    onReturn: onBrowserReturn,
  })
}

/** Browsers slow the timers of hidden pages to one a minute, and say when the network is back. */
function onBrowserReturn(run: () => void): () => void {
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
const CHECK_MILLIS = 20_000

interface Watch {
  readonly log: CallLog
  readonly listeners: Set<WatchListener>
  readonly release: () => void
}

interface WatchListener {
  change(feed: CallFeed): void
  end(error?: SocketError): void
}

/** Makes a client on given ports. */
export function createClientOn(ports: GatherClientPorts): GatherClient {
  const { transport, clock } = ports
  const reports = new ErrorReports(ports.onError)
  const session = new FeedSession()
  const tickets = new Tickets(ports.getTicket, clock, () => {
    connection.changeAgent()
    endSession()
  })
  /** The last ticket, and the last subject by the server's word, that this session is known to belong to. */
  let confirmed: TicketInUse | null = null
  let subject: string | undefined
  const watches = new Map<string, Watch>()
  let calls: { list: CallsList; listeners: Set<WatchCallsListener>; release: () => void } | null = null
  const time = { clock, serverTime: new ServerTime(clock) }
  let link: Link | null = null
  let turns = new Turns()
  let cancelCheck = () => {}

  const connection = new Connection({
    transport,
    tickets,
    clock,
    diagnose: ports.diagnose,
    listener: {
      link: (next) => {
        link = next
        turns = new Turns()
        if (next) {
          reports.recovered()
          if (isSameAgent(tickets.inUse, confirmed)) session.resume()
          if (!session.isPaused) confirmed = tickets.inUse
        }
        const { status, error } = connection.getSnapshot()
        if (status === 'refused' && error && isDenied(error)) session.end()
        attachAll()
        if (error && concernsFeeds(status, error)) {
          for (const { log } of watches.values()) log.disconnected(error)
          calls?.list.disconnected(error)
        }
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
      callEvent: (frame) => watches.get(frame.call_id)?.log.receive(frame),
      callHead: ({ now, heads }) => {
        for (const { call_id, epoch, seq } of heads) watches.get(call_id)?.log.head(epoch, seq, now)
      },
      callsEvent: (frame) => calls?.list.receive(frame),
    },
  })

  const stopListening = ports.onReturn(() => {
    connection.wake()
    checkAll()
  })

  function retain(): () => void {
    const releases = [session.hold(), connection.retain()]
    return () => {
      for (const release of releases) release()
    }
  }

  function attachAll(): void {
    // First the list, which is one answer and what a person chooses from.
    calls?.list.attach(link)
    for (const { log } of watches.values()) log.attach(link, turns)
  }

  /** Another agent: nothing of the one before is shown, resumed or answered any more. */
  function endSession(): void {
    session.end()
    calls?.list.reset()
    for (const { log } of watches.values()) log.reset()
    attachAll()
  }

  function checkLater(): void {
    cancelCheck()
    if (!link) return
    cancelCheck = clock.setTimeout(() => {
      const [any] = watches.values()
      any?.log.check()
      checkLater()
    }, CHECK_MILLIS)
  }

  function checkAll(): void {
    for (const { log } of watches.values()) log.check()
  }

  function drop(callId: string, watch: Watch): void {
    if (watches.get(callId) !== watch) return
    watches.delete(callId)
    watch.log.stop()
    link?.unwatchCall(callId)
    connection.expectNews(watches.size > 0)
    watch.release()
  }

  function watchOf(callId: string, resume: CallFeed | undefined): Watch {
    const known = watches.get(callId)
    if (known) return known
    const listeners = new Set<WatchListener>()
    const finish = (error?: SocketError) => {
      for (const listener of [...listeners]) listener.end(error)
    }
    const log = new CallLog(
      callId,
      time,
      {
        change: (feed) => {
          session.issue(feed)
          for (const listener of [...listeners]) listener.change(feed)
        },
        ended: () => finish(),
        failed: finish,
        broken: (broken, error) => connection.drop(broken, error),
        measured: (millis) => connection.measured(millis),
      },
      resume && session.issued(resume) ? resume : undefined,
    )
    const watch = { log, listeners, release: retain() }
    watches.set(callId, watch)
    connection.expectNews(true)
    log.attach(link, turns)
    const { status, error } = connection.getSnapshot()
    if (error && concernsFeeds(status, error)) log.disconnected(error)
    return watch
  }

  const send = createCommands({
    base: ports.base,
    tickets,
    clock,
    fetch: ports.fetch,
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
      if (isClosed()) throw notSent('This client was closed. Make a new one.')
      return send(...args)
    },

    watch: (callId, { signal, onFeed, resume, fresh = false }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve()
        if (isClosed()) return reject(closedError())
        const watch = watchOf(callId, fresh ? undefined : resume)
        if (fresh) watch.log.resync()
        const listener: WatchListener = {
          change: reports.guard('onFeed', onFeed),
          end: (error) => {
            watch.listeners.delete(listener)
            signal?.removeEventListener('abort', leave)
            // Not at once: React's strict mode, or a moved component, leaves and comes back in the same breath.
            if (watch.listeners.size === 0) queueMicrotask(() => watch.listeners.size === 0 && drop(callId, watch))
            if (error) reject(new WatchError(callId, error))
            else resolve()
          },
        }
        const leave = () => listener.end()
        signal?.addEventListener('abort', leave)
        watch.listeners.add(listener)
        const { feed } = watch.log
        if (feed.cursor || feed.error) listener.change(session.issue(feed))
      }),

    watchCalls: ({ signal, onCalls }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve()
        if (isClosed()) return reject(closedError())
        calls ??= startCalls()
        const watched = calls
        const listener: WatchCallsListener = {
          change: reports.guard('onCalls', onCalls),
          end: (error) => {
            watched.listeners.delete(listener)
            signal?.removeEventListener('abort', leave)
            queueMicrotask(() => watched.listeners.size === 0 && stopCalls(watched))
            if (error) reject(new WatchError(null, error))
            else resolve()
          },
        }
        const leave = () => listener.end()
        signal?.addEventListener('abort', leave)
        watched.listeners.add(listener)
        const { feed } = watched.list
        if (feed.sync !== 'connecting' || feed.error) listener.change(session.issue(feed))
      }),

    disconnect: () => connection.leave(),

    close: () => {
      tickets.endAgent()
      session.end()
      for (const { listeners } of watches.values()) for (const listener of [...listeners]) listener.end()
      for (const listener of [...(calls?.listeners ?? [])]) listener.end()
      cancelCheck()
      stopListening()
      connection.close()
    },
  }

  function isClosed(): boolean {
    return connection.getSnapshot().status === 'closed'
  }

  function startCalls(): NonNullable<typeof calls> {
    const listeners = new Set<WatchCallsListener>()
    const list = new CallsList(time, {
      change: (feed) => {
        session.issue(feed)
        for (const listener of [...listeners]) listener.change(feed)
      },
      failed: (error) => {
        for (const listener of [...listeners]) listener.end(error)
      },
      broken: (broken, error) => connection.drop(broken, error),
    })
    const started = { list, listeners, release: retain() }
    list.attach(link)
    const { status, error } = connection.getSnapshot()
    if (error && concernsFeeds(status, error)) list.disconnected(error)
    return started
  }

  function stopCalls(stopped: NonNullable<typeof calls>): void {
    if (calls !== stopped) return
    calls = null
    stopped.list.stop()
    link?.unwatchCalls()
    stopped.release()
  }
}

/** A server that is only away for a moment is no fault of any feed. */
const concernsFeeds = (status: ConnectionState['status'], { reason }: ConnectionError) =>
  status === 'refused' || reason !== undefined

const isSameAgent = (ticket: TicketInUse | null, known: TicketInUse | null) =>
  ticket !== null &&
  known !== null &&
  (ticket.ticket === known.ticket || (ticket.subject !== null && ticket.subject === known.subject))

const closedError = () =>
  new Error('CallGather: this client was closed, so nothing can be watched with it. Make a new one.')

interface WatchCallsListener {
  change(feed: CallsFeed): void
  end(error?: SocketError): void
}
