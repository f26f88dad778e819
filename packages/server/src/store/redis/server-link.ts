/**
 * A link to one Redis server, or to whatever name or proxy stands for the one that is in charge: commands on one
 * connection, the bus on another. Each reconnects by itself when it breaks. One that still stands but leads to a server
 * that is silent, or is a replica by now, is replaced.
 */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { StoreUnavailableError } from '../call-store.ts'
import {
  BaseLink,
  clientSettings,
  inTime,
  type LinkOptions,
  type Redis,
  type RedisLink,
  reasonOf,
  retryAfter,
  Silence,
} from './link.ts'

const clientOf = ({ createClient }: Redis, options: LinkOptions) =>
  createClient({ url: options.urls[0], ...clientSettings(options) })

type Client = ReturnType<typeof clientOf>

/** Opens a link to one server. */
export class ServerLink extends BaseLink<readonly [commands: Client, bus: Client]> implements RedisLink {
  readonly isOneServer = true
  #clients: readonly Client[] = []

  constructor(options: LinkOptions) {
    const { hostname, port } = new URL(options.urls[0])
    super(options, `Redis at ${hostname}:${port || 6379}`)
  }

  send(_key: string, command: readonly string[]): Promise<unknown> {
    return this.#ask(
      ([commands]) => commands,
      (commands) => commands.sendCommand(command),
    )
  }

  async sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void> {
    await this.send(name, command(name))
  }

  subscribe(channel: string): Promise<void> {
    return this.#ask(
      ([, bus]) => bus,
      (bus) => bus.subscribe(channel, this.#deliver),
    )
  }

  unsubscribe(channel: string): void {
    this.answer(([, bus]) => bus.unsubscribe(channel, this.#deliver)).catch(() => {})
  }

  protected open(redis: Redis): readonly [Client, Client] {
    const commands = clientOf(redis, this.options)
    const clients = [commands, commands.duplicate()] as const
    let advised: Promise<void> | undefined
    commands.once('ready', () => {
      advised = advise(commands, this.options.warn)
    })
    for (const client of clients) {
      client.on('error', (error: unknown) => this.#replace(error, [client]))
      client.on('ready', () => {
        if (clients.every(({ isReady }) => isReady)) this.recovered()
      })
    }
    this.#clients = clients
    const attempts = Promise.all(clients.map((client) => once(client, 'ready').catch(() => {}))).then(() => advised)
    this.attempted = inTime(attempts, this.options.timeoutMs, this.who).catch((error: unknown) => this.complain(error))
    for (const client of clients) client.connect().catch(() => {})
    return clients
  }

  readonly #deliver = (text: string, channel: string) => this.options.onMessage(channel, text)

  async #ask<T>(
    choose: (clients: readonly [Client, Client]) => Client,
    ask: (client: Client) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.answer(async (clients) => {
        const client = choose(clients)
        if (client.isReady) return ask(client)
        throw new StoreUnavailableError(`${this.who} cannot be reached: ${reasonOf(this.outage)}`, {
          cause: this.outage,
        })
      })
    } catch (error) {
      // A replica does not become the one in charge by waiting: whoever is in charge now is found by connecting anew.
      if (error instanceof Silence || /^(READONLY|MASTERDOWN)/.test(reasonOf(error)))
        this.#replace(error, this.#clients)
      throw error
    }
  }

  /** Connects anew those of the clients that hold a connection; the others are connecting already. */
  #replace(cause: unknown, clients: readonly Client[]): void {
    this.complain(cause)
    for (const client of clients.filter(({ isReady }) => isReady)) {
      client.destroy()
      pause(retryAfter(0))
        .then(() => (this.isClosed ? undefined : client.connect()))
        .catch(() => {})
    }
  }
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
  if (client.isReady && !replication.includes('master_replid:')) {
    warn('Redis does not tell its master_replid, so a restart that takes calls back would not be noticed.')
  }
}
