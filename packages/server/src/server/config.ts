/** Reads the configuration of the server program from the environment. Errors name the variable, never its value. */
import { DEFAULT_BASE_PATH, isMask } from '@callgather/protocol'
import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'
import { checkAllowFields, checkMediaHosts } from '../access/command-policy.ts'
import { numberBetween } from '../base/check-options.ts'
import { clientAddressReader, type TrustProxy } from '../edge/client-address.ts'
import { parseOrigin } from '../edge/cors.ts'
import type { EmbedFiles } from '../http/embed.ts'
import { recordSecret, recordUrl } from '../records/options.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { loadRedis } from '../store/redis/link.ts'
import { readRedisUrls, redisStore } from '../store/redis/redis-store.ts'
import { parsePublicKeys } from '../telnyx/key-ring.ts'
import type { GatherServerOptions } from './gather-server.ts'
import { serverOptions } from './settings.ts'

/** The configuration of the server program. */
export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly logLevel: string
  /** How long `/readyz` answers `leaving` before the server closes, in milliseconds. */
  readonly graceMs: number
  /** Warnings about environment variables that look like settings of CallGather but are unknown. */
  readonly warnings: readonly string[]
  readonly options: Omit<GatherServerOptions, 'logger' | 'store'>
  /** Opens the store when the server starts, because reading the configuration must not create a file. */
  readonly openStore: (warn: (message: string) => void) => Promise<CallStore>
}

/** An invalid configuration. The message lists all its problems. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Environment variables of the Telnyx SDK, and those that Kubernetes sets for a service named `callgather`. */
const FOREIGN = /^(TELNYX_(LOG|CLIENT_ID|CLIENT_SECRET|WEBHOOK_BASE_URL)|CALLGATHER_(SERVICE_|PORT(_|$)).*)$/
/** Maximum edit distance to a known variable at which an unknown name counts as misspelt. */
const MAX_MISSPELT = 2
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const
const PORT_RANGE = 'must be a port, from 0 to 65535; 0 takes any free one.'

/** Parses a variable's text. An error that `parse` throws becomes the variable's problem. */
const readBy = <T>(parse: (text: string) => T, missing?: string) =>
  z.string(missing === undefined ? undefined : `is not set. ${missing}`).transform((text, context) => {
    try {
      return parse(text)
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : 'is not valid')
      return z.NEVER
    }
  })
const listBy = <T>(parse: (texts: string[]) => T) => readBy((text) => parse(list(text)))
const numberBy = (range: z.ZodType<number | undefined, number | undefined>) =>
  z
    .string()
    .transform((text): number | undefined => Number(text))
    .pipe(range)
const yesOrNo = z.enum(['true', 'false'], 'must be one of: true, false.').transform((word) => word === 'true')
const { telnyx, retentionHours, transcriptRetentionHours, secret, basePath } = serverOptions.shape

