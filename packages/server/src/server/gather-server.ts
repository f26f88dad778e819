/** The options and the result of `createGatherServer`. */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { KnownEventType } from '@callgather/protocol'
import type { AccessPolicy } from '../access/access.ts'
import type { AuditSink } from '../access/audit.ts'
import type { CommandPolicy } from '../access/command-policy.ts'
import type { RevocationTarget } from '../access/revocations.ts'
import type { TicketRequest } from '../access/tickets.ts'
import type { Logger } from '../base/logger.ts'
import type { CallHandle } from '../commands/call-handle.ts'
import type { TrustProxy } from '../edge/client-address.ts'
import type { HttpResponse, IncomingRequest } from '../edge/message.ts'
import type { SensitiveInput } from '../ingest/ingest.ts'
import type { CallStore } from '../store/call-store.ts'
import type { TelnyxClient } from '../telnyx/client.ts'
import type { PublicKeys } from '../telnyx/key-ring.ts'
import type { ReconcileOptions, ReconcileReport } from '../upkeep/reconciler.ts'
import type { Handler, HandlerOptions } from './handlers.ts'
import type { DeepPartial, ServerLimits } from './settings.ts'

/** How a server is made. */
export interface GatherServerOptions {
  readonly telnyx: {
    /** Your Telnyx API key. Or give a ready `client`. */
    readonly apiKey?: string | undefined
    /** A client of the official SDK, used as it is. */
    readonly client?: TelnyxClient | undefined
    /**
     * Telnyx's public key, as the portal shows it; several while one replaces another, each with the time in which it
     * counts if that is known: `[{ key: old, notAfter: '2026-11-30T00:00:00Z' }, { key: next }]`. See `setPublicKeys`.
     * Required: `undefined`, as from an unset environment variable, is an error at start.
     */
    readonly publicKey: PublicKeys | undefined
    /** The connections whose webhooks are yours; others' are counted and dropped. Default: all of the account's. */
    readonly connectionIds?: readonly string[] | undefined
    /** Default: Telnyx's own. For a simulator, `http://127.0.0.1:PORT/v2`. */
    readonly baseUrl?: string | undefined
    /** How long one attempt of a command may take, in milliseconds. Default 5000. */
    readonly timeoutMs?: number | undefined
  }
  /**
   * Keeps the calls. `sqliteStore` of `@callgather/server/sqlite` for one server, `redisStore` of
   * `@callgather/server/redis` for several, `memoryStore` of `@callgather/server/memory` for tests.
   */
  readonly store: CallStore
  /**
   * Issue and check tickets with this secret of at least 32 bytes. Or give `authenticate`. A secret that is `undefined`,
   * as from an unset environment variable, is an error at start. `audience`: the `aud` of tickets, where one secret
   * serves several systems.
   */
  readonly tickets?: { readonly secret: string | undefined; readonly audience?: string | undefined } | undefined
  /** Who is this? In place of tickets: your own sessions or tokens. */
  readonly authenticate?: AccessPolicy['authenticate'] | undefined
  /** May they? Asked in addition to what the grant says, at every step. */
  readonly authorize?: AccessPolicy['authorize'] | undefined
  /** Grants every client every scope on every call. Use it only for demos on your own machine. */
  readonly insecure?: boolean | undefined
  /** What clients may put into commands, and how much of sensitive input may be shown. */
  readonly policy?: CommandPolicy | undefined
  /**
   * Receives what callers enter in masked gathers; the only way out it has. It is called before the end of the gather is
   * stored and its webhook answered 200, at least once for each end: recognise repetitions by `eventId`. It has 1.5 s,
   * or `callbackDeadlineMs` if that is less. When it fails, the event is stored with `delivered: false`, agents see
   * "value not delivered", and it is not called again: the value is lost to this server.
   */
  readonly onSensitive?: ((input: SensitiveInput) => void | Promise<void>) | undefined
  /** Start although a debug switch would print sensitive input. Default false. */
  readonly unsafeDebug?: boolean | undefined
  /** Where the audit trail goes, line by line. Default: the logger. `strict` refuses commands while it cannot be written. */
  readonly audit?: { readonly sink: AuditSink; readonly strict?: boolean | undefined } | undefined
  /** Fetches what Telnyx could not deliver. Default on; `false` for none. */
  readonly reconcile?: ReconcileOptions | false | undefined
  /** How long a call is kept after its log last grew, in hours. Default 168, a week; at least 24. */
  readonly retentionHours?: number | undefined
  /**
   * How long what was said is kept (transcripts, message histories, whispers, insights), in hours after the last event
   * of a call that is over. Then it is erased from the log, and the rest of the call stays. Default 1; 0 for none;
   * `retentionHours` or more keeps it as long as the call.
   */
  readonly transcriptRetentionHours?: number | undefined
  /** What a server takes on at most. Each limit has a default, and its documentation names it. */
  readonly limits?: DeepPartial<ServerLimits> | undefined
  /**
   * How long `authenticate`, `authorize`, `onSensitive` and the audit sink may take, in milliseconds. Default 3000; for
   * `onSensitive` 1500 at most. Later than this they have failed, and requests that depend on them are answered 503.
   */
  readonly callbackDeadlineMs?: number | undefined
  /**
   * A secret of at least 32 bytes from which the server's own keys are made; the same on every node. Default: the
   * ticket secret, else the API key.
   */
  readonly secret?: string | undefined
  /** The web origins that may use the server from a browser, such as `https://console.example.com`. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * The proxies in front of the server, whose `X-Forwarded-For` is believed: how many there are, or their addresses. The
   * limit on new sockets of one address, and the audit trail, go by it. Default 0: the header is not looked at.
   */
  readonly trustProxy?: TrustProxy | undefined
  /** Where the server is mounted. Default `/callgather`. */
  readonly basePath?: string | undefined
  /** How far Telnyx's clock may be from ours, in seconds. Default 300; 0 is an error. */
  readonly toleranceSeconds?: number | undefined
  /** The largest webhook, in bytes. Default 1 MiB. */
  readonly maxWebhookBytes?: number | undefined
  /** Bytes of request bodies that may be in memory at one time. Default 64 MiB. */
  readonly maxBodyBytesInFlight?: number | undefined
  /** Receives the log, such as a pino logger. Default: JSON lines on standard error, level `info`. */
  readonly logger?: Logger | undefined
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
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
  read(request: IncomingMessage): IncomingRequest
  /** Answers one request, whatever it came by. `path` is below the base path. For adapters. */
  answer(request: IncomingRequest): Promise<HttpResponse>
  /** Where it is mounted. */
  readonly basePath: string
  /**
   * Calls a handler for each event of a type; the returned function removes it. Events that were fetched, and happened
   * before this server started, are left out unless `replayed` is true; `delivery.isReplayed` distinguishes them.
   */
  on<Type extends KnownEventType>(type: Type, handler: Handler<Type>, options?: HandlerOptions): () => void
  /** A call, to be commanded from your own code. */
  call(callId: string): CallHandle
  /** Makes a ticket. Fails when the server has no ticket secret. */
  issueTicket(request: TicketRequest): Promise<string>
  /**
   * Ends a ticket, or all that a subject holds, before its time: within a second, on every server of the same store, and
   * for a day, which is the longest that a ticket lasts. Tickets issued to the subject later are good. Rejects with
   * `StoreUnavailableError` when the store is unavailable: then it holds on this server, and on the others as soon as the
   * store is there again, if this one still is.
   */
  revoke(whom: RevocationTarget): Promise<void>
  /** Replaces Telnyx's public keys on the running server. Throws as the start does, and then the old ones stay. */
  setPublicKeys(publicKey: PublicKeys): void
  /**
   * Looks now for what Telnyx could not deliver, or what this server could not use before a fix: since a moment in
   * milliseconds, as far back as Telnyx's log of calls goes (a day). Default: since the last run.
   */
  reconcile(options?: { readonly since?: number | undefined }): Promise<ReconcileReport>
  /** Erases a call, wherever this server keeps something of it. Whether there was one. */
  forget(callId: string): Promise<boolean>
  /**
   * Announces that the server will close: `/readyz` answers 503 `leaving` from now on, and everything else is served as
   * before. Call it some seconds before `close`, so that load balancers send new requests elsewhere first.
   */
  leave(): void
  /** Finishes requests in flight, disconnects the sockets so that they reconnect elsewhere, and closes the store. */
  close(): Promise<void>
}
