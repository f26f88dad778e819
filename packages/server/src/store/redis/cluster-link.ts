/** A link to a Redis Cluster; each of its servers is connected to, lost and found again by itself. */
import { StoreUnavailable } from '../call-store.ts'
import {
  clientSettings,
  inTime,
  type LinkOptions,
  loadRedis,
  type Redis,
  type RedisLink,
  reasonOf,
  retryAfter,
} from './link.ts'

function clusterOf({ createCluster }: Redis, { urls, timeout }: LinkOptions) {
  const { username, password, protocol } = new URL(urls[0])
  return createCluster({
    rootNodes: urls.map((url) => ({ url })),
    // The servers that are found have no URL of ours, so they are given what the first one's says.
    defaults: {
      ...clientSettings(timeout),
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      socket: {
        ...(protocol === 'rediss:' ? { tls: true as const } : {}),
        connectTimeout: timeout,
        socketTimeout: timeout,
        reconnectStrategy: retryAfter,
      },
    },
  })
}

type Cluster = ReturnType<typeof clusterOf>

const WHO = 'The Redis Cluster'

/** Opens a link to a cluster. */
export class ClusterLink implements RedisLink {
  readonly publish = 'SPUBLISH'
  readonly isOneServer = false
  readonly #options: LinkOptions
  readonly #cluster: Promise<Cluster>
  #closed = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.#cluster = this.#connect()
    this.#cluster.catch(() => {})
  }

  async send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#answer((cluster) => cluster.sendCommand(key, false, [...command]))
  }

  async sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void> {
    await this.#answer(async (cluster) => {
      const keys = await keyOnEach(cluster, name)
      await Promise.all(keys.map((key) => cluster.sendCommand(key, false, [...command(key)])))
    })
  }

  async subscribe(channel: string): Promise<void> {
    await this.#answer((cluster) => cluster.sSubscribe(channel, this.#deliver))
  }

  unsubscribe(channel: string): void {
    void this.#answer((cluster) => cluster.sUnsubscribe(channel, this.#deliver)).catch(() => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    const closing = this.#answer((cluster) => cluster.close())
    this.#closed = true
    await closing.catch(() => {})
    await this.#cluster.then(
      (cluster) => cluster.destroy(),
      () => {},
    )
  }

  readonly #deliver = (text: string, channel: string) => this.#options.onMessage(channel, text)

  #answer<T>(ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('The store is closed.'))
    return inTime(this.#cluster.then(ask), this.#options.timeout, WHO)
  }

  async #connect(): Promise<Cluster> {
    const { onResumed, warn } = this.#options
    const cluster = clusterOf(await loadRedis(), this.#options)
    let isWhole = true
    const complain = (error: unknown) => {
      if (isWhole && !this.#closed) warn(`${WHO}: ${reasonOf(error)}. Trying on.`)
      isWhole = false
    }
    cluster.on('error', complain)
    cluster.on('node-error', complain)
    cluster.on('node-ready', () => {
      if (!isWhole) onResumed()
      isWhole = true
    })
    for (let failures = 0; ; failures++) {
      try {
        await cluster.connect()
        return cluster
      } catch (error) {
        if (this.#closed) throw error
        complain(error)
        await new Promise((resolve) => setTimeout(resolve, retryAfter(failures)))
      }
    }
  }
}

/** A key on each server. Where a key belongs is a hash of its name, so names are tried until every server has one. */
async function keyOnEach(cluster: Cluster, name: string): Promise<string[]> {
  const servers = cluster.masters.length
  const keys = new Map<unknown, string>()
  // A server that has no keys, as one that has just joined, is not found by any name.
  for (let tries = 0; keys.size < servers && tries < servers * 100; tries++) {
    const key = `${name}:${tries}`
    const server = await cluster.getNodeClientForKey(key)
    if (!keys.has(server)) keys.set(server, key)
  }
  return [...keys.values()]
}
