/** The settings of a server: the limits with their defaults, and a check of every option that the host has set. */
import { z } from 'zod'
import type { Rates } from '../access/subject-rates.ts'
import {
  callback,
  checkOptions,
  flag,
  numberBetween,
  objectOf,
  objectWith,
  text,
  texts,
  unchecked,
} from '../base/check-options.ts'
import { isBasePath } from '../edge/base-path.ts'
import { recordOptions } from '../records/options.ts'
import type { RelayLimits } from '../relay/relay.ts'

/** Every limit of a server. */
export interface ServerLimits extends RelayLimits {
  /**
   * Commands per second of one subject and their burst, denied ones included. Default 10 and 20. Permitted commands of
   * `trusted` tickets and of `gather.call(id)` are not limited.
   */
  readonly commandsPerSecond: number
  readonly commandBurst: number
  /** Stop commands per second of one subject and their burst, counted apart from other commands. Default 10 and 20. */
  readonly stopsPerSecond: number
  readonly stopBurst: number
  /** Rate limits of one subject for all requests that are not commands. Webhooks are never limited. */
  readonly rates: Rates
}

/** Optional settings at every depth. `undefined` means the default. */
export type DeepPartial<T> = {
  readonly [Key in keyof T]?: (T[Key] extends number ? T[Key] : DeepPartial<T[Key]>) | undefined
}

const above0 = 'must be a finite number above 0'
const numberOr = (fallback: number) => z.number(above0).positive(above0).prefault(fallback)
/** Maximum delay of a Node.js timer. Node.js fires a timer with a longer delay immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1
const timerMs = `must be a number from 1 to ${MAX_TIMER_MS}`
const millisOr = (fallback: number) => z.number(timerMs).min(1, timerMs).max(MAX_TIMER_MS, timerMs).prefault(fallback)
const burstOr = (fallback: number) => z.number(above0).min(1, 'must be at least 1').prefault(fallback)
const rateOr = (perSecond: number, burst: number) =>
  z.strictObject({ perSecond: numberOr(perSecond), burst: burstOr(burst) }).prefault({})

const limitsSchema = z.strictObject({
  maxConnections: numberOr(10_000),
  maxConnectionsPerSubject: numberOr(10),
  handshakesPerSecond: numberOr(50),
  handshakeBurst: burstOr(200),
  backpressure: z
    .strictObject({ maxBytes: numberOr(1024 * 1024), maxMessages: numberOr(500), maxStallMs: millisOr(10_000) })
    .prefault({}),
  // A client that stops reading is disconnected within 10 s.
  liveness: z.strictObject({ pingIntervalMs: millisOr(3_000), pongTimeoutMs: millisOr(6_000) }).prefault({}),
  commandsPerSecond: numberOr(10),
  commandBurst: burstOr(20),
  stopsPerSecond: numberOr(10),
  stopBurst: burstOr(20),
  rates: z
    .strictObject({
      reads: rateOr(50, 200),
      exports: rateOr(0.5, 20),
      erasures: rateOr(5, 50),
      connections: rateOr(10, 100),
      socketRequests: rateOr(100, 1_000),
      denied: rateOr(2, 20),
    })
    .prefault({}),
})

/**
 * The limits with their defaults.
 *
 * @throws when a setting is misspelt or invalid; the message names it.
 */
export function readLimits(given: DeepPartial<ServerLimits> = {}): ServerLimits {
  return checkOptions('limits', limitsSchema, given)
}

const MAX_DEADLINE_MS = 600_000
const MAX_BODY_BYTES = 1024 ** 3
const MAX_RETENTION_HOURS = 24 * 3650
const DAY_MS = 86_400_000
const MIN_SECRET_BYTES = 32

const url = z
  .string('must be a URL')
  .refine((value) => URL.canParse(value) && /^https?:/.test(value), 'must be a URL, such as https://api.telnyx.com/v2')
  .optional()

/** The schema of the server options, with the valid range of each option. */
export const serverOptions = objectOf({
  telnyx: objectOf({
    apiKey: text,
    client: objectWith('a client of the Telnyx SDK', 'post', 'get'),
    publicKey: unchecked,
    connectionIds: texts.refine(
      (ids) => ids?.length !== 0,
      'is empty, so every webhook would be refused. Leave it out, or name yours',
    ),
    baseUrl: url,
    timeoutMs: numberBetween(1, MAX_DEADLINE_MS),
  }),
  store: objectWith('a store, such as `sqliteStore({ path })`', 'append', 'read', 'ping', 'close').nonoptional(
    'is required. Import `sqliteStore` from `@callgather/server/sqlite` for one server, `redisStore` from ' +
      '`@callgather/server/redis` for several, or `memoryStore` from `@callgather/server/memory` for tests, ' +
      'which loses every call when the process ends',
  ),
  tickets: objectOf({ secret: text, audience: text }).optional(),
  authenticate: callback.optional(),
  authorize: callback.optional(),
  insecure: flag,
  policy: objectOf({
    allowFields: texts,
    mediaHosts: texts,
    templates: objectWith('an object'),
    mask: unchecked,
  }).optional(),
  onSensitive: callback.optional(),
  unsafeDebug: flag,
  audit: objectOf({ sink: callback, strict: flag }).optional(),
  reconcile: z.preprocess(
    (value) => (value === false ? undefined : value),
    objectOf({ intervalMs: numberBetween(1, DAY_MS), silentMs: numberBetween(1, DAY_MS) }).optional(),
  ),
  retentionHours: numberBetween(24, MAX_RETENTION_HOURS),
  transcriptRetentionHours: numberBetween(0, MAX_RETENTION_HOURS),
  records: recordOptions.optional(),
  limits: unchecked,
  callbackDeadlineMs: numberBetween(1, MAX_DEADLINE_MS),
  secret: z
    .string('must be text')
    .refine((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES, `must have at least ${MIN_SECRET_BYTES} bytes`)
    .optional(),
  allowedOrigins: texts,
  embed: objectWith('the files of the iframe: `embedFiles` of `@callgather/embed/files`'),
  trustProxy: unchecked,
  basePath: z
    .string('must be text')
    .refine(isBasePath, 'must begin with a slash, not end with one, and have no `.` or `..`, such as /callgather')
    .optional(),
  toleranceSeconds: numberBetween(1, 3600),
  maxWebhookBytes: numberBetween(1, MAX_BODY_BYTES),
  maxBodyBytesInFlight: numberBetween(1, MAX_BODY_BYTES),
  logger: objectWith('a logger such as pino', 'error', 'warn', 'info', 'debug'),
  now: callback.optional(),
})

/**
 * Checks the options of a server.
 *
 * @throws when a setting is misspelt or invalid; the message names it.
 */
export function checkServerOptions(options: unknown): void {
  checkOptions('', serverOptions, options)
}
