/** Starts and disposes the processes of a benchmark: senders, watchers, servers under test, Redis. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@callgather/test-kit/free-port'
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

/** A Redis that syncs to disk before each reply. */
export interface Redis {
  readonly url: string
  /** CPU time so far, in µs. */
  cpu(): number
}

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
  readonly redis?: Redis
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

  /** Starts a separate Redis. */
  async redis(): Promise<Redis> {
    const port = await freePort()
    const url = `redis://127.0.0.1:${port}`
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', mkdtempSync(join(this.folder, 'redis-'))]
    const child = spawn('redis-server', [...place, ...durable], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    process.once('exit', () => child.kill('SIGKILL'))
    this.#stops.push(() => child.kill() && ended)
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`redis-server exited with code ${code}.`)))
      child.stdout.on('data', (text) => String(text).includes('Ready to accept') && resolve())
    })
    const cpu = () => {
      const { stdout } = spawnSync('redis-cli', ['-u', url, 'INFO', 'cpu'], { encoding: 'utf8' })
      const spent = [...stdout.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)]
      return spent.reduce((sum, [, seconds]) => sum + Number(seconds), 0) * 1e6
    }
    return { url, cpu }
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

/** Connects one agent of a watcher part to calls on a server. */
export async function watch({ watcher, server }: Watching, calls: readonly string[]): Promise<void> {
  const { kind, address } = server
  await watcher.ask('begin', { kind, port: address.port, tickets: await server.ask('tickets', 1) })
  await watcher.ask('watch', [calls])
}

/** Waits up to ten seconds until a watcher has received `count` events. Returns the number received. */
export async function arrived({ watcher }: Watching, count: number): Promise<number> {
  for (let tries = 0; tries < 500 && (await watcher.ask('count')) < count; tries++) await sleep(20)
  return watcher.ask('count')
}

/** Delays from a webhook's arrival to each watcher, in µs, and the server's CPU time. */
export interface Delays {
  readonly p50: number
  readonly p99: number
  readonly lost: number
}

/** Sends webhooks at a fixed rate to the first watcher's server, and measures the delay to every watcher. */
export async function timeDelays(
  load: Part<typeof Load>,
  all: readonly Watching[],
  calls: readonly string[],
  target: Omit<Target, 'port' | 'path'>,
): Promise<Delays[]> {
  const taking = all[0]?.server
  if (!taking) return []
  for (const each of all) await watch(each, calls)
  await taking.ask('arrivals')
  await load.ask('send', { ...target, ...taking.address })
  const arrivals = new Map(await taking.ask('arrivals'))
  const delays: Delays[] = []
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
