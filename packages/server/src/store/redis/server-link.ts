/**
 * A link to one Redis server, or to a host name or proxy of the current primary. Commands and the bus use separate
 * connections, which reconnect by themselves. A connection to a silent server or a former primary is replaced.
 */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { StoreUnavailableError } from '../call-store.ts'
import {
  BaseLink,
  clientSettings,
  type LinkOptions,
  type Redis,
  type RedisLink,
  RedisTimeoutError,
  reasonOf,
  reconnectDelayMs,
  withTimeout,
} from './link.ts'

const clientOf = ({ createClient }: Redis, options: LinkOptions) =>
  createClient({ url: options.urls[0], ...clientSettings(options) })

type Client = ReturnType<typeof clientOf>

/** A connection to one Redis server. */
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
    this.request(([, bus]) => bus.unsubscribe(channel, this.#deliver)).catch(() => {})
  }

  protected open(redis: Redis): readonly [Client, Client] {
    const commands = clientOf(redis, this.options)
    const clients = [commands, commands.duplicate()] as const
    let advised: Promise<void> | undefined
    commands.once('ready', () => {
      advised = warnOfSettings(commands, this.options.warn)
    })
    for (const client of clients) {
      client.on('error', (error: unknown) => this.#replace(error, [client]))
      client.on('ready', () => {
        if (clients.every(({ isReady }) => isReady)) this.reportRecovery()
      })
    }
    this.#clients = clients
    const attempts = Promise.all(clients.map((client) => once(client, 'ready').catch(() => {}))).then(() => advised)
    this.firstAttempt = withTimeout(attempts, this.options.timeoutMs, this.label).catch((error: unknown) =>
      this.reportOutage(error),
    )
    for (const client of clients) client.connect().catch(() => {})
    return clients
  }

  readonly #deliver = (text: string, channel: string) => this.options.onMessage(channel, text)

  async #ask<T>(
    choose: (clients: readonly [Client, Client]) => Client,
    ask: (client: Client) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.request(async (clients) => {
        const client = choose(clients)
        if (client.isReady) return ask(client)
        throw new StoreUnavailableError(`${this.label} cannot be reached: ${reasonOf(this.outage)}`, {
          cause: this.outage,
        })
      })
    } catch (error) {
      // The server may be a replica now: a new connection reaches the current primary.
      if (error instanceof RedisTimeoutError || /^(READONLY|MASTERDOWN)/.test(reasonOf(error)))
        this.#replace(error, this.#clients)
      throw error
    }
  }

  /** Reconnects those of the given clients that are connected. Disconnected clients reconnect by themselves. */
  #replace(cause: unknown, clients: readonly Client[]): void {
    this.reportOutage(cause)
    for (const client of clients.filter(({ isReady }) => isReady)) {
      client.destroy()
      pause(reconnectDelayMs(0))
        .then(() => (this.isClosed ? undefined : client.connect()))
        .catch(() => {})
    }
  }
}

/** Warns of Redis settings that lose calls. Skips settings that Redis does not allow this user to read. */
async function warnOfSettings(client: Client, warn: (message: string) => void): Promise<void> {
  const setting = async (name: string) => {
    const found: Readonly<Record<string, string>> = await client.configGet(name).catch(() => ({}))
    return found[name]
  }
  const policy = await setting('maxmemory-policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warn(`Redis evicts keys by ${policy}, so calls may be lost when memory is short. Set maxmemory-policy noeviction.`)
  }
  if ((await setting('appendonly')) === 'no') {
    warn('Redis has no append-only file, so a restart loses all calls. Set appendonly yes.')
  }
  const replication = await client.info('replication').catch(() => '')
  if (client.isReady && !replication.includes('master_replid:')) {
    warn('Redis does not report master_replid, so data loss in a restart is not detected. Allow INFO replication.')
  }
}
