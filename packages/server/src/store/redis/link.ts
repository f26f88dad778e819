/**
 * Connections to Redis: to one server, or to a cluster.
 *
 * Every operation has a timeout. During an outage, operations fail at once instead of queueing, so that Telnyx retries.
 */
import { StoreUnavailableError } from '../call-store.ts'
import type { Script } from './scripts.ts'

/** Options of a Redis link. */
export interface LinkOptions {
  /** The URL of one Redis server, or the URLs of some nodes of a Redis Cluster. */
  readonly urls: readonly [string, ...string[]]
  /** The timeout of a Redis operation, in milliseconds. */
  readonly timeoutMs: number
  /** Receives each message of a subscribed Redis channel. */
  readonly onMessage: (channel: string, text: string) => void
  /** Called after an outage, during which published messages were lost. */
  readonly onResumed: () => void
  /** Receives the text of each warning for the operator. */
  readonly warn: (message: string) => void
}

/** A connection to Redis. Operations that start before it is ready wait for it, up to the timeout. */
export interface RedisLink {
  /** Whether one Redis server has all keys, so that a script may use any keys and messages need no shard. */
  readonly isOneServer: boolean
  /** Sends a Redis command to the node of `key`. All keys of the command must be in the slot of `key`. */
  send(key: string, command: readonly string[]): Promise<unknown>
  /** Sends a Redis command to every node that has keys, each with a key of that node whose name starts with `name`. */
  sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void>
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  close(): Promise<void>
}

/** Runs a script by its hash. Sends the source if Redis does not have the script, as after a restart. */
export async function runScript(
  link: RedisLink,
  { source, sha }: Script,
  keys: readonly [string, ...string[]],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await link.send(keys[0], ['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!reasonOf(error).startsWith('NOSCRIPT')) throw error
    return link.send(keys[0], ['EVAL', source, ...rest])
  }
}

/** The type of the package `redis`. */
export type Redis = typeof import('redis')

/** Loads the optional package `redis` when a Redis store is created. */
export async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    throw new StoreUnavailableError('The Redis store needs the package `redis`. Install it: npm install redis', {
      cause: error,
    })
  }
}

/** The client settings for one Redis server and for a cluster. */
export const clientSettings = ({ timeoutMs }: LinkOptions) =>
  ({
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // `withTimeout` applies instead: the client's timeout ends when a command is written, not when it is answered.
    commandOptions: { timeout: 0 },
    // Pings idle connections, and closes those that do not answer.
    pingInterval: timeoutMs / 2,
    socket: { connectTimeout: timeoutMs, socketTimeout: timeoutMs, reconnectStrategy: reconnectDelayMs },
  }) as const

/** The backoff before reconnecting, in milliseconds, with jitter so that nodes do not reconnect at once. */
export const reconnectDelayMs = (failures: number): number =>
  Math.min(50 * 2 ** failures, 1_000) * (0.5 + Math.random() / 2)

interface Closable {
  close(): Promise<unknown>
  destroy(): void
}

/** The base of `ServerLink` and `ClusterLink`: applies the timeout, and warns once per outage. */
export abstract class BaseLink<Clients extends readonly Closable[]> {
  protected readonly options: LinkOptions
  /** The name of the Redis server in messages, without the password of its URL. */
  protected readonly label: string
  /** The error of the current outage; `null` while Redis is reachable. */
  protected outage: unknown = null
  protected isClosed = false
  /** Resolves when the first connection attempt has ended. That time does not count towards an operation's timeout. */
  protected firstAttempt: Promise<unknown> = Promise.resolve()
  readonly #clients: Promise<Clients>

  constructor(options: LinkOptions, who: string) {
    this.options = options
    this.label = who
    this.#clients = loadRedis().then((redis) => this.open(redis))
    this.#clients.catch(() => {})
  }

  /** Creates the Redis clients and starts to connect them. */
  protected abstract open(redis: Redis): Clients

  /** Runs a Redis operation. Fails with `StoreUnavailableError` after the timeout. */
  protected async request<T>(ask: (clients: Clients) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new StoreUnavailableError('The store is closed.')
    const clients = await this.#clients
    await this.firstAttempt
    return withTimeout(ask(clients), this.options.timeoutMs, this.label)
  }

  protected reportOutage(cause: unknown): void {
    if (this.isClosed) return
    const { warn } = this.options
    if (this.outage === null) warn(`${this.label} cannot be reached: ${reasonOf(cause)}. Reconnecting.`)
    this.outage = cause
  }

  protected reportRecovery(): void {
    if (this.outage === null) return
    this.outage = null
    this.options.warn(`${this.label} is reachable again.`)
    this.options.onResumed()
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    const closing = this.request((clients) => Promise.all(clients.map((client) => client.close())))
    this.isClosed = true
    await closing.catch(() => {})
    const clients = await this.#clients.catch(() => [])
    for (const client of clients) client.destroy()
  }
}

/** Redis did not answer in time. */
export class RedisTimeoutError extends StoreUnavailableError {}

/** Resolves with Redis's answer, or rejects with `RedisTimeoutError` after the timeout. */
export async function withTimeout<T>(answer: Promise<T>, timeoutMs: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RedisTimeoutError(`${who} did not answer within ${timeoutMs} ms.`)), timeoutMs)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** The message of an error. An `AggregateError` of a failed connection has an empty one, so its first error counts. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
