/** Starts and disposes the processes of a benchmark: senders, watchers, servers under test, Redis. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestRedis } from '@callgather/test-kit/redis'
import { quantile } from './harness.ts'
import type { abilities as Callgather } from './parts/callgather-server.ts'
import { makeKeys } from './parts/corpus.ts'
import type { abilities as Load, Target } from './parts/load.ts'
import { type Abilities, type Part, type StartOptions, start } from './parts/part.ts'
import type { PeerKind } from './parts/peer-server.ts'
import type { abilities as Watchers } from './parts/watchers.ts'

/** A server to compare: a peer, or ours on one of its stores. */
export type Contender = { readonly name: string } & (
  | { readonly peer: PeerKind }
  | { readonly store: 'memory' | 'sqlite' | 'redis' }
)

/** A running contender. */
export interface Running extends Part<typeof Callgather> {
  readonly name: string
  readonly kind: 'ws' | 'socket.io' | 'callgather'
  /** Where webhooks go. */
  readonly address: { readonly port: number; readonly path: string }
}

/** Where a contender runs. */
export interface Place {
  readonly core?: number
  /** Shared with other servers. */
  readonly redis?: TestRedis
}

/** The flags with which our image starts a server. The peers measured the same with it. */
export const IMAGE_FLAGS = ['--min-semi-space-size=16']

export class Lab {
  readonly keys = makeKeys()
  readonly folder = mkdtempSync(join(tmpdir(), 'callgather-bench-'))
  readonly #stops: (() => unknown)[] = []

  /** Starts a part. The lab ends it on disposal. */
  async part<Able extends Abilities>(file: string, options?: StartOptions): Promise<Part<Able>> {
    const part = await start<Able>(file, options)
    this.#stops.push(() => part.stop())
    return part
  }

  /** The sender of webhooks, on the core that the servers leave free. */
  load(core: number | null = 1): Promise<Part<typeof Load>> {
    return this.part('load.ts', core === null ? {} : { core })
  }

  watchers(): Promise<Part<typeof Watchers>> {
    return this.part('watchers.ts', { core: 1 })
  }

  /** Starts a contender with its own store, unless it shares a Redis. */
  async server(contender: Contender, { core, redis }: Place = {}): Promise<Running> {
    const { publicKey } = this.keys
    const isPeer = 'peer' in contender
    const store = isPeer ? '' : contender.store
    const at = store === 'sqlite' ? `file:${join(mkdtempSync(join(this.folder, 'store-')), 'calls.db')}` : `${store}:`
    const settings = isPeer
      ? { kind: contender.peer, publicKey, redisUrl: redis?.url }
      : { publicKey, store: redis?.url ?? at }
    const file = isPeer ? 'peer-server.ts' : 'callgather-server.ts'
    const options = { settings, flags: isPeer ? [] : IMAGE_FLAGS, ...(core === undefined ? {} : { core }) }
    const part = await this.part<typeof Callgather>(file, options)
    const kind = !isPeer ? 'callgather' : contender.peer === 'ws frames' ? 'ws' : 'socket.io'
    const address = { port: await part.ask('listen'), path: isPeer ? '/webhooks' : '/callgather/webhooks' }
    return { ...part, name: contender.name, kind, address }
  }

  /** Starts a separate Redis, which syncs to disk before each reply. */
  async redis(): Promise<TestRedis> {
    const redis = await TestRedis.start('--appendonly', 'yes', '--appendfsync', 'always')
    this.#stops.push(() => redis[Symbol.asyncDispose]())
    return redis
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A watcher and the server it watches. */
export interface Watching {
  readonly watcher: Part<typeof Watchers>
  readonly server: Running
}

/** Connects agents of a watcher part to calls on a server: one, or a number of them that only count messages. */
export async function watch({ watcher, server }: Watching, calls: readonly string[], bare?: number): Promise<void> {
  const tickets = await server.ask('tickets', bare ?? 1)
  const { kind, address } = server
  await watcher.ask('begin', { kind, port: address.port, tickets, isBare: bare !== undefined })
  await watcher.ask('watch', [calls])
}

/** Waits up to ten seconds until a watcher has received `count` events. */
export async function arrived({ watcher }: Watching, count: number): Promise<{ count: number; bytes: number }> {
  for (let tries = 0; tries < 500 && (await watcher.ask('arrived')).count < count; tries++) await sleep(20)
  return watcher.ask('arrived')
}

/** Sends webhooks at a fixed rate to the first watcher's server, and measures the delay to every watcher, in µs. */
export async function timeDelays(
  load: Part<typeof Load>,
  all: readonly Watching[],
  calls: readonly string[],
  target: Omit<Target, 'port' | 'path'>,
): Promise<{ p50: number; p99: number; lost: number }[]> {
  const taking = all[0]?.server
  if (!taking) return []
  for (const each of all) await watch(each, calls)
  await taking.ask('arrivals')
  await load.ask('send', { ...target, ...taking.address })
  const arrivals = new Map(await taking.ask('arrivals'))
  const delays = []
  for (const each of all) {
    await arrived(each, target.count)
    const taken = (await each.watcher.ask('received')).flatMap(([id, nanos]) => {
      const began = arrivals.get(id)
      return began === undefined ? [] : [Number(nanos - began) / 1000]
    })
    await each.watcher.ask('close')
    delays.push({ p50: quantile(taken, 0.5), p99: quantile(taken, 0.99), lost: target.count - taken.length })
  }
  return delays
}
