/**
 * The way to Redis: commands on one connection, the bus on another, or a cluster client for both.
 *
 * Everything is bounded. Nothing waits in a queue for a Redis that is away: it fails at once, so that Telnyx is told to
 * send again. A connection that fails in any way (no answer in time, a server that has become a replica) is thrown away
 * whole and made anew, because half of what can be wrong with a connection cannot be seen from it.
 */
import { messageOf, StoreUnavailable } from './call-store.ts'
import type { Script } from './redis-scripts.ts'

/** How Redis is reached. */
export interface RedisLinkOptions {
  /** One server; or some of a cluster's, from which the others are found. */
  readonly urls: readonly [string, ...string[]]
  /** The longest that anything waits for an answer, in milliseconds. */
  readonly timeout: number
  /** A message on a channel that was subscribed to. */
  readonly onMessage: (channel: string, text: string) => void
  /** The bus is up again after it was down: what was published between is lost. */
  readonly onResumed: () => void
  /** Something that whoever runs the server should know. */
  readonly warn: (message: string) => void
}

/** A way to Redis. */
export interface RedisLink {
  /** `PUBLISH`, or `SPUBLISH` where Redis has it. */
  readonly publish: string
  /** Sends a command; all keys are in the slot of the one that is named. */
  send(key: string, command: readonly string[]): Promise<unknown>
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): void
  close(): Promise<void>
}

type Redis = typeof import('redis')
type Client = ReturnType<Redis['createClient']>
type Listener = (text: string, channel: string) => void

/** Opens a link. Whoever asks it something before it is up waits for it, no longer than `timeout`. */
export function openLink(options: RedisLinkOptions): RedisLink {
  return options.urls.length === 1 ? new ServerLink(options) : new ClusterLink(options)
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
    if (!messageOf(error).includes('NOSCRIPT')) throw error
    return link.send(keys[0], ['EVAL', source, ...rest])
  }
}

interface Connection {
  readonly commands: Client
  readonly bus: Client
  lost: boolean
}

const RETRY_MILLIS = { first: 50, longest: 1_000 }

/** The settings that both kinds of client share. */
function settings(timeout: number) {
  return {
    RESP: 3,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Time is kept here: theirs ends once a command has been written, and Redis may never answer.
    commandOptions: { timeout: 0 },
    // An idle connection is asked whether it lives; one that does not answer is closed.
    pingInterval: timeout / 2,
  } as const
}

/** A link to one server, or to whatever name or proxy stands for the one that is in charge. */
class ServerLink implements RedisLink {
  publish = 'PUBLISH'
  readonly #options: RedisLinkOptions
  readonly #channels = new Set<string>()
  readonly #first: Promise<void>
  #connection: Connection | null = null
  #cause: unknown = null
  #retry: { timer: NodeJS.Timeout; done: () => void } | null = null
  #closed = false

