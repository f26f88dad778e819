/**
 * The way to Redis. Two kinds: to one server, and to a cluster.
 *
 * Everything is bounded. Nothing waits in a queue for a Redis that is away: it fails at once, so that Telnyx is told to
 * send again.
 */
import { StoreUnavailableError } from '../call-store.ts'
import type { Script } from './scripts.ts'

/** How Redis is reached. */
export interface LinkOptions {
  /** One server; or some of a cluster's, from which the others are found. */
  readonly urls: readonly [string, ...string[]]
  /** The longest that anything waits for an answer, in milliseconds. */
  readonly timeoutMs: number
  /** A message on a channel that was subscribed to. */
  readonly onMessage: (channel: string, text: string) => void
  /** Redis is there again after an outage: what was published meanwhile is lost. */
  readonly onResumed: () => void
  /** Something that whoever runs the server should know. */
  readonly warn: (message: string) => void
}

/** A way to Redis. Whoever asks it something before it is up waits for it, no longer than the timeout. */
export interface RedisLink {
  /** Whether one server has all keys: a script may take keys of any slot, and messages need no shard. */
  readonly isOneServer: boolean
  /** Sends a command; all its keys are in the slot of the one that is named. */
  send(key: string, command: readonly string[]): Promise<unknown>
  /** Sends a command to every server that has keys, for a key on each of them whose name begins as is said. */
  sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void>
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  close(): Promise<void>
}

/** Runs a script by its name; Redis is given its text only where it does not know it, as after a restart. */
export async function run(
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

/** The package `redis`. */
export type Redis = typeof import('redis')

/** Redis is an optional part: it is loaded when a store is made of it, and not before. */
export async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    throw new StoreUnavailableError('The Redis store needs the package `redis`. Install it: npm install redis', {
      cause: error,
    })
  }
}

/** The settings that both kinds of client share. */
export const clientSettings = ({ timeoutMs }: LinkOptions) =>
  ({
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Time is kept here: the client's own ends once a command has been written, and Redis may never answer.
    commandOptions: { timeout: 0 },
    // An idle connection is asked whether it lives; one that does not answer is closed.
    pingInterval: timeoutMs / 2,
    socket: { connectTimeout: timeoutMs, socketTimeout: timeoutMs, reconnectStrategy: retryAfter },
  }) as const

/** How long to wait before connecting again: spread out, so that many nodes do not come back in one instant. */
export const retryAfter = (failures: number): number => Math.min(50 * 2 ** failures, 1_000) * (0.5 + Math.random() / 2)

interface Closable {
  close(): Promise<unknown>
  destroy(): void
}

/** What both kinds of link share: nothing waits longer than the timeout, and an outage is warned of once. */
export abstract class BaseLink<Clients extends readonly Closable[]> {
  protected readonly options: LinkOptions
  /** Where Redis is, without the password that may stand in its URL. */
  protected readonly who: string
  /** Why Redis cannot be reached; `null` while it can. */
  protected outage: unknown = null
  protected isClosed = false
  /** Resolves when the first attempt to connect has ended, whichever way: it is not part of any answer's time. */
  protected attempted: Promise<unknown> = Promise.resolve()
  readonly #clients: Promise<Clients>

  constructor(options: LinkOptions, who: string) {
    this.options = options
    this.who = who
    this.#clients = loadRedis().then((redis) => this.open(redis))
    this.#clients.catch(() => {})
  }

  /** Makes the clients, which connect from then on. */
  protected abstract open(redis: Redis): Clients

  /** Asks Redis something, and waits for the answer no longer than the timeout. */
  protected async answer<T>(ask: (clients: Clients) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new StoreUnavailableError('The store is closed.')
    const clients = await this.#clients
    await this.attempted
    return inTime(ask(clients), this.options.timeoutMs, this.who)
  }

  protected complain(cause: unknown): void {
    if (this.isClosed) return
    const { warn } = this.options
    if (this.outage === null) warn(`${this.who} cannot be reached: ${reasonOf(cause)}. Trying on.`)
    this.outage = cause
  }

  protected recovered(): void {
    if (this.outage === null) return
    this.outage = null
    this.options.warn(`${this.who} is there again.`)
    this.options.onResumed()
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    const closing = this.answer((clients) => Promise.all(clients.map((client) => client.close())))
    this.isClosed = true
    await closing.catch(() => {})
    const clients = await this.#clients.catch(() => [])
    for (const client of clients) client.destroy()
  }
}

/** There was no answer in time. */
export class Silence extends StoreUnavailableError {}

/** An answer, or a failure when the time is up. */
export async function inTime<T>(answer: Promise<T>, timeoutMs: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Silence(`${who} did not answer within ${timeoutMs} ms.`)), timeoutMs)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** What went wrong, for people; a failure to connect may hide several behind an empty message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
