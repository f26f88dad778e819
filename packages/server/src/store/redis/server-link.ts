/**
 * A link to one Redis server, or to whatever name or proxy stands for the one that is in charge: commands on one
 * connection, the bus on another.
 *
 * A connection that fails in any way (no answer in time, a server that has become a replica) is thrown away whole and
 * made anew, because half of what can be wrong with a connection cannot be seen from it. There is one way to be
 * connected, the first time and every time after.
 */
import { StoreUnavailable } from '../call-store.ts'
import {
  clientSettings,
  inTime,
  isSilence,
  type LinkOptions,
  loadRedis,
  type Redis,
  type RedisLink,
  reasonOf,
  retryAfter,
} from './link.ts'

/** One connection. It does not come back by itself. */
const clientOf = ({ createClient }: Redis, { urls, timeout }: LinkOptions) =>
  createClient({
    url: urls[0],
    ...clientSettings(timeout),
    socket: { connectTimeout: timeout, socketTimeout: timeout, reconnectStrategy: false },
  })

type Client = ReturnType<typeof clientOf>

interface Connection {
  readonly commands: Client
  readonly bus: Client
  lost: boolean
  /** Resolves when it is lost. */
  readonly loss: Promise<void>
  readonly end: () => void
}

/** Opens a link to one server. */
export class ServerLink implements RedisLink {
  publish = 'PUBLISH'
  readonly isOneServer = true
  readonly #options: LinkOptions
  /** Where Redis is, without the password that may stand in its URL. */
  readonly #who: string
  readonly #channels = new Set<string>()
  readonly #firstAttempt: Promise<void>
  #advised = false
  #connection: Connection | null = null
  /** Why there is no connection now; `null` when there is one, or none was tried for yet. */
  #outage: unknown = null
  #wake: () => void = () => {}
  #closed = false

