/** The servers under test: the ordinary ways of doing it, and ours on each of its stores. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { abilities as Callgather, CallgatherSettings } from './parts/callgather-server.ts'
import type { Crowd } from './parts/crowd.ts'
import { start, type Usage } from './parts/part.ts'
import type { abilities as Peer, PeerKind, PeerSettings } from './parts/peer-server.ts'
import type { Watch } from './parts/watcher.ts'
import { type Redis, startRedis } from './redis.ts'

/** One server to compare. */
export interface Contender {
  readonly name: string
  readonly make:
    | { readonly peer: PeerKind }
    | { readonly callgather: 'memory' | 'sqlite' | 'redis'; readonly verifier?: CallgatherSettings['verifier'] }
}

/** A contender that runs. */
export interface Running {
  readonly name: string
  /** Where webhooks go. */
  readonly address: { readonly port: number; readonly path: string }
  /** How a watcher watches here; `null` if it relays nothing. */
  watch(calls: readonly string[]): Promise<Watch | null>
  /** How many watch one call here. */
  crowd(call: string, count: number): Promise<Crowd>
  cpu(): Promise<number>
  usage(): Promise<Usage>
  /** When each webhook arrived, since this was last asked. */
  arrivals(): Promise<[id: string, nanos: bigint][]>
  stop(): Promise<void>
}

/** Where a contender runs, and on what. */
export interface RunOptions {
  readonly core?: number
  /** A Redis that it shares with others, in place of one of its own. */
  readonly redis?: Redis
}

/** Starts a contender. */
export async function run(contender: Contender, publicKey: string, options: RunOptions = {}): Promise<Running> {
  const { core, redis } = options
  const pinned = core === undefined ? {} : { core }
  if ('peer' in contender.make)
    return runPeer(contender.name, { kind: contender.make.peer, publicKey, redisUrl: redis?.url }, pinned)
  return runOurs(contender.name, contender.make, publicKey, pinned, redis)
}

async function runPeer(name: string, settings: PeerSettings, pinned: { core?: number }): Promise<Running> {
  const part = await start<typeof Peer>('peer-server.ts', { ...pinned, settings, label: settings.kind })
  const port = await part.ask('listen')
  const { kind } = settings
  return {
    name,
    address: { port, path: '/webhooks' },
    watch: async (calls) =>
      kind === 'verify' ? null : { kind: kind.startsWith('ws') ? 'ws' : 'socket.io', port, calls },
    crowd: async (call, count) => ({ kind: kind.startsWith('ws') ? 'ws' : 'socket.io', port, call, count }),
    cpu: () => part.cpu(),
    usage: () => part.usage(),
    arrivals: () => part.ask('arrivals'),
    stop: () => part.stop(),
  }
}

async function runOurs(
  name: string,
  { callgather, verifier }: Extract<Contender['make'], { callgather: string }>,
  publicKey: string,
  pinned: { core?: number },
  shared: Redis | undefined,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-bench-'))
  const redis = callgather === 'redis' && !shared ? await startRedis(folder) : null
  const store = (redis ?? shared)?.url ?? (callgather === 'sqlite' ? `file:${join(folder, 'calls.db')}` : 'memory:')
  const settings: CallgatherSettings = { publicKey, store, ...(verifier && { verifier }) }
  const part = await start<typeof Callgather>('callgather-server.ts', {
    ...pinned,
    settings,
    label: callgather,
  })
  const port = await part.ask('listen')
  return {
    name,
    address: { port, path: '/callgather/webhooks' },
    watch: async (calls) => ({ kind: 'callgather', port, calls, ticket: await part.ask('ticket', 'agent') }),
    crowd: async (call, count) => {
      const tickets = await Promise.all(
        Array.from({ length: Math.min(count, 1000) }, (_, index) => part.ask('ticket', `agent ${index}`)),
      )
      return { kind: 'callgather', port, call, count, tickets }
    },
    cpu: () => part.cpu(),
    usage: () => part.usage(),
    arrivals: () => part.ask('arrivals'),
    stop: async () => {
      await part.stop()
      await redis?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
