/** Puts the parts together. Everything the server is made of is chosen here, and nothing is chosen anywhere else. */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import { DEFAULT_BASE_PATH, type KnownEventType } from '@callgather/protocol'
import { type Logger, pino } from 'pino'
import Telnyx from 'telnyx'
import { Access, type AccessPolicy } from './access/access.ts'
import { deriveKey } from './access/secrets.ts'
import { type TicketRequest, type Tickets, ticketsOf } from './access/tickets.ts'
import { type CallHandle, callHandle } from './call-handle.ts'
import { CallDirectory } from './calls/call-directory.ts'
import { CallLog } from './calls/call-log.ts'
import type { CallStore } from './calls/call-store.ts'
import { Commands } from './calls/commands.ts'
import { Ingest } from './calls/ingest.ts'
import { AsideBox } from './calls/set-aside.ts'
import { sqliteStore } from './calls/sqlite-store.ts'
import { type Handler, Handlers } from './handlers.ts'
import { BodyBudget, DEFAULT_BODY_BUDGET } from './http/body.ts'
import { callRoutes } from './http/calls.ts'
import { commandRoute } from './http/commands.ts'
import { corsHeaders, originCheck, parseOrigin, preflight } from './http/cors.ts'
import { asRefusal, type HttpAnswer, type HttpRequest, isBelow, refuse } from './http/message.ts'
import { nodeRequest, sendAnswer } from './http/node.ts'
import { router } from './http/router.ts'
import { webhookRoute } from './http/webhooks.ts'
import { Relay } from './relay/relay.ts'
import { markerCodec } from './telnyx/client-state.ts'
import { commandSender } from './telnyx/commands.ts'
import { type VerifierName, verifierOf } from './telnyx/ed25519.ts'
import { readPublicKey } from './telnyx/public-key.ts'
import { DEFAULT_TOLERANCE_SECONDS } from './telnyx/signature.ts'

/** How a server is made. */
export interface GatherServerOptions {
  readonly telnyx: {
    /** Your Telnyx API key. Or give a ready `client`. */
    readonly apiKey?: string
    /** A client of the official SDK, used as it is. */
    readonly client?: Telnyx
    /** Telnyx's public key, as the portal shows it; several while one replaces another. */
    readonly publicKey: string | readonly string[]
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
  /** The web origins that may use the server from a browser, such as `https://console.example.com`. Default: none. */
  readonly allowedOrigins?: readonly string[]
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
  /** Ends a ticket, or all that a subject holds, before its time. Takes effect within a second. */
  revoke(whom: { readonly ticketId: string } | { readonly subject: string }): Promise<void>
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
  const keys = readKeys(options.telnyx.publicKey)
  const client = telnyxClient(options.telnyx)
  const tickets = options.tickets ? ticketsOf(options.tickets.secret, now) : null
  const access = new Access(accessPolicy(options, tickets), now)
  const isAllowedOrigin = originCheck((options.allowedOrigins ?? []).map(parseOrigin))
  const secret = options.tickets?.secret ?? client.apiKey ?? ''
  const markers = markerCodec(deriveKey(secret, 'marker'))

  const store = options.store ?? sqliteStore({ path: 'callgather.db' })
  const handlers = new Handlers(logger)
  const log = new CallLog(store, { appended: (records, state) => handlers.tell(records, state) })
  const ingest = new Ingest({ log, markers, digestKey: deriveKey(secret, 'digest') })
  const sender = commandSender(client, { timeoutMillis: options.telnyx.timeoutMillis ?? 5_000 })
  const commands = new Commands({ log, sender, markers, commandKey: deriveKey(secret, 'command-id'), now, logger })
  const directory = new CallDirectory({ log, store, access }, { now })
  const aside = new AsideBox(store, deriveKey(secret, 'set-aside'), now)
  const relay = new Relay({ access, log, directory, logger, now, isAllowedOrigin }, `${basePath}/socket.io`)
  const budget = new BodyBudget(options.maxBodyBytesInFlight ?? DEFAULT_BODY_BUDGET)

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
        setAside: (reason, body) => aside.put(reason, body),
      }),
    },
    { method: 'POST', pattern: '/v2/calls/:call_id/actions/:command', handler: commandRoute({ access, commands }) },
    ...callRoutes({ access, log, store, directory }),
  ])

  const answer = async (request: HttpRequest): Promise<HttpAnswer> => {
    const flight = preflight(request, isAllowedOrigin)
    if (flight) return flight
    const cors = corsHeaders(request, isAllowedOrigin)
    const given = await route(request).catch((error: unknown) => {
      const refusal = asRefusal(error)
      if (refusal.status >= 500) logger.error({ err: error, method: request.method }, 'a request failed')
      return refuse(refusal)
    })
    return cors ? { ...given, headers: { ...given.headers, ...cors } } : given
  }

  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    const request = nodeRequest(message, basePath, budget)
    void answer(request).then((given) => sendAnswer(response, given))
  }

  return {
    basePath,
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
      access.revoke(whom)
      await relay.review()
    },

    forget: (callId) => store.forget(callId),

    async close() {
      await relay.close()
      directory.close()
      log.close()
      await store.close()
    },
  }
}

function readKeys(publicKey: string | readonly string[]) {
  const texts = (typeof publicKey === 'string' ? [publicKey] : publicKey).filter((text) => text !== '')
  if (texts.length === 0) {
    throw new Error(
      'A Telnyx public key is required: without it nobody can tell a webhook from a forgery. Copy it from the portal, ' +
        'under Keys & Credentials, Public Key.',
    )
  }
  return texts.map(readPublicKey)
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
