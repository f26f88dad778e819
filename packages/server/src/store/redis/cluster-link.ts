/** A link to a Redis Cluster. The client connects and reconnects to each node. */
import { setTimeout as pause } from 'node:timers/promises'
import { BaseLink, clientSettings, type LinkOptions, type Redis, type RedisLink, reconnectDelayMs } from './link.ts'

function clusterOf({ createCluster }: Redis, options: LinkOptions) {
  const { username, password, protocol } = new URL(options.urls[0])
  const { socket, ...settings } = clientSettings(options)
  return createCluster({
    rootNodes: options.urls.map((url) => ({ url })),
    // Discovered nodes have no URL, so they use the credentials of the first one.
    defaults: {
      ...settings,
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      socket: { ...socket, ...(protocol === 'rediss:' ? { tls: true as const } : {}) },
    },
  })
}

type Cluster = ReturnType<typeof clusterOf>

/** A connection to a Redis Cluster. */
export class ClusterLink extends BaseLink<readonly [Cluster]> implements RedisLink {
  readonly isOneServer = false
  #connected: Promise<unknown> = Promise.resolve()

  constructor(options: LinkOptions) {
    super(options, 'The Redis Cluster')
  }

  send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#ask((cluster) => cluster.sendCommand(key, false, [...command]))
  }

  async sendToEach(name: string, command: (key: string) => readonly string[]): Promise<void> {
    await this.#ask(async (cluster) => {
      const keys = await keyOnEach(cluster, name)
      await Promise.all(keys.map((key) => cluster.sendCommand(key, false, [...command(key)])))
    })
  }

  subscribe(channel: string): Promise<void> {
    return this.#ask((cluster) => cluster.sSubscribe(channel, this.#deliver))
  }

  unsubscribe(channel: string): void {
    this.#ask(async (cluster) => cluster.sUnsubscribe(channel, this.#deliver)).catch(() => {})
  }

  protected open(redis: Redis): readonly [Cluster] {
    const cluster = clusterOf(redis, this.options)
    for (const event of ['error', 'node-error']) cluster.on(event, (error: unknown) => this.reportOutage(error))
    cluster.on('node-ready', () => this.reportRecovery())
    this.#connected = this.#connect(cluster)
    return [cluster]
  }

  readonly #deliver = (text: string, channel: string) => this.options.onMessage(channel, text)

  #ask<T>(ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    return this.request(async ([cluster]) => {
      await this.#connected
      return ask(cluster)
    })
  }

  async #connect(cluster: Cluster): Promise<void> {
    for (let failures = 0; !this.isClosed; failures++) {
      try {
        await cluster.connect()
        return
      } catch (error) {
        this.reportOutage(error)
        await pause(reconnectDelayMs(failures))
      }
    }
  }
}

/** Returns a key for each node of the cluster, by trying key names until each node has a key. */
async function keyOnEach(cluster: Cluster, name: string): Promise<string[]> {
  const servers = cluster.masters.length
  const keys = new Map<unknown, string>()
  // No name leads to a node without slots, such as one that has just joined.
  for (let tries = 0; keys.size < servers && tries < servers * 100; tries++) {
    const key = `${name}:${tries}`
    const server = await cluster.getNodeClientForKey(key)
    if (!keys.has(server)) keys.set(server, key)
  }
  return [...keys.values()]
}
