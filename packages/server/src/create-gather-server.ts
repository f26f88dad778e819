/** Puts the parts together. Everything the server is made of is chosen here, and nothing is chosen anywhere else. */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { DEFAULT_BASE_PATH, gatherError, type KnownEventType } from '@callgather/protocol'
import { type Logger, pino } from 'pino'
import Telnyx from 'telnyx'
import { Access, type AccessPolicy } from './access/access.ts'
import { Audit, type AuditSink } from './access/audit.ts'
import type { CommandPolicy } from './access/command-policy.ts'
import { RateLimit } from './access/rate-limit.ts'
import { Revocations, type Revoked } from './access/revocations.ts'
import { deriveKey } from './access/secrets.ts'
import { type TicketRequest, type Tickets, ticketsOf } from './access/tickets.ts'
import { type CallHandle, callHandle } from './call-handle.ts'
import { CallDirectory } from './calls/call-directory.ts'
import { CallLog } from './calls/call-log.ts'
import type { CallStore } from './calls/call-store.ts'
import { Commands } from './calls/commands.ts'
import { Ingest, type SensitiveInput } from './calls/ingest.ts'
import { type Reconciled, type ReconcileOptions, Reconciler } from './calls/reconciler.ts'
import { Retention } from './calls/retention.ts'
import { SessionWindows } from './calls/session-windows.ts'
import { AsideBox, type SetAsideBody } from './calls/set-aside.ts'
import { sqliteStore } from './calls/sqlite-store.ts'
import { StoreHealth } from './calls/store-health.ts'
import { refuseDebugSwitches } from './debug-interlock.ts'
import { type Handler, Handlers } from './handlers.ts'
import { BodyBudget, DEFAULT_BODY_BUDGET } from './http/body.ts'
import { callRoutes } from './http/calls.ts'
import { clientAddressOf, type TrustProxy } from './http/client-address.ts'
import { commandRoute } from './http/commands.ts'
import { corsHeaders, originCheck, parseOrigin, preflight } from './http/cors.ts'
import { asRefusal, type HttpAnswer, type HttpRequest, isBelow, refuse } from './http/message.ts'
import { metricsOf } from './http/metrics.ts'
import { nodeRequest, sendAnswer } from './http/node.ts'
import { openApiRoute } from './http/openapi.ts'
import { operationRoutes } from './http/operations.ts'
import { router } from './http/router.ts'
import { webhookRoute } from './http/webhooks.ts'
import { Relay, type RelayLimits } from './relay/relay.ts'
import { markerCodec } from './telnyx/client-state.ts'
import { commandSender } from './telnyx/commands.ts'
import { type VerifierName, verifierOf } from './telnyx/ed25519.ts'
import { KeyRing, type PublicKeys } from './telnyx/key-ring.ts'
import { telnyxRecords } from './telnyx/records.ts'
import { DEFAULT_TOLERANCE_SECONDS } from './telnyx/signature.ts'
import { readWebhook } from './telnyx/webhook.ts'

