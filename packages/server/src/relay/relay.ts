/**
 * The socket server: admits clients and gives each a session. Connections keep no call data, so a client can resume from
 * its cursor on any server. socket.io's connection state recovery is off, because it loses events when a server restarts.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { checkProtocolVersion, type GatherError, gatherError, versionError } from '@callgather/protocol'
import { Server } from 'socket.io'
import type { Grant } from '../access/tickets.ts'
import type { ReadClientAddress } from '../edge/client-address.ts'
import { isOwnOrigin, type OriginCheck } from '../edge/cors.ts'
import { toGatherError } from '../edge/message.ts'
import type { Metrics } from '../edge/metrics.ts'
import type { ReportOrigin } from '../edge/origins.ts'
import { RateLimit } from '../edge/rate-limit.ts'
import { type BackpressureLimits, guardBackpressure } from './backpressure.ts'
import { type EngineSocket, terminate } from './engine-io.ts'
import { socketError } from './guard.ts'
import { guardLiveness, type LivenessLimits } from './liveness.ts'
import { type RelayServer, type RelaySocket, Rooms } from './rooms.ts'
import { Session, type SessionDeps } from './session.ts'

/** Dependencies of the relay. */
export interface RelayDeps extends Omit<SessionDeps, 'rooms' | 'queueReply'> {
  readonly isAllowedOrigin: OriginCheck
  /** Whether pages of the server's own origin may connect, because the server serves the frame. */
  readonly isOwnOriginAllowed: boolean
  readonly reportOrigin: ReportOrigin
  readonly addressOf: ReadClientAddress
  readonly metrics: Metrics
}

/** Limits on connections and handshakes. */
export interface RelayLimits {
  /** Maximum number of connections to this server. Default 10000. */
  readonly maxConnections: number
  /** Maximum number of connections per subject. Default 10. */
  readonly maxConnectionsPerSubject: number
  /** Rate and burst of handshakes from one address. Default 50 and 200. Behind a proxy, set `trustProxy`. */
  readonly handshakesPerSecond: number
  readonly handshakeBurst: number
  /** How much unread data the server buffers for one client. */
  readonly backpressure: BackpressureLimits
  /** How often the server pings a client, and how soon the client must answer. */
  readonly liveness: LivenessLimits
}

const BEACON_INTERVAL_MS = 5_000
/** How long a new connection may take to authenticate. */
const ADMISSION_TIMEOUT_MS = 5_000

/** The socket server. Call `attach` to serve an HTTP server's websockets. */
export class Relay {
  readonly #io: RelayServer
  readonly #deps: RelayDeps
  readonly #limits: RelayLimits
  readonly #sessions = new Set<Session>()
  readonly #admitted = new WeakSet<EngineSocket>()
  readonly #beaconTimer: NodeJS.Timeout

