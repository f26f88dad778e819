/**
 * The socket: who may connect, and what they are told. A connection holds no truth: all of it is in the log, and a
 * client that comes back resumes by number, on this node or another. socket.io's connection state recovery is off; it
 * loses events in the commonest failures.
 */
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { type GatherError, gatherError, judgeVersion, versionRefusal } from '@callgather/protocol'
import { Server } from 'socket.io'
import type { Grant } from '../access/tickets.ts'
import type { ReadClientAddress } from '../edge/client-address.ts'
import type { OriginCheck } from '../edge/cors.ts'
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

/** What the relay works with. */
export interface RelayDeps extends Omit<SessionDeps, 'rooms' | 'queueReply'> {
  readonly isAllowedOrigin: OriginCheck
  readonly reportOrigin: ReportOrigin
  readonly addressOf: ReadClientAddress
  readonly metrics: Metrics
}

/** What the relay takes on at most. */
export interface RelayLimits {
  /** Connections in all. Default 10000. */
  readonly maxConnections: number
  /** Connections of one subject. Default 10. */
  readonly maxConnectionsPerSubject: number
  /** Handshakes a second from one address, and at once. Default 50 and 200. Behind a proxy, set `trustProxy`. */
  readonly handshakesPerSecond: number
  readonly handshakeBurst: number
  /** What may wait for one client that does not read. */
  readonly backpressure: BackpressureLimits
  /** How each client must show that it reads. */
  readonly liveness: LivenessLimits
}

const BEACON_INTERVAL_MS = 5_000
/** How long a connection may take to say who it is, in milliseconds. */
const ADMISSION_TIMEOUT_MS = 5_000

/** The socket server, not yet attached. */
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
    const { isAllowedOrigin, reportOrigin, addressOf, metrics, logger, now } = deps
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
      // Not what finds a dead connection: words do that here (liveness.ts), and the browser's client listens for silence.
      // A ping stands behind whatever is on its way, so on a slow line its answer says nothing for as long.
      pingTimeout: 60_000,
      destroyUpgrade: false,
      // CORS does not guard websockets, so the origin is judged here, before there is any session.
      allowRequest: (request, decide) => {
        const { origin } = request.headers
        // A page of an origin that is not configured may not connect; any other client needs its ticket only.
        if (origin === undefined || isAllowedOrigin(origin)) return decide(null, isAdmitted(request))
        reportOrigin(origin, 'socket')
        decide('The origin of this page is not allowed. Add it to the allowed origins of the server.', false)
      },
    })
    const rooms = new Rooms(this.#io, deps.feed, (records) => metrics.relayed.inc(records))
    this.#io.use((socket, next) => {
      this.#admit(socket)
        .then(() => next())
        .catch((error: unknown) => {
          next(connectError(toGatherError(error)))
          // socket.io would leave a refused client connected until its timeout.
          setImmediate(() => socket.conn.close())
          setTimeout(() => terminate(socket.conn), 1_000).unref()
        })
    })
    this.#io.on('connection', (socket) => {
      this.#admitted.add(socket.conn)
      const cut = (limit: string) => {
        metrics.cuts.inc({ limit })
        logger.warn({ limit, address: addressOf(socket.request) }, 'a socket was cut off: its client does not read')
      }
      const { queueReply, isMoving } = guardBackpressure(socket, limits.backpressure, cut)
      guardLiveness(socket.conn, limits.liveness, isMoving, () => {
        cut('silence')
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

  /** Serves the websockets of an HTTP server, below its path; others' are left alone. */
  attach(server: HttpServer): void {
    this.#io.attach(server)
    this.#io.engine.on('connection', (conn: EngineSocket) => {
      // Whoever has not been admitted by then is not waited for, not even for the close of a close.
      setTimeout(() => {
        if (!this.#admitted.has(conn)) terminate(conn)
      }, ADMISSION_TIMEOUT_MS + 500).unref()
    })
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#sessions.size
  }

  /** Tells every client how far its calls reach and how the store is: at intervals, and when the store comes or goes. */
  sendBeacons(): void {
    for (const session of this.#sessions) session.sendBeacon()
  }

  /** Closes every connection whose ticket was revoked. */
  closeRevoked(): void {
    for (const session of [...this.#sessions]) session.closeIfRevoked()
  }

  /** Tells every client to come back elsewhere, and closes. */
  async close(): Promise<void> {
    clearInterval(this.#beaconTimer)
    for (const session of this.#sessions) session.close('unavailable', 'The server is going away. Connect again.')
    this.#io.engine?.close()
  }

  /** The version is judged before anything else is looked at, then the ticket. */
  async #admit(socket: RelaySocket): Promise<void> {
    const { protocol, ticket } = socket.handshake.auth as { protocol?: unknown; ticket?: unknown }
    const mismatch = judgeVersion(protocol)
    if (mismatch) throw versionRefusal(mismatch)
    const grant = await this.#deps.access.authenticate(typeof ticket === 'string' ? ticket : undefined)
    this.#deps.rates.take('connections', grant.subject)
    let own = 0
    for (const { subject } of this.#sessions) if (subject === grant.subject) own += 1
    if (own >= this.#limits.maxConnectionsPerSubject) {
      throw gatherError('tooManyRequests', 'You have too many connections open. Close a tab, and try again.')
    }
    socket.data = { grant }
  }
}

function connectError(error: GatherError): Error & { data: unknown } {
  return Object.assign(new Error(error.message), { data: socketError(error) })
}