/** How a server is made. */
export interface GatherServerOptions {
  readonly telnyx: {
    /** Your Telnyx API key. Or give a ready `client`. */
    readonly apiKey?: string
    /** A client of the official SDK, used as it is. */
    readonly client?: Telnyx
    /**
     * Telnyx's public key, as the portal shows it; several while one replaces another, each with the time in which it
     * counts if that is known: `[{ key: old, notAfter: '2026-11-30T00:00:00Z' }, { key: next }]`. See `setPublicKeys`.
     */
    readonly publicKey: PublicKeys
    /** The connections whose webhooks are yours; others' are set aside. Default: all of the account's. */
    readonly connectionIds?: readonly string[]
    /**
     * What checks signatures. Default: `libsodium`, twice as fast, where the optional package `sodium-native` is
     * installed; else `node:crypto`.
     */
    readonly verifier?: VerifierName
    /** Default: Telnyx's own. For a simulator, `http://127.0.0.1:PORT/v2`. */
    readonly baseUrl?: string
    /** How long one attempt of a command may take, in milliseconds. Default 5000. */
    readonly timeoutMillis?: number
  }
  /** Default `sqliteStore({ path: 'callgather.db' })`. */
  readonly store?: CallStore
  /** Issue and check tickets with this secret of at least 32 bytes. Or give `authenticate`. */
  readonly tickets?: { readonly secret: string }
  /** Who is this? In place of tickets: your own sessions or tokens. */
  readonly authenticate?: AccessPolicy['authenticate']
  /** May they? Asked in addition to what the grant says, at every step. */
  readonly authorize?: AccessPolicy['authorize']
  /** Lets everybody in, with every power over every call. For demos on your own machine; never else. */
  readonly insecure?: boolean
  /** What clients may put into commands, and how much of sensitive input may be shown. */
  readonly policy?: CommandPolicy
  /** Given what callers enter in sensitive gathers; the only way out it has. At most once per gather's end. */
  readonly onSensitive?: (input: SensitiveInput) => void | Promise<void>
  /** Start although a debug switch would print sensitive input. Default false. */
  readonly unsafeDebug?: boolean
  /** Where the audit trail goes, line by line. Default: the logger. `strict` refuses commands while it cannot be written. */
  readonly audit?: { readonly sink: AuditSink; readonly strict?: boolean }
  /** Fetches what Telnyx could not deliver. Default on; `false` for none. */
  readonly reconcile?: ReconcileOptions | false
  /** How long a call is kept after its log last grew, in hours. Default 168, a week; at least 24. */
  readonly retentionHours?: number
  /**
   * How long what was said is kept (transcripts, message histories, whispers, insights), in hours after the last event
   * of a call that is over. Then it is erased from the log, and the rest of the call stays. Default 1; 0 for none;
   * `retentionHours` or more keeps it as long as the call.
   */
  readonly transcriptRetentionHours?: number
  /** What a server takes on at most. */
  readonly limits?: Partial<RelayLimits> & {
    /** Commands a second for one subject, and at once. Default 10 and 20. */
    readonly commandsPerSecond?: number
    readonly commandBurst?: number
  }
  /**
   * A secret of at least 32 bytes from which the server's own keys are made; the same on every node. Default: the
   * ticket secret, else the API key.
   */
  readonly secret?: string
  /** The web origins that may use the server from a browser, such as `https://console.example.com`. Default: none. */
  readonly allowedOrigins?: readonly string[]
  /**
   * The proxies in front of the server, whose `X-Forwarded-For` is believed: how many there are, or their addresses. The
   * limit on new sockets of one address, and the audit trail, go by it. Default 0: the header is not looked at.
   */
  readonly trustProxy?: TrustProxy
  /** Where the server is mounted. Default `/callgather`. */
  readonly basePath?: string
  /** How far Telnyx's clock may be from ours, in seconds. Default 300; 0 is an error. */
  readonly toleranceSeconds?: number
  /** The largest webhook, in bytes. Default 1 MiB. */
  readonly maxWebhookBytes?: number
  /** Bytes of request bodies that may be in memory at one time. Default 64 MiB. */
  readonly maxBodyBytesInFlight?: number
  /** Default: pino, JSON lines on standard error, level `info`. */
  readonly logger?: Logger
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** A server, to be attached or called. */
export interface GatherServer {
  /** Serves everything below the base path on an HTTP server; every other request and upgrade is left as it was. */
  attach(server: HttpServer): void
  /** Serves the sockets alone on an HTTP server. For frameworks that take the requests, by an adapter. */
  attachSocket(server: HttpServer): void
  /** Answers one request of node:http. For frameworks that give you `(req, res)`; mount it before body parsers. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Reads a request of node:http whose path is below the base path. For adapters. */
  read(request: IncomingMessage): HttpRequest
  /** Answers one request, whatever it came by. `path` is below the base path. For adapters. */
  answer(request: HttpRequest): Promise<HttpAnswer>
  /** Where it is mounted. */
  readonly basePath: string
  /** Calls a handler for each event of a type; what is returned takes it away. See `Handler`. */
  on<Type extends KnownEventType>(type: Type, handler: Handler<Type>): () => void
  /** A call, to be commanded from your own code. */
  call(callId: string): CallHandle
  /** Makes a ticket. Fails when the server has no ticket secret. */
  issueTicket(request: TicketRequest): Promise<string>
  /**
   * Ends a ticket, or all that a subject holds, before its time: within a second, on every server of the same store, and
   * for a day, which is the longest that a ticket lasts. Tickets issued to the subject later are good. Rejects with
   * `StoreUnavailable` when the store could not be told: then it holds on this server, and on the others as soon as the
   * store is there again, if this one still is.
   */
  revoke(whom: Revoked): Promise<void>
  /** Replaces Telnyx's public keys on the running server. Throws as the start does, and then the old ones stay. */
  setPublicKeys(publicKey: PublicKeys): void
  /** Looks now for what Telnyx could not deliver. */
  reconcile(): Promise<Reconciled>
  /** What was signed by Telnyx and could not be used, oldest first. */
  listSetAside(limit?: number): Promise<readonly SetAsideBody[]>
  /** Reads again what was set aside, after a fix; how many became part of a log. */
  replaySetAside(): Promise<number>
  /** Erases a call, wherever this server keeps something of it. Whether there was one. */
  forget(callId: string): Promise<boolean>
  /** Finishes what is under way, sends the sockets elsewhere, and lets go of the store. */
  close(): Promise<void>
}

/**
 * Makes a server.
 *
 * @throws when it would not be safe to run: no public key or one that proves nothing, no way to tell who is who.
 */
export function createGatherServer(options: GatherServerOptions): GatherServer {
  const { basePath = DEFAULT_BASE_PATH, toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now = Date.now } = options
  if (!/^(\/[\w.~-]+)*$/.test(basePath)) {
    throw new Error('`basePath` must begin with a slash and not end with one, such as /callgather.')
  }
  if (!(toleranceSeconds >= 1 && toleranceSeconds <= 3600)) {
    throw new Error('`toleranceSeconds` must be between 1 and 3600: without a window, replays would never grow stale.')
  }
  const logger = options.logger ?? pino({ name: 'callgather' }, pino.destination(2))
  let keys = new KeyRing(options.telnyx.publicKey, now())
  const client = telnyxClient(options.telnyx)
  const tickets = options.tickets ? ticketsOf(options.tickets.secret, now) : null
  const isAllowedOrigin = originCheck((options.allowedOrigins ?? []).map(parseOrigin))
  const addressOf = clientAddressOf(options.trustProxy)
  const policy = options.policy ?? {}
  const sensitive = policy.sensitive !== undefined || options.onSensitive !== undefined
  if (sensitive && !options.unsafeDebug) refuseDebugSwitches(process.env)
  const secret = options.secret ?? options.tickets?.secret ?? client.apiKey
  if (!secret) throw new Error('The server needs a secret to make its keys of: set `secret`, or `telnyx.apiKey`.')
  const markers = markerCodec(deriveKey(secret, 'marker'))
  const audit = new Audit({
    sink: options.audit?.sink ?? ((line) => logger.info({ audit: line }, 'audit')),
    strict: options.audit?.strict ?? false,
    now,
    lost: (error) => logger.error({ err: error }, 'a line of the audit trail was lost'),
  })

  const store = options.store ?? sqliteStore({ path: 'callgather.db' })
  const revocations = new Revocations({ store, logger, now })
  const access = new Access(accessPolicy(options, tickets), revocations, now)
  const handlers = new Handlers(logger)
  const windows = new SessionWindows()
  const log = new CallLog(store, { appended: (records, state) => handlers.tell(records, state) })
  log.listenAll({ grown: ({ callId, records }) => windows.observe(callId, records, now()) })
  const ingest = new Ingest({
    log,
    store,
    markers,
    digestKey: deriveKey(secret, 'digest'),
    now,
    logger,
    windows,
    closed: sensitive,
    connectionIds: options.telnyx.connectionIds ? new Set(options.telnyx.connectionIds) : undefined,
    onSensitive: options.onSensitive,
  })
  const timeoutMillis = options.telnyx.timeoutMillis ?? 5_000
  const sender = commandSender(client, { timeoutMillis, now })
  const records = telnyxRecords(client, { timeoutMillis })
  const reconciler = new Reconciler(
    { log, store, ingest, records, now, logger, counted: (source) => metrics.reconciled(source) },
    options.reconcile || {},
  )
  const directory = new CallDirectory({ log, store, access }, { now })
  const aside = new AsideBox(store, deriveKey(secret, 'set-aside'), { now, sensitive })
  const health = new StoreHealth({ store, logger })
  const metrics = metricsOf({
    publicKeys: () => keys.at(now()).length,
    sockets: () => relay.size,
    calls: () => log.size,
    breakerOpen: () => sender.isOpen(),
    storeUp: () => health.isUp,
  })
  const { commandsPerSecond = 10, commandBurst = 20, ...relayLimits } = options.limits ?? {}
  const commands = new Commands({
    log,
    sender,
    markers,
    commandKey: deriveKey(secret, 'command-id'),
    policy,
    limit: new RateLimit({ perSecond: commandsPerSecond, burst: commandBurst, now }),
    audit,
    now,
    logger,
    ended: (callId) => {
      if (options.reconcile !== false) void reconciler.check(callId)
    },
    counted: (command, outcome, millis) => metrics.command(command, outcome, millis / 1000),
  })
  const relay: Relay = new Relay(
    { access, log, directory, health, logger, now, isAllowedOrigin, addressOf, metrics },
    `${basePath}/socket.io`,
    relayLimits,
  )
  const budget = new BodyBudget(options.maxBodyBytesInFlight ?? DEFAULT_BODY_BUDGET)
  const retention = new Retention(
    { store, logger, now },
    { hours: options.retentionHours, transcriptHours: options.transcriptRetentionHours },
  )
  revocations.start(() => relay.dropRevoked())
  health.start(() => relay.tellHealth())
  if (options.reconcile !== false) reconciler.start()
  retention.start()

  let leaving = false
  const forget = async (callId: string, subject: string): Promise<boolean> => {
    const known = await store.forget(callId)
    await aside.forget(callId)
    if (known) await audit.write({ what: 'forgotten', callId, subject })
    return known
  }

  const route = router([
    {
      method: 'POST',
      pattern: '/webhooks',
      handler: webhookRoute({
        ingest,
        keys: () => keys,
        toleranceSeconds,
        verify: verifierOf(options.telnyx.verifier),
        maxBodyBytes: options.maxWebhookBytes ?? 1024 * 1024,
        now,
        logger,
        setAside: (reason, body, webhook) => aside.put(reason, body, webhook),
        metrics,
        stored: (up) => {
          if (up) return
          reconciler.outage()
          void health.check()
        },
      }),
    },
    {
      method: 'POST',
      pattern: '/v2/calls/:call_id/actions/:command',
      handler: commandRoute({ access, commands, audit }),
    },
    ...callRoutes({ access, log, store, directory, forget }),
    openApiRoute(basePath),
    ...operationRoutes({
      registry: metrics.registry,
      isLeaving: () => leaving,
      hasKeys: () => keys.at(now()).length > 0,
      ping: () => store.ping(),
    }),
  ])

  /** Requests that are being answered; whoever closes the server waits for them. */
  const underWay = new Set<Promise<HttpAnswer>>()

  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    const flight = preflight(request, isAllowedOrigin)
    if (flight) return flight
    // Not yet answered is not yet acknowledged: Telnyx sends it again, to whoever is here then.
    if (leaving && request.method === 'POST') {
      return refuse(gatherError('unavailable', 'The server is going away. Try again in a moment.'))
    }
    const cors = corsHeaders(request, isAllowedOrigin)
    const routed = route(request)
    underWay.add(routed)
    const given = await routed
      .finally(() => underWay.delete(routed))
      .catch((error: unknown) => {
        const refusal = asRefusal(error)
        if (refusal.status >= 500) logger.error({ err: error, method: request.method }, 'a request failed')
        return refuse(refusal)
      })
    return cors ? { ...given, headers: { ...given.headers, ...cors } } : given
  }

