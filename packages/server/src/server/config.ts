/** The ready server's configuration, from the environment. Every mistake names the variable it is in, and no value. */
import { DEFAULT_BASE_PATH, isMask, type Mask } from '@callgather/protocol'
import { checkAllowFields, checkMediaHosts } from '../access/command-policy.ts'
import { isBasePath } from '../edge/base-path.ts'
import { clientAddressOf, type TrustProxy } from '../edge/client-address.ts'
import { parseOrigin } from '../edge/cors.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { readRedisUrls, redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { parsePublicKeys } from '../telnyx/key-ring.ts'
import type { GatherServerOptions } from './gather-server.ts'

/** What the ready server needs beside its options. */
export interface ServerConfig {
  readonly host: string
  readonly port: number
  readonly logLevel: string
  /** How long `/readyz` says `leaving` before the server closes, in milliseconds. */
  readonly graceMs: number
  /** Variables that look like settings and are none. */
  readonly warnings: readonly string[]
  readonly options: Omit<GatherServerOptions, 'logger' | 'store'>
  /** Opened only when the server starts: a check of the configuration makes no file. `warn` is told of its troubles. */
  readonly openStore: (warn: (message: string) => void) => CallStore
}

/** Everything that is wrong with a configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment.
 *
 * @throws ConfigError with every problem at once.
 */