  constructor(options: RedisLinkOptions) {
    this.#options = options
    let settle = () => {}
    this.#first = new Promise((resolve) => {
      settle = resolve
    })
    void this.#stayConnected(settle)
  }

  async send(_key: string, command: readonly string[]): Promise<unknown> {
    const connection = await this.#usable()
    return this.#within(connection, connection.commands.sendCommand(command))
  }

  async subscribe(channel: string): Promise<void> {
    const connection = await this.#usable()
    this.#channels.add(channel)
    try {
      await this.#within(connection, this.#listen(connection.bus, [channel]))
    } catch (error) {
      this.#channels.delete(channel)
      throw error
    }
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel)
    const bus = this.#connection?.bus
    if (!bus) return
    const done =
      this.publish === 'SPUBLISH'
        ? bus.sUnsubscribe(channel, this.#deliver)
        : bus.unsubscribe(channel, this.#deliver)
    // If the connection is lost, so is the subscription.
    done.catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const connection = this.#connection
    this.#connection = null
    this.#retry?.done()
    if (!connection) return
    const { commands, bus } = connection
    await Promise.race([Promise.allSettled([commands.close(), bus.close()]), pause(this.#options.timeout)])
    this.#discard(connection)
  }

  readonly #deliver: Listener = (text, channel) => this.#options.onMessage(channel, text)

  async #usable(): Promise<Connection> {
    if (!this.#connection && this.#cause === null && !this.#closed) {
      await Promise.race([this.#first, pause(this.#options.timeout)])
    }
    if (this.#connection) return this.#connection
    if (this.#closed) throw new StoreUnavailable('The store is closed.')
    throw new StoreUnavailable(`Redis at ${this.#address} cannot be reached: ${reasonOf(this.#cause)}`, {
      cause: this.#cause,
    })
  }

  async #within<T>(connection: Connection, answer: Promise<T>): Promise<T> {
    try {
      return await inTime(answer, this.#options.timeout, `Redis at ${this.#address}`)
    } catch (error) {
      // A replica does not become the one in charge by waiting: whoever is in charge now is found by connecting anew.
      if (isSilence(error) || /^(READONLY|MASTERDOWN)/.test(messageOf(error))) this.#lose(connection, error)
      throw error
    }
  }

  async #stayConnected(settled: () => void): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      const connection = await this.#connect().catch((error: unknown) => {
        if (this.#cause === null) this.#options.warn(`Redis at ${this.#address}: ${reasonOf(error)}. Trying on.`)
        this.#cause = error
        return null
      })
      settled()
      if (!connection) {
        await this.#backOff(failures)
        failures += 1
        continue
      }
      const wasLost = this.#cause !== null
      if (this.#closed) return this.#discard(connection)
      this.#connection = connection
      this.#cause = null
      failures = 0
      if (wasLost) {
        this.#options.warn(`Redis at ${this.#address} is there again.`)
        this.#options.onResumed()
      }
      await this.#untilLost(connection)
    }
  }

  async #connect(): Promise<Connection> {
    const { timeout, urls } = this.#options
    const redis = await loadRedis()
    const commands = redis.createClient({
      url: urls[0],
      ...settings(timeout),
      socket: { connectTimeout: timeout, socketTimeout: timeout, reconnectStrategy: false },
    })
    const bus = commands.duplicate()
    const connection: Connection = { commands, bus, lost: false }
    for (const client of [commands, bus]) client.on('error', (error) => this.#lose(connection, error))
    try {
      await inTime(Promise.all([commands.connect(), bus.connect()]), timeout, `Redis at ${this.#address}`)
      this.publish = await inTime(publishOf(commands), timeout, `Redis at ${this.#address}`)
      if (this.#cause === null) await advise(commands, this.#options.warn)
      if (this.#channels.size > 0) await inTime(this.#listen(bus, [...this.#channels]), timeout, 'Redis')
      if (connection.lost) throw this.#cause
      return connection
    } catch (error) {
      this.#discard(connection)
      throw error
    }
  }

  #listen(bus: Client, channels: string[]): Promise<void> {
    return this.publish === 'SPUBLISH'
      ? bus.sSubscribe(channels, this.#deliver)
      : bus.subscribe(channels, this.#deliver)
  }

  readonly #lossOf = new WeakMap<Connection, () => void>()

  #untilLost(connection: Connection): Promise<void> {
    if (connection.lost) return Promise.resolve()
    return new Promise((resolve) => {
      this.#lossOf.set(connection, resolve)
    })
  }

  #lose(connection: Connection, cause: unknown): void {
    if (connection.lost) return
    connection.lost = true
    if (this.#connection === connection) {
      this.#connection = null
      if (!this.#closed) this.#options.warn(`Redis at ${this.#address} was lost: ${reasonOf(cause)}. Trying again.`)
    }
    this.#cause = cause
    this.#discard(connection)
    this.#lossOf.get(connection)?.()
  }

  #discard({ commands, bus }: Connection): void {
    for (const client of [commands, bus]) client.destroy()
  }

  #backOff(failures: number): Promise<void> {
    const longest = Math.min(RETRY_MILLIS.first * 2 ** failures, RETRY_MILLIS.longest)
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(this.#retry?.timer)
        this.#retry = null
        resolve()
      }
      // Spread out, so that many nodes do not come back in one instant.
      this.#retry = { timer: setTimeout(done, longest * (0.5 + Math.random() / 2)), done }
    })
  }

  /** Where Redis is; without the password that may stand in its URL. */
  get #address(): string {
    return addressOf(this.#options.urls[0])
  }
}

/** A link to a Redis Cluster; each of its servers is connected to, lost and found again by itself. */
class ClusterLink implements RedisLink {
  readonly publish = 'SPUBLISH'
  readonly #options: RedisLinkOptions
  readonly #cluster: Promise<ReturnType<Redis['createCluster']>>
  #closed = false

  constructor(options: RedisLinkOptions) {
    this.#options = options
    this.#cluster = this.#connect()
    this.#cluster.catch(() => {})
  }

  async send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#inTime(this.#cluster.then((cluster) => cluster.sendCommand(key, false, [...command])))
  }

  async subscribe(channel: string): Promise<void> {
    await this.#inTime(this.#cluster.then((cluster) => cluster.sSubscribe(channel, this.#deliver)))
  }

  unsubscribe(channel: string): void {
    void this.#cluster.then((cluster) => cluster.sUnsubscribe(channel, this.#deliver)).catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const cluster = await this.#inTime(this.#cluster).catch(() => null)
    if (!cluster) return
    await Promise.race([cluster.close(), pause(this.#options.timeout)])
    cluster.destroy()
  }

  readonly #deliver: Listener = (text, channel) => this.#options.onMessage(channel, text)

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailable('The store is closed.')
    return inTime(answer, this.#options.timeout, 'The Redis Cluster')
  }

  async #connect() {
    const { urls, timeout, onResumed, warn } = this.#options
    const { createCluster } = await loadRedis()
    const { username, password, protocol } = new URL(urls[0])
    const cluster = createCluster({
      rootNodes: urls.map((url) => ({ url })),
      // The servers that are found have no URL, so they are given what the first one's says.
      defaults: {
        ...settings(timeout),
        ...(username ? { username: decodeURIComponent(username) } : {}),
        ...(password ? { password: decodeURIComponent(password) } : {}),
        socket: {
          ...(protocol === 'rediss:' ? { tls: true as const } : {}),
          connectTimeout: timeout,
          socketTimeout: timeout,
          reconnectStrategy: (failures) => Math.min(RETRY_MILLIS.first * 2 ** failures, RETRY_MILLIS.longest),
        },
      },
    })
    let complaints = 0
    const lost = (error: unknown) => {
      complaints += 1
      if (complaints === 1) warn(`The Redis Cluster: ${reasonOf(error)}. Trying on.`)
    }
    cluster.on('error', lost)
    cluster.on('node-error', lost)
    cluster.on('node-ready', () => {
      if (complaints > 0) onResumed()
      complaints = 0
    })
    for (let failures = 0; ; failures++) {
      try {
        await cluster.connect()
        return cluster
      } catch (error) {
        if (this.#closed) throw error
        lost(error)
        await pause(RETRY_MILLIS.longest)
      }
    }
  }
}

/** Redis is an optional part: it is loaded when a store is made of it, and not before. */
async function loadRedis(): Promise<Redis> {
  try {
    return await import('redis')
  } catch (error) {
    throw new StoreUnavailable('The Redis store needs the package `redis`. Install it: npm install redis', {
      cause: error,
    })
  }
}

/** How to publish: to the shard of a channel, where Redis is new enough (7.0), so that a cluster is not flooded. */
async function publishOf(client: Client): Promise<string> {
  const [known] = (await client.sendCommand(['COMMAND', 'INFO', 'SPUBLISH'])) as unknown as readonly unknown[]
  return known ? 'SPUBLISH' : 'PUBLISH'
}

/** Says what in the settings of a Redis will lose calls. Where it may not be asked, as with some hosts, it is not. */
async function advise(client: Client, warn: (message: string) => void): Promise<void> {
  const [policy, persistent, replication] = await Promise.all([
    client.configGet('maxmemory-policy').catch(() => ({})),
    client.configGet('appendonly').catch(() => ({})),
    client.info('replication').catch(() => 'master_replid:'),
  ])
  const evicts = (policy as Record<string, string>)['maxmemory-policy']
  if (evicts !== undefined && evicts !== 'noeviction') {
    warn(`Redis evicts by ${evicts}, so calls may vanish when memory is short. Set maxmemory-policy noeviction.`)
  }
  if ((persistent as Record<string, string>).appendonly === 'no') {
    warn('Redis keeps no append-only file, so its restart loses every call. Set appendonly yes.')
  }
  if (!String(replication).includes('master_replid:')) {
    warn('This Redis does not tell its master_replid, so a restart that rolls it back would not be noticed.')
  }
}

const silence = Symbol('no answer in time')
const isSilence = (error: unknown): boolean => error instanceof Error && error.cause === silence

/** An answer, or the end of patience. */
async function inTime<T>(answer: Promise<T>, timeout: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const give = () => reject(new StoreUnavailable(`${who} did not answer within ${timeout} ms.`, { cause: silence }))
    timer = setTimeout(give, timeout)
  })
  // Whichever comes second has nobody left to hear it.
  answer.catch(() => {})
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

const pause = (millis: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, millis).unref()
  })

/** Host and port of a URL. */
function addressOf(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname}:${port || 6379}`
}

/** What went wrong, for people; a failure to connect may hide several behind an empty message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return messageOf(error) || 'unknown'
}