/** Every environment variable with its default. Its range is the range of the server option that it sets. */
const variables = {
  PORT: z
    .string()
    .transform(Number)
    .pipe(z.int(PORT_RANGE).min(0, PORT_RANGE).max(65_535, PORT_RANGE))
    .prefault('8787'),
  HOST: z.string().prefault('127.0.0.1'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of: ${LOG_LEVELS.join(', ')}.`).prefault('info'),
  TELNYX_API_KEY: readBy(String, 'It is in the Telnyx portal, under Keys & Credentials, API Keys.'),
  TELNYX_PUBLIC_KEY: readBy(
    (text) => parsePublicKeys(text, Date.now()),
    'It is in the Telnyx portal, under Keys & Credentials, Public Key. Without it webhooks cannot be verified.',
  ),
  TELNYX_BASE_URL: telnyx.shape.baseUrl.transform((url) => url?.replace(/\/$/, '')),
  TELNYX_CONNECTION_IDS: listBy((ids): string[] | undefined => ids)
    .pipe(telnyx.shape.connectionIds)
    .optional(),
  CALLGATHER_STORE: readBy(parseStore).prefault('file:callgather.db'),
  CALLGATHER_INSECURE: yesOrNo.prefault('false'),
  CALLGATHER_TICKET_AUDIENCE: z.string().optional(),
  CALLGATHER_ALLOWED_ORIGINS: listBy((origins) => origins.map(parseOrigin)).prefault(''),
  CALLGATHER_BASE_PATH: basePath.default(DEFAULT_BASE_PATH),
  CALLGATHER_TRUST_PROXY: readBy(parseTrustProxy).optional(),
  CALLGATHER_MASK: z.string().refine(isMask, 'must be one of: all, digits, allButLast4.').optional(),
  CALLGATHER_MEDIA_HOSTS: listBy(checkMediaHosts).prefault(''),
  CALLGATHER_ALLOW_FIELDS: listBy(checkAllowFields).prefault(''),
  CALLGATHER_RETENTION_HOURS: numberBy(retentionHours).optional(),
  CALLGATHER_TRANSCRIPT_HOURS: numberBy(transcriptRetentionHours).optional(),
  CALLGATHER_RECORD_WRAP_UP_SECONDS: numberBy(numberBetween(0, 86_400)).optional(),
  CALLGATHER_RECORD_ALLOW_PRIVATE_URL: yesOrNo.prefault('false'),
  CALLGATHER_RECONCILE: yesOrNo.prefault('true'),
  CALLGATHER_GRACE_SECONDS: numberBy(numberBetween(0, 300)).prefault('3'),
}

/** The ticket secret. An insecure server, which is a demo on your own machine, needs none. */
const secretOf = (isInsecure: boolean) =>
  isInsecure ? secret : secret.nonoptional('is not set. Make one with `openssl rand -base64 32`.')

/** The destination of records. With a URL, a secret is required. */
const recordsOf = (url: string | undefined, canBePrivate: boolean) => {
  const secrets = listBy((texts) => texts).pipe(z.array(recordSecret))
  return {
    CALLGATHER_RECORD_URL: recordUrl(canBePrivate).optional(),
    CALLGATHER_RECORD_SECRET: url === undefined ? secrets.optional() : secrets,
  }
}

/**
 * Reads the configuration from the environment.
 *
 * @throws ConfigError with every problem at once.
 */
export function readConfig(environment: Environment): ServerConfig {
  const set = Object.entries(environment).flatMap(([name, text]) => (text?.trim() ? [[name, text.trim()]] : []))
  const given: Environment = Object.fromEntries(set)
  const schema = z.object({
    ...variables,
    CALLGATHER_TICKET_SECRET: secretOf(given.CALLGATHER_INSECURE === 'true'),
    ...recordsOf(given.CALLGATHER_RECORD_URL, given.CALLGATHER_RECORD_ALLOW_PRIVATE_URL === 'true'),
  })
  const read = schema.safeParse(given)
  const problems = read.error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
  const warnings: string[] = []
  const known = Object.keys(schema.shape)
  for (const name of Object.keys(environment)) {
    if (!/^(callgather|telnyx)_/i.test(name) || known.includes(name) || FOREIGN.test(name)) continue
    const nearest = closest(name.toUpperCase(), known)
    const text = `${name}: is not a setting of this server. Did you mean ${nearest}?`
    // Other programs use these prefixes too, so only a name close to one of ours is an error.
    const isMisspelt = nearest.startsWith('CALLGATHER_') && distance(name.toUpperCase(), nearest) <= MAX_MISSPELT
    if (isMisspelt) problems.push(text)
    else warnings.push(text)
  }
  if (!read.success || problems.length > 0) throw new ConfigError(problems)
  const values = read.data
  const { CALLGATHER_RETENTION_HOURS: hours, CALLGATHER_TICKET_SECRET: ticketSecret } = values
  const wrapUpSeconds = values.CALLGATHER_RECORD_WRAP_UP_SECONDS
  return {
    host: values.HOST,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    graceMs: (values.CALLGATHER_GRACE_SECONDS ?? 0) * 1000,
    warnings,
    openStore: (warn) => values.CALLGATHER_STORE(warn, hours),
    options: {
      telnyx: {
        apiKey: values.TELNYX_API_KEY,
        publicKey: values.TELNYX_PUBLIC_KEY,
        baseUrl: values.TELNYX_BASE_URL,
        connectionIds: values.TELNYX_CONNECTION_IDS,
      },
      policy: {
        mediaHosts: values.CALLGATHER_MEDIA_HOSTS,
        allowFields: values.CALLGATHER_ALLOW_FIELDS,
        mask: values.CALLGATHER_MASK,
      },
      retentionHours: hours,
      transcriptRetentionHours: values.CALLGATHER_TRANSCRIPT_HOURS,
      records:
        values.CALLGATHER_RECORD_URL === undefined
          ? undefined
          : {
              url: values.CALLGATHER_RECORD_URL,
              secret: values.CALLGATHER_RECORD_SECRET,
              wrapUpTimeoutMs: wrapUpSeconds === undefined ? undefined : wrapUpSeconds * 1000,
              allowPrivateUrl: values.CALLGATHER_RECORD_ALLOW_PRIVATE_URL,
            },
      reconcile: values.CALLGATHER_RECONCILE ? undefined : false,
      tickets:
        ticketSecret === undefined ? undefined : { secret: ticketSecret, audience: values.CALLGATHER_TICKET_AUDIENCE },
      insecure: values.CALLGATHER_INSECURE,
      allowedOrigins: values.CALLGATHER_ALLOWED_ORIGINS,
      trustProxy: values.CALLGATHER_TRUST_PROXY,
      basePath: values.CALLGATHER_BASE_PATH,
    },
  }
}

function list(text: string): string[] {
  const texts = text.split(',').map((each) => each.trim())
  return texts.filter((each) => each !== '')
}

function parseTrustProxy(text: string): TrustProxy {
  const trust = /^\d+$/.test(text) ? Number(text) : list(text)
  clientAddressReader(trust)
  return trust
}

type OpenStore = (warn: (message: string) => void, retentionHours?: number) => Promise<CallStore>

function parseStore(text: string): OpenStore {
  if (text === 'memory:') return async () => memoryStore()
  if (text.startsWith('file:') && text.length > 5) {
    return async () => (await loadSqliteStore()).sqliteStore({ path: text.slice(5) })
  }
  if (/^rediss?:/.test(text)) {
    const url = readRedisUrls(list(text))
    return async (warn, hours) => {
      await loadRedis()
      return redisStore({ url, warn, ...(hours === undefined ? {} : { retentionMs: hours * 3_600_000 }) })
    }
  }
  throw new Error('must be `file:PATH`, `redis://HOST:PORT` or `memory:`.')
}

/**
 * Loads the files of the iframe if `@callgather/embed` is installed, which is optional. The specifier is a variable,
 * because a dependency on the package would close a cycle of packages. A broken package doesn't stop the server.
 */
export async function loadEmbedFiles(warn: (message: string) => void): Promise<EmbedFiles | undefined> {
  const specifier = '@callgather/embed/files'
  try {
    const { embedFiles }: { embedFiles: EmbedFiles } = await import(specifier)
    return embedFiles
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) warn(`@callgather/embed cannot be loaded, so there is no iframe: ${String(error)}`)
    return undefined
  }
}

/** Loads the sqlite store only if it is configured, because its driver is an optional peer. */
async function loadSqliteStore() {
  try {
    return await import('../store/sqlite/sqlite-store.ts')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new Error('The sqlite store needs the package `libsql`. Install it: npm install libsql', { cause: error })
  }
}