  const read = (message: IncomingMessage) => nodeRequest(message, { basePath, budget, addressOf })
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    void answer(read(message)).then((given) => sendAnswer(response, given))
  }

  return {
    basePath,
    read,
    answer,
    handle,

    attach(server) {
      const others = server.listeners('request')
      server.removeAllListeners('request')
      server.on('request', (request: IncomingMessage, response: ServerResponse) => {
        if (isBelow(request.url ?? '/', basePath)) handle(request, response)
        else if (others.length > 0) for (const other of others) other.call(server, request, response)
        else sendAnswer(response, { status: 404 })
      })
      relay.attach(server)
    },

    attachSocket: (server) => relay.attach(server),

    on: (type, handler) => handlers.on(type, handler),
    call: (callId) => callHandle(callId, { commands, log }),

    issueTicket(request) {
      if (!tickets) throw new Error('This server has no ticket secret: set `tickets.secret` to issue tickets.')
      return tickets.issue(request)
    },

    async revoke(whom) {
      try {
        await revocations.add(whom)
      } finally {
        await audit.write({ what: 'revoked', ...('subject' in whom ? { subject: whom.subject } : {}) })
      }
    },

    setPublicKeys(publicKey) {
      keys = new KeyRing(publicKey, now())
    },

    reconcile: () => reconciler.run(),
    listSetAside: (limit = 1000) => aside.list(limit),

    async replaySetAside() {
      let replayed = 0
      for (const { id, body } of await aside.list(10_000)) {
        const read = body ? readWebhook(body) : null
        if (!read?.ok) continue
        const outcome = await ingest.accept(read.webhook)
        if (outcome === 'foreign' || outcome === 'conflict') continue
        await aside.drop(id)
        replayed += 1
      }
      return replayed
    },

    forget: (callId) => forget(callId, 'backend'),

    async close() {
      leaving = true
      retention.stop()
      revocations.stop()
      health.stop()
      await relay.close()
      await Promise.allSettled([...underWay])
      await reconciler.stop()
      directory.close()
      log.close()
      await store.close()
    },
  }
}

function telnyxClient({ client, apiKey, baseUrl }: GatherServerOptions['telnyx']): Telnyx {
  if (client) return client
  if (!apiKey)
    throw new Error('A Telnyx API key is required to send commands: set `telnyx.apiKey`, or `telnyx.client`.')
  return new Telnyx({ apiKey, maxRetries: 0, logLevel: 'off', ...(baseUrl === undefined ? {} : { baseURL: baseUrl }) })
}

function accessPolicy(options: GatherServerOptions, tickets: Tickets | null): AccessPolicy {
  const { authenticate, authorize, insecure = false } = options
  if (authenticate) return { authenticate, authorize }
  if (tickets) return { authenticate: (ticket) => tickets.check(ticket), authorize }
  if (insecure) {
    const everything = { subject: 'anyone', calls: '*', scopes: ['view', 'gather', 'assistant'] } as const
    return { authenticate: () => everything, authorize }
  }
  throw new Error(
    'The server does not know who may use it. Set `tickets.secret`, or `authenticate`; or, for a demo on your own ' +
      'machine, `insecure: true`.',
  )
}