  constructor(deps: RelayDeps, path: string, limits: RelayLimits) {
    this.#deps = deps
    this.#limits = limits
    const { isAllowedOrigin, isOwnOriginAllowed, reportOrigin, addressOf, metrics, logger, now } = deps
    const { handshakesPerSecond: perSecond, handshakeBurst: burst, maxConnections } = limits
    const handshakes = new RateLimit({ perSecond, burst, now })
    const isAdmitted = (request: IncomingMessage) =>
      (this.#io.engine?.clientsCount ?? 0) < maxConnections && handshakes.take(addressOf(request) ?? '') === 0
    this.#io = new Server({
      path,
      // Polling would need sticky sessions behind a load balancer, and brings cross-site requests with it.
      transports: ['websocket'],
      serveClient: false,
      allowEIO3: false,
      perMessageDeflate: false,
      httpCompression: false,
      maxHttpBufferSize: 64 * 1024,
      connectTimeout: ADMISSION_TIMEOUT_MS,
      pingInterval: 10_000,
      // The timeout is long, because a ping queues behind other data on a slow connection. liveness.ts reacts sooner.
      pingTimeout: 60_000,
      destroyUpgrade: false,
      // CORS does not apply to websockets, so the origin is checked here, before a session exists.
      allowRequest: (request, decide) => {
        const { origin, host } = request.headers
        // Only browsers send an origin. Other clients need only a ticket.
        const isAllowed =
          origin === undefined || isAllowedOrigin(origin) || (isOwnOriginAllowed && isOwnOrigin(origin, host))
        if (isAllowed) return decide(null, isAdmitted(request))
        reportOrigin(origin, 'socket')
        decide('The origin of this page is not allowed. Add it to the `allowedOrigins` of the server.', false)
      },
    })
    const rooms = new Rooms(this.#io, deps.feed, (records) => metrics.relayed.inc(records))
    this.#io.use((socket, next) => {
      this.#admit(socket)
        .then(() => next())
        .catch((error: unknown) => {
          next(connectError(toGatherError(error)))
          // socket.io would keep a refused client connected until its timeout.
          setImmediate(() => socket.conn.close())
          setTimeout(() => terminate(socket.conn), 1_000).unref()
        })
    })
    this.#io.on('connection', (socket) => {
      this.#admitted.add(socket.conn)
      writeAtOnce(socket.conn)
      const reportDisconnect = (limit: string) => {
        metrics.cuts.inc({ limit })
        logger.warn(
          { limit, address: addressOf(socket.request) },
          'disconnected a client that does not read its socket',
        )
      }
      const { queueReply, isReading } = guardBackpressure(socket, limits.backpressure, reportDisconnect)
      guardLiveness(socket.conn, limits.liveness, isReading, () => {
        reportDisconnect('silence')
        terminate(socket.conn)
      })
      const { grant } = socket.data as { grant: Grant }
      const session = new Session(socket, grant, { ...deps, rooms, queueReply })
      this.#sessions.add(session)
      session.closeIfRevoked()
      session.sendBeacon()
      socket.on('disconnect', () => this.#sessions.delete(session))
    })
    this.#beaconTimer = setInterval(() => this.sendBeacons(), BEACON_INTERVAL_MS)
    this.#beaconTimer.unref()
  }

  /** Serves the websockets of an HTTP server below the relay's path, and ignores websockets on other paths. */
  attach(server: HttpServer): void {
    this.#io.attach(server)
    this.#io.engine.on('connection', (conn: EngineSocket) => {
      // A client that is still not admitted is destroyed without waiting for a close handshake.
      setTimeout(() => {
        if (!this.#admitted.has(conn)) terminate(conn)
      }, ADMISSION_TIMEOUT_MS + 500).unref()
    })
  }

  /** The number of connected clients. */
  get size(): number {
    return this.#sessions.size
  }

  /** Sends every client its calls' cursors and the store's health, at intervals and when the health changes. */
  sendBeacons(): void {
    for (const session of this.#sessions) session.sendBeacon()
  }

  /** Closes every connection whose ticket was revoked. */
  closeRevoked(): void {
    for (const session of [...this.#sessions]) session.closeIfRevoked()
  }

  /** Asks every client to reconnect to another server, then closes the socket server. */
  async close(): Promise<void> {
    clearInterval(this.#beaconTimer)
    for (const session of this.#sessions) session.close('unavailable', 'The server is shutting down. Reconnect.')
    this.#io.engine?.close()
  }

  /** Admits a new socket: checks the protocol version, then the ticket, then the connection limits. */
  async #admit(socket: RelaySocket): Promise<void> {
    const { protocol, ticket } = socket.handshake.auth as { protocol?: unknown; ticket?: unknown }
    const mismatch = checkProtocolVersion(protocol)
    if (mismatch) throw versionError(mismatch)
    const grant = await this.#deps.access.authenticate(typeof ticket === 'string' ? ticket : undefined)
    this.#deps.rates.take('connections', grant.subject)
    let count = 0
    for (const { subject } of this.#sessions) if (subject === grant.subject) count += 1
    if (count >= this.#limits.maxConnectionsPerSubject) {
      throw gatherError('tooManyRequests', 'You have too many connections open. Close a tab, then try again.')
    }
    socket.data = { grant }
  }
}

/** Writes the packets of a flush with one system call. The engine would use one for each. */
function writeAtOnce(conn: EngineSocket): void {
  const { socket } = conn.request
  conn.on('flush', () => socket.cork())
  // The engine drains right after it has passed on the packets. Later, they would wait for the fold of the call and for
  // the answers to Telnyx.
  conn.on('drain', () => socket.uncork())
}

function connectError(error: GatherError): Error & { data: unknown } {
  return Object.assign(new Error(error.message), { data: socketError(error) })
}