  constructor(options: LinkOptions) {
    this.#options = options
    const { hostname, port } = new URL(options.urls[0])
    this.#who = `Redis at ${hostname}:${port || 6379}`
    this.#firstAttempt = new Promise((resolve) => {
      this.#stayConnected(resolve).catch(() => resolve())
    })
  }

  async send(_key: string, command: readonly string[]): Promise<unknown> {
    const connection = await this.#usable()
    return this.#answer(connection, connection.commands.sendCommand(command))
  }

  async sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void> {
    await this.send(name, command(name))
  }

  async subscribe(channel: string): Promise<void> {
    const connection = await this.#usable()
    this.#channels.add(channel)
    try {
      await this.#answer(connection, this.#listen(connection.bus, [channel]))
    } catch (error) {
      this.#channels.delete(channel)
      throw error
    }
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel)
    const bus = this.#connection?.bus
    if (!bus) return
    const { publish } = this
    const done =
      publish === 'SPUBLISH' ? bus.sUnsubscribe(channel, this.#deliver) : bus.unsubscribe(channel, this.#deliver)
    // If the connection is lost, so is the subscription.
    done.catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#wake()
    const connection = this.#connection
    if (!connection) return
    const { commands, bus } = connection
    await inTime(Promise.all([commands.close(), bus.close()]), this.#options.timeout, this.#who).catch(() => {})
    this.#lose(connection, null)
  }

  readonly #deliver = (text: string, channel: string) => this.#options.onMessage(channel, text)

  async #usable(): Promise<Connection> {
    if (this.#closed) throw new StoreUnavailable('The store is closed.')
    await this.#firstAttempt
    if (this.#connection) return this.#connection
    throw new StoreUnavailable(`${this.#who} cannot be reached: ${reasonOf(this.#outage)}`, { cause: this.#outage })
  }

  async #answer<T>(connection: Connection, answer: Promise<T>): Promise<T> {
    try {
      return await inTime(answer, this.#options.timeout, this.#who)
    } catch (error) {
      // A replica does not become the one in charge by waiting: whoever is in charge now is found by connecting anew.
      if (isSilence(error) || /^(READONLY|MASTERDOWN)/.test(reasonOf(error))) this.#lose(connection, error)
      throw error
    }
  }

  async #stayConnected(attempted: () => void): Promise<void> {
    for (let failures = 0; !this.#closed; ) {
      try {
        const connection = await this.#connect()
        failures = 0
        attempted()
        await connection.loss
      } catch (error) {
        failures += 1
        this.#complain(error)
        attempted()
      }
      if (!this.#closed) await this.#rest(retryAfter(failures))
    }
  }

  async #connect(): Promise<Connection> {
    const { timeout, onResumed, warn } = this.#options
    const commands = clientOf(await loadRedis(), this.#options)
    const connection = connectionOf(commands)
    const { bus } = connection
    for (const client of [commands, bus]) client.on('error', (error) => this.#lose(connection, error))
    try {
      await inTime(this.#prepare(connection), timeout, this.#who)
      if (connection.lost || this.#closed) throw this.#outage ?? new StoreUnavailable('The store is closed.')
    } catch (error) {
      this.#lose(connection, error)
      throw error
    }
    this.#connection = connection
    if (this.#outage !== null) {
      this.#outage = null
      warn(`${this.#who} is there again.`)
      onResumed()
    }
    return connection
  }

  async #prepare({ commands, bus }: Connection): Promise<void> {
    await Promise.all([commands.connect(), bus.connect()])
    this.publish = await publishOf(commands)
    if (!this.#advised) await advise(commands, this.#options.warn)
    this.#advised = true
    if (this.#channels.size > 0) await this.#listen(bus, [...this.#channels])
  }

  #listen(bus: Client, channels: string[]): Promise<void> {
    return this.publish === 'SPUBLISH'
      ? bus.sSubscribe(channels, this.#deliver)
      : bus.subscribe(channels, this.#deliver)
  }

  #lose(connection: Connection, cause: unknown): void {
    if (connection.lost) return
    connection.lost = true
    if (this.#connection === connection) {
      this.#connection = null
      this.#complain(cause)
    }
    for (const client of [connection.commands, connection.bus]) client.destroy()
    connection.end()
  }

  /** Says once in an outage what is wrong. */
  #complain(cause: unknown): void {
    if (this.#closed) return
    if (this.#outage === null) this.#options.warn(`${this.#who} cannot be reached: ${reasonOf(cause)}. Trying on.`)
    this.#outage = cause
  }

  #rest(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, millis)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function connectionOf(commands: Client): Connection {
  let end = () => {}
  const loss = new Promise<void>((resolve) => {
    end = resolve
  })
  return { commands, bus: commands.duplicate(), lost: false, loss, end }
}

/** How to publish: to the shard of a channel where Redis is new enough for it (7.0). */
async function publishOf(client: Client): Promise<string> {
  const [known] = (await client.sendCommand(['COMMAND', 'INFO', 'SPUBLISH'])) as unknown as readonly unknown[]
  return known ? 'SPUBLISH' : 'PUBLISH'
}

/** Says what in the settings of a Redis will lose calls. Where it may not be asked, as with some hosts, it is not. */
async function advise(client: Client, warn: (message: string) => void): Promise<void> {
  const setting = async (name: string) => {
    const found: Readonly<Record<string, string>> = await client.configGet(name).catch(() => ({}))
    return found[name]
  }
  const policy = await setting('maxmemory-policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warn(`Redis evicts by ${policy}, so calls may vanish when memory is short. Set maxmemory-policy noeviction.`)
  }
  if ((await setting('appendonly')) === 'no') {
    warn('Redis keeps no append-only file, so its restart loses every call. Set appendonly yes.')
  }
  const replication = await client.info('replication').catch(() => '')
  if (!replication.includes('master_replid:')) {
    warn('Redis does not tell its master_replid, so a restart that takes calls back would not be noticed.')
  }
}
