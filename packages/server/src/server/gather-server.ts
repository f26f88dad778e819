/** The options of `createGatherServer`, and the server that it returns. */
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
import type { EmbedFiles } from '../http/embed.ts'
import type { SensitiveInput } from '../ingest/ingest.ts'
import type { RecordOptions } from '../records/options.ts'
import type { CallStore } from '../store/call-store.ts'
import type { TelnyxClient } from '../telnyx/client.ts'
import type { PublicKeys } from '../telnyx/key-ring.ts'
import type { ReconcileOptions, ReconcileReport } from '../upkeep/reconciler.ts'
import type { Handler, HandlerOptions } from './handlers.ts'
import type { DeepPartial, ServerLimits } from './settings.ts'

/** The options of `createGatherServer`. */
export interface GatherServerOptions {
  readonly telnyx: {
    /** Your Telnyx API key, which sends the commands. Not needed with `client`. */
    readonly apiKey?: string | undefined
    /** An instance of the official Telnyx SDK's client. The server sends commands with it instead of `apiKey`. */
    readonly client?: TelnyxClient | undefined
    /**
     * Telnyx's public key, as the portal shows it. During a key rotation, pass several with their validity:
     * `[{ key: old, notAfter: '2026-11-30T00:00:00Z' }, { key: next }]`. See `setPublicKeys`.
     * Required: `undefined`, such as an unset environment variable, is an error at start.
     */
    readonly publicKey: PublicKeys | undefined
    /** Ids of your connections. Webhooks of other connections are counted and dropped. Default: accept all connections. */
    readonly connectionIds?: readonly string[] | undefined
    /** The URL of the Telnyx API. Default `https://api.telnyx.com/v2`. For a simulator, `http://127.0.0.1:PORT/v2`. */
    readonly baseUrl?: string | undefined
    /** Timeout of one command attempt, in milliseconds. Default 5000. */
    readonly timeoutMs?: number | undefined
  }
  /**
   * Stores the calls. `sqliteStore` of `@callgather/server/sqlite` for one server, `redisStore` of
   * `@callgather/server/redis` for several, `memoryStore` of `@callgather/server/memory` for tests.
   */
  readonly store: CallStore
  /**
   * `secret` signs and verifies tickets and has at least 32 bytes. `undefined`, such as an unset environment variable, is
   * an error at start. `audience` is the `aud` of tickets: set it when several systems share the secret.
   * Use `authenticate` instead for your own sessions or tokens.
   */
  readonly tickets?: { readonly secret: string | undefined; readonly audience?: string | undefined } | undefined
  /** Resolves a credential to a grant. Replaces tickets with your own sessions or tokens. */
  readonly authenticate?: AccessPolicy['authenticate'] | undefined
  /** Authorises each request and subscription, in addition to the grant. */
  readonly authorize?: AccessPolicy['authorize'] | undefined
  /** Grants every client every scope on every call. Use it only for demos on your own machine. */
  readonly insecure?: boolean | undefined
  /** Restricts the command fields that clients may set, and sets the mask of sensitive input. */
  readonly policy?: CommandPolicy | undefined
  /**
   * Receives the clear input of masked gathers, which no other output has. The server calls it before it stores the end of
   * the gather and answers the webhook with 200. Calls can repeat: deduplicate by `eventId`. The deadline is 1.5 s, or
   * `callbackDeadlineMs` if lower. When it fails, the event has `delivered: false`, agents see "Value not delivered", and
   * the server neither keeps the value nor calls again. It is not called for an erased call.
   */
  readonly onSensitive?: ((input: SensitiveInput) => void | Promise<void>) | undefined
  /** Starts the server even if a debug switch can print sensitive input. Default false. */
  readonly unsafeDebug?: boolean | undefined
  /** Receives each audit entry. Default: the logger. With `strict`, the server refuses commands while the sink fails. */
  readonly audit?: { readonly sink: AuditSink; readonly strict?: boolean | undefined } | undefined
  /** Reconciliation, which fetches events that Telnyx could not deliver. Default on; `false` turns it off. */
  readonly reconcile?: ReconcileOptions | false | undefined
  /** How long a call is kept after its last event, in hours. Default 168 (a week), minimum 24. */
  readonly retentionHours?: number | undefined
  /**
   * How long speech is kept (transcripts, message histories, whispers, insights), in hours after the last event of an
   * ended call. Then it is erased, and the rest of the call stays. Default 1. 0 erases it when the call ends;
   * `retentionHours` or more keeps it as long as the call.
   */
  readonly transcriptRetentionHours?: number | undefined
  /**
   * Delivers one record of each finished call to your URL, signed, at least once. Default off. Speech that a record needs
   * is kept until the record is delivered or given up, for a day at most.
   */
  readonly records?: RecordOptions | undefined
  /** Rate and resource limits. See `ServerLimits` for each default. */
  readonly limits?: DeepPartial<ServerLimits> | undefined
  /**
   * Deadline of `authenticate`, `authorize`, `onSensitive` and the audit sink, in milliseconds. Default 3000;
   * `onSensitive` never has more than 1500. A late callback has failed, and requests that need its result get 503.
   */
  readonly callbackDeadlineMs?: number | undefined
  /**
   * The server derives its internal keys from this secret of at least 32 bytes. Use the same one on every server.
   * Default: the ticket secret, or else the API key.
   */
  readonly secret?: string | undefined
  /**
   * Web origins that may use the server from a browser and frame its `/embed` page, such as
   * `https://console.example.com`. There is no wildcard. Default: none.
   */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * The files of the iframe: `embedFiles` of `@callgather/embed/files`. The server serves them at `/embed`, and accepts
   * sockets of its own origin, which the iframe opens. Default: `/embed` answers 404.
   */
  readonly embed?: EmbedFiles | undefined
  /**
   * The proxies in front of the server whose `X-Forwarded-For` it trusts, as a count or as addresses. The connection limit
   * of an address and the audit trail use the result. Default 0: the server ignores the header.
   */
  readonly trustProxy?: TrustProxy | undefined
  /** The path that the server is mounted at. Default `/callgather`. */
  readonly basePath?: string | undefined
  /** Maximum difference between a webhook's timestamp and the clock, in seconds. Default 300; 0 is an error. */
  readonly toleranceSeconds?: number | undefined
  /** Maximum size of a webhook, in bytes. Default 1 MiB. */
  readonly maxWebhookBytes?: number | undefined
  /** Maximum memory of all pending request bodies, in bytes. Default 64 MiB. */
  readonly maxBodyBytesInFlight?: number | undefined
  /** Receives the log, such as a pino logger. Default: JSON lines on standard error, level `info`. */
  readonly logger?: Logger | undefined
  /** Returns the time in milliseconds. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

/** The server that `createGatherServer` returns. Attach it to an HTTP server, or use it through an adapter. */
export interface GatherServer {
  /** Handles requests and sockets below the base path. Your own handlers get every other request and upgrade. */
  attach(server: HttpServer): void
  /** Handles only the sockets of an HTTP server. Use it when an adapter handles the requests. */
  attachSocket(server: HttpServer): void
  /** Handles one `node:http` request. For frameworks with `(req, res)` handlers; mount it before body parsers. */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Converts a `node:http` request for `answer`. Its path must be below the base path. For adapters. */
  read(request: IncomingMessage): IncomingRequest
  /** Handles one request of any framework. Its `path` is relative to the base path. For adapters. */
  answer(request: IncomingRequest): Promise<HttpResponse>
  /** The path that the server is mounted at. */
  readonly basePath: string
  /**
   * Calls a handler for each event of a type, and returns a function that removes the handler. Fetched events from before
   * the start are skipped unless `replayed` is true; `delivery.isReplayed` distinguishes them.
   */
  on<Type extends KnownEventType>(type: Type, handler: Handler<Type>, options?: HandlerOptions): () => void
  /** Returns a handle that sends commands to a call from your own code. */
  call(callId: string): CallHandle
  /** Issues a ticket. Rejects when the server has no ticket secret. */
  issueTicket(request: TicketRequest): Promise<string>
  /**
   * Revokes one ticket, or all current tickets of a subject, within a second on every server of the same store. Tickets
   * issued to the subject later are valid. Rejects with `StoreUnavailableError` when the store is unavailable: the
   * revocation then applies to this server, which publishes it to the others when the store recovers.
   */
  revoke(whom: RevocationTarget): Promise<void>
  /** Replaces Telnyx's public keys on the running server. Throws when a key is invalid, and keeps the old keys. */
  setPublicKeys(publicKey: PublicKeys): void
  /**
   * Fetches events that Telnyx could not deliver, or that this server dropped before a fix. `since` is a time in
   * milliseconds, at most a day ago, because Telnyx's call log goes no further back. Default: since the last run.
   */
  reconcile(options?: { readonly since?: number | undefined }): Promise<ReconcileReport>
  /**
   * Erases all stored data of a call, and drops its events for two days, so that neither a late webhook nor
   * reconciliation brings it back. Returns whether the call existed.
   */
  forget(callId: string): Promise<boolean>
  /**
   * Announces a shutdown: `/readyz` answers 503 `leaving`, and the server handles everything else as before. Call it a few
   * seconds before `close`, so that load balancers move new requests to other servers.
   */
  leave(): void
  /** Finishes requests in flight, disconnects the sockets so that clients reconnect to another server, and closes the store. */
  close(): Promise<void>
}