export function readConfig(environment: Environment): ServerConfig {
  const problems: string[] = []
  const warnings: string[] = []
  /** The settings there are: every one is read below. */
  const known = new Set(['CALLGATHER_SENSITIVE'])
  const read = <T>(name: string, fallback: string | undefined, parse: (text: string) => T): T | undefined => {
    known.add(name)
    const text = environment[name]?.trim() || fallback
    if (text === undefined) return undefined
    try {
      return parse(text)
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : 'is not valid'}`)
      return undefined
    }
  }
  const required = <T>(name: string, why: string, parse: (text: string) => T): T | undefined => {
    if (!environment[name]?.trim()) problems.push(`${name}: is not set. ${why}`)
    return read(name, undefined, parse)
  }

  const port = read('PORT', '8787', parsePort)
  const host = read('HOST', '127.0.0.1', String)
  const logLevel = read('LOG_LEVEL', 'info', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent']))
  const apiKey = required('TELNYX_API_KEY', 'It is in the Telnyx portal, under Keys & Credentials, API Keys.', String)
  const publicKey = required(
    'TELNYX_PUBLIC_KEY',
    'It is in the Telnyx portal, under Keys & Credentials, Public Key. Without it webhooks cannot be verified.',
    (text) => parsePublicKeys(text, Date.now()),
  )
  const baseUrl = read('TELNYX_BASE_URL', undefined, parseUrl)
  const openStore = read('CALLGATHER_STORE', 'file:callgather.db', parseStore)
  const insecure = read('CALLGATHER_INSECURE', 'false', oneOf(['true', 'false'])) === 'true'
  const secret = insecure
    ? read('CALLGATHER_TICKET_SECRET', undefined, parseSecret)
    : required('CALLGATHER_TICKET_SECRET', 'Make one with `openssl rand -base64 32`.', parseSecret)
  const allowedOrigins = read('CALLGATHER_ALLOWED_ORIGINS', '', (text) => list(text).map(parseOrigin)) ?? []
  const basePath = read('CALLGATHER_BASE_PATH', DEFAULT_BASE_PATH, parseBasePath)
  const trustProxy = read('CALLGATHER_TRUST_PROXY', undefined, parseTrustProxy)
  const connectionIds = read('TELNYX_CONNECTION_IDS', undefined, (text) => someOf(text, 'connection'))
  if (environment.CALLGATHER_SENSITIVE !== undefined) {
    problems.push(
      'CALLGATHER_SENSITIVE: was renamed. Set CALLGATHER_MASK to all (was none), digits (was count) or allButLast4 (was last4).',
    )
  }
  const mask = read('CALLGATHER_MASK', undefined, parseMask)
  const mediaHosts = read('CALLGATHER_MEDIA_HOSTS', '', (text) => checkMediaHosts(list(text))) ?? []
  const allowFields = read('CALLGATHER_ALLOW_FIELDS', '', (text) => checkAllowFields(list(text))) ?? []
  const retentionHours = read('CALLGATHER_RETENTION_HOURS', '168', parseRetention)
  const transcriptRetentionHours = read('CALLGATHER_TRANSCRIPT_HOURS', '1', parseTranscriptHours)
  const reconciles = read('CALLGATHER_RECONCILE', 'true', oneOf(['true', 'false'])) !== 'false'
  const audience = read('CALLGATHER_TICKET_AUDIENCE', undefined, String)
  const graceMs = read('CALLGATHER_GRACE_SECONDS', '3', parseGrace)

  for (const name of Object.keys(environment)) {
    if (!/^(callgather|telnyx)_/i.test(name) || known.has(name) || FOREIGN.test(name)) continue
    const { nearest, distance } = nearestOf(name, known)
    const text = `${name}: is not a setting of this server. Did you mean ${nearest}?`
    // Other programs have variables of these prefixes too, so only a near miss of one of ours is a mistake for certain.
    if (nearest.startsWith('CALLGATHER_') && distance <= MAX_MISSPELT) problems.push(text)
    else warnings.push(text)
  }

  if (
    problems.length > 0 ||
    port === undefined ||
    host === undefined ||
    logLevel === undefined ||
    apiKey === undefined ||
    publicKey === undefined ||
    openStore === undefined ||
    basePath === undefined ||
    graceMs === undefined
  ) {
    throw new ConfigError(problems)
  }
  return {
    host,
    port,
    logLevel,
    graceMs,
    warnings,
    openStore: (warn) => openStore(warn, retentionHours),
    options: {
      telnyx: {
        apiKey,
        publicKey,
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(connectionIds === undefined ? {} : { connectionIds }),
      },
      policy: { mediaHosts, allowFields, ...(mask === undefined ? {} : { mask }) },
      ...(retentionHours === undefined ? {} : { retentionHours }),
      ...(transcriptRetentionHours === undefined ? {} : { transcriptRetentionHours }),
      ...(reconciles ? {} : { reconcile: false as const }),
      ...(secret === undefined ? {} : { tickets: { secret, audience } }),
      insecure,
      allowedOrigins,
      ...(trustProxy === undefined ? {} : { trustProxy }),
      basePath,
    },
  }
}

/** What the Telnyx SDK reads, and what Kubernetes sets for a service that is called `callgather`. */
const FOREIGN = /^(TELNYX_(LOG|CLIENT_ID|CLIENT_SECRET|WEBHOOK_BASE_URL)|CALLGATHER_(SERVICE_|PORT(_|$)).*)$/
/** Ten years. */
const MAX_HOURS = 87_600
const MAX_GRACE_SECONDS = 300
/** Names that differ in no more characters than this are a misspelling. */
const MAX_MISSPELT = 2

const list = (text: string) =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')

function someOf(text: string, what: string): string[] {
  const names = list(text)
  if (names.length === 0) throw new Error(`names no ${what}. Leave it out, or give at least one.`)
  return names
}

function parseGrace(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0 && seconds <= MAX_GRACE_SECONDS)) {
    throw new Error(`must be a number of seconds, from 0 to ${MAX_GRACE_SECONDS}.`)
  }
  return seconds * 1000
}

/** The setting that a name was probably meant to be, and in how many characters they differ. */
function nearestOf(name: string, known: Iterable<string>): { nearest: string; distance: number } {
  let found = { nearest: '', distance: Number.POSITIVE_INFINITY }
  for (const nearest of known) {
    const distance = distanceOf(name.toUpperCase(), nearest)
    if (distance < found.distance) found = { nearest, distance }
  }
  return found
}

/** In how many characters two names differ (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= other.length; at++) {
      const replaced = (row[at - 1] ?? 0) + (character === other[at - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[other.length] ?? 0
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new Error('must be a port, from 0 to 65535; 0 takes any free one.')
  return port
}

const oneOf = (words: readonly string[]) => (text: string) => {
  if (!words.includes(text)) throw new Error(`must be one of: ${words.join(', ')}.`)
  return text
}

function parseMask(text: string): Mask {
  if (isMask(text)) return text
  throw new Error('must be one of: all, digits, allButLast4.')
}

function parseRetention(text: string): number {
  const hours = Number(text)
  if (!(hours >= 24 && hours <= MAX_HOURS)) throw new Error(`must be a number of hours, from 24 to ${MAX_HOURS}.`)
  return hours
}

function parseTranscriptHours(text: string): number {
  const hours = Number(text)
  if (!(hours >= 0 && hours <= MAX_HOURS)) throw new Error(`must be a number of hours, from 0 to ${MAX_HOURS}.`)
  return hours
}

function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new Error('must be a URL, such as https://api.telnyx.com/v2.')
  return text.replace(/\/$/, '')
}

function parseSecret(text: string): string {
  if (Buffer.byteLength(text) < 32)
    throw new Error('must have at least 32 bytes. Make one with `openssl rand -base64 32`.')
  return text
}

function parseTrustProxy(text: string): TrustProxy {
  const trust = /^\d+$/.test(text) ? Number(text) : list(text)
  clientAddressOf(trust)
  return trust
}

function parseBasePath(text: string): string {
  if (text === '' || !isBasePath(text)) {
    throw new Error('must begin with a slash, not end with one, and have no `.` or `..` in it, such as /callgather.')
  }
  return text
}

function parseStore(text: string): (warn: (message: string) => void, retentionHours?: number) => CallStore {
  if (text === 'memory:') return () => memoryStore()
  if (text.startsWith('file:') && text.length > 5) return () => sqliteStore({ path: text.slice(5) })
  if (/^rediss?:/.test(text)) {
    const url = readRedisUrls(list(text))
    return (warn, hours) => redisStore({ url, warn, ...(hours === undefined ? {} : { retention: hours * 3_600_000 }) })
  }
  throw new Error('must be `file:PATH`, `redis://HOST:PORT` or `memory:`.')
}
