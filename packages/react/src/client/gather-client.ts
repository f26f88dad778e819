/**
 * The client without React: one connection, a watch for each call that somebody looks at, commands over HTTP. Facts
 * come down through `watch`, commands go up through `command`; nothing is guessed in between.
 */
import { DEFAULT_BASE_PATH, routes, type SocketError } from '@callgather/protocol'
import { CallLog } from './call-log.ts'
import { CallsList } from './calls-list.ts'
import { type Clock, systemClock } from './clock.ts'
import { createCommands, type SendCommand } from './commands.ts'
import { Connection, type ConnectionStore } from './connection.ts'
import type { CallFeed, CallsFeed } from './feed.ts'
import { ServerTime } from './server-time.ts'
import { socketTransport } from './socket-transport.ts'
import { type GetTicket, Tickets } from './tickets.ts'
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
}

/** The parts that tests and simulations replace. */
export interface GatherClientPorts {
  transport: Transport
  clock: Clock
  fetch: typeof fetch
  getTicket: GetTicket
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
  /** Ends everything. A closed client stays closed. */
  close(): void
}

/** Makes a client of a CallGather server. Connects when something is watched, and not before. */
export function createGatherClient({
  url,
  getTicket,
  basePath = DEFAULT_BASE_PATH,
}: GatherClientOptions): GatherClient {
  if (url === undefined) {
    throw new Error(
      '`createGatherClient({ url })` is required, but is undefined. If it comes from an environment variable, set that one.',
    )
  }
  const origin = url.replace(/\/+$/, '')
  const base = `${origin}${basePath === '/' ? '' : basePath}`
  return createClientOn({
    transport: socketTransport({ origin, path: `${basePath === '/' ? '' : basePath}${routes.socket}` }),
    clock: systemClock,
    fetch: (...request) => fetch(...request),
    getTicket,
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
  const tickets = new Tickets(ports.getTicket, clock)
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
    listener: {
      link: (next) => {
        link = next
        turns = new Turns()
        // First the list, which is one answer and what a person chooses from.
        calls?.list.attach(next)
        for (const { log } of watches.values()) log.attach(next, turns)
        const { status, error } = connection.getSnapshot()
        if (status === 'refused' && error) {
          for (const { log } of watches.values()) log.refused(error)
          calls?.list.refused(error)
        }
        checkLater()
      },
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
          for (const listener of [...listeners]) listener.change(feed)
        },
        ended: () => finish(),
        failed: finish,
        broken: (broken, error) => connection.drop(broken, error),
        measured: (millis) => connection.measured(millis),
      },
      resume,
    )
    const watch = { log, listeners, release: connection.retain() }
    watches.set(callId, watch)
    connection.expectNews(true)
    log.attach(link, turns)
    const { status, error } = connection.getSnapshot()
    if (status === 'refused') log.refused(error)
    return watch
  }

  return {
    connection,
    clock,
    command: createCommands({ base: ports.base, tickets, clock, fetch: ports.fetch }),

    watch: (callId, { signal, onFeed, resume, fresh = false }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve()
        if (isClosed()) return reject(closedError())
        const watch = watchOf(callId, fresh ? undefined : resume)
        if (fresh) watch.log.resync()
        const listener: WatchListener = {
          change: onFeed,
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
        if (feed.cursor || feed.error) onFeed(feed)
      }),

    watchCalls: ({ signal, onCalls }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return resolve()
        if (isClosed()) return reject(closedError())
        calls ??= startCalls()
        const watched = calls
        const listener: WatchCallsListener = {
          change: onCalls,
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
        if (feed.sync !== 'connecting' || feed.error) onCalls(feed)
      }),

    close: () => {
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
        for (const listener of [...listeners]) listener.change(feed)
      },
      failed: (error) => {
        for (const listener of [...listeners]) listener.end(error)
      },
      broken: (broken, error) => connection.drop(broken, error),
    })
    const started = { list, listeners, release: connection.retain() }
    list.attach(link)
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

const closedError = () =>
  new Error('CallGather: this client was closed, so nothing can be watched with it. Make a new one.')

interface WatchCallsListener {
  change(feed: CallsFeed): void
  end(error?: SocketError): void
}
