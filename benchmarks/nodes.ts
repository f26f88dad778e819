/**
 * Two servers that share a Redis: how long an agent waits who is connected to the server that took the webhook, and one
 * who is connected to the other. Against socket.io with its own adapter for Redis streams, on the same Redis.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, type Running, run } from './contenders.ts'
import { atMost, type Effort, median, quantile, type Report, ratioOf, roundsOf } from './harness.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start } from './parts/part.ts'
import type { abilities as Watcher } from './parts/watcher.ts'
import { type Redis, startRedis } from './redis.ts'

const CALLS = 20
const PER_SECOND = 200

const contenders = {
  adapter: { name: 'socket.io, redis-streams adapter', make: { peer: 'socket.io+streams' } },
  verified: { name: 'the same, verified', make: { peer: 'verify+emit+streams' } },
  ours: { name: 'CallGather (verified, appended, folded)', make: { callgather: 'redis' } },
} as const satisfies Record<string, Contender>

type Name = keyof typeof contenders
type Place = 'same' | 'other'

interface Delays {
  readonly p50: number[]
  readonly p99: number[]
}

interface Pair {
  readonly name: Name
  readonly taking: Running
  readonly other: Running
  readonly delays: Readonly<Record<Place, Delays>>
  lost: number
}

const syncs = { always: 'Redis synced before each answer', everysec: 'Redis synced once a second' } as const

/** Runs the benchmark. */
export async function nodes({ rounds, size }: Effort): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-nodes-'))
  const keys = makeKeys()
  const perRound = PER_SECOND * 2 * size
  const load = await start<typeof Load>('load.ts', { core: 1 })
  const near = await start<typeof Watcher>('watcher.ts', { core: 1 })
  const far = await start<typeof Watcher>('watcher.ts', { core: 1 })
  const servers: Redis[] = []
  const pairs = new Map<keyof typeof syncs, Pair[]>()
  await load.ask('prepare', { name: 'nodes', kind: 'keys', calls: CALLS, count: perRound * (rounds + 1), keys })
  for (const sync of Object.keys(syncs) as (keyof typeof syncs)[]) {
    const redis = await startRedis(mkdtempSync(join(folder, sync)), sync)
    servers.push(redis)
    const each: Pair[] = []
    for (const name of Object.keys(contenders) as Name[]) {
      const taking = await run(contenders[name], keys.publicKey, { core: 0, redis })
      const other = await run(contenders[name], keys.publicKey, { core: 1, redis })
      const delays = { same: { p50: [], p99: [] }, other: { p50: [], p99: [] } }
      await load.ask('send', { name: 'nodes', ...taking.address, from: 0, count: CALLS, connections: 4 })
      each.push({ name, taking, other, delays, lost: 0 })
    }
    pairs.set(sync, each)
  }
  for (const round of roundsOf('nodes', rounds)) {
    const send = {
      name: 'nodes',
      from: CALLS + round * perRound,
      count: perRound,
      connections: 8,
      perSecond: PER_SECOND,
    }
    for (const pair of [...pairs.values()].flat()) await oneRound(pair, { load, near, far, send, counts: round > 0 })
  }
  for (const { taking, other } of [...pairs.values()].flat()) {
    await taking.stop()
    await other.stop()
  }
  for (const each of [load, near, far, ...servers]) await each.stop()
  rmSync(folder, { recursive: true, force: true })

  const against = (sync: keyof typeof syncs, place: Place, key: keyof Delays, ours: Name, theirs: Name) => {
    const of = (name: Name) => pairs.get(sync)?.find((pair) => pair.name === name)?.delays[place][key] ?? []
    return ratioOf(of(ours), of(theirs))
  }
  const goal = (sync: keyof typeof syncs, place: Place, limit: number) =>
    atMost(
      'G7',
      `p50 of a watcher on the ${place === 'same' ? 'taking' : 'other'} server against the verified adapter (${syncs[sync]})`,
      limit,
      against(sync, place, 'p50', 'ours', 'verified'),
    )
  return {
    tables: [...pairs].map(([sync, each]) => ({
      caption: syncs[sync],
      head: [
        '',
        'taking server: p50 µs',
        '× verified',
        'p99 µs',
        'other server: p50 µs',
        '× verified',
        'p99 µs',
        'lost',
      ],
      rows: each.map(({ name, delays: { same, other }, lost }) => [
        contenders[name].name,
        median(same.p50),
        against(sync, 'same', 'p50', name, 'verified'),
        median(same.p99),
        median(other.p50),
        against(sync, 'other', 'p50', name, 'verified'),
        median(other.p99),
        lost,
      ]),
    })),
    goals: [
      goal('always', 'same', 0.35),
      goal('always', 'other', 1),
      goal('everysec', 'same', 0.35),
      goal('everysec', 'other', 1),
    ],
    notes: [
      `${PER_SECOND} webhooks/s of 1 kB over ${CALLS} calls, all to one server; one watcher of all calls on each.`,
      'From the webhook’s arrival (headers parsed) to the watcher’s client, for ours down to the folded state. Only ours waits until it is stored.',
    ],
    packages: ['socket.io', '@socket.io/redis-streams-adapter', 'redis'],
  }
}

interface Round {
  readonly load: Part<typeof Load>
  readonly near: Part<typeof Watcher>
  readonly far: Part<typeof Watcher>
  readonly send: { name: string; from: number; count: number; connections: number; perSecond: number }
  readonly counts: boolean
}

async function oneRound(pair: Pair, { load, near, far, send, counts }: Round): Promise<void> {
  const { taking, other, delays } = pair
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf('nodes', index))
  const watchers = [
    { watcher: near, server: taking, into: delays.same },
    { watcher: far, server: other, into: delays.other },
  ]
  for (const { watcher, server } of watchers) {
    const watch = await server.watch(calls)
    if (watch) await watcher.ask('watch', watch)
  }
  await taking.arrivals()
  await load.ask('send', { ...taking.address, ...send })
  const arrivals = new Map(await taking.arrivals())
  for (const { watcher, into } of watchers) {
    for (let tries = 0; tries < 200 && (await watcher.ask('count')) < send.count; tries++) await sleep(20)
    const seen: number[] = []
    for (const [id, nanos] of await watcher.ask('received')) {
      const arrived = arrivals.get(id)
      if (arrived !== undefined) seen.push(Number(nanos - arrived) / 1000)
    }
    await watcher.ask('close')
    if (!counts) continue
    into.p50.push(quantile(seen, 0.5))
    into.p99.push(quantile(seen, 0.99))
    pair.lost += send.count - seen.length
  }
}
