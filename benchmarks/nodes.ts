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
/** Sent as fast as they are answered before anything counts: a server that has just started is slow in its own way. */
const WARM_UP = 3_000

const contenders = {
  adapter: { name: 'socket.io, redis-streams adapter', make: { peer: 'socket.io+streams' } },
  verified: { name: 'the same, verified', make: { peer: 'verify+emit+streams' } },
  floor: { name: 'verified, one script in Redis, then shown: the floor', make: { peer: 'verify+store+emit' } },
  ours: { name: 'CallGather (verified, appended, folded)', make: { callgather: 'redis' } },
} as const satisfies Record<string, Contender>

type Name = keyof typeof contenders
type Place = 'same' | 'other'

interface Delays {
  readonly p50: number[]
  readonly p99: number[]
}

type Process = 'taking' | 'other' | 'redis'

interface Pair {
  readonly name: Name
  readonly taking: Running
  readonly other: Running
  readonly redis: Redis
  readonly delays: Readonly<Record<Place, Delays>>
  /** For each webhook, in µs. */
  readonly cpu: Readonly<Record<Process, number[]>>
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
  await load.ask('prepare', {
    name: 'nodes',
    kind: 'keys',
    calls: CALLS,
    count: CALLS + WARM_UP + perRound * rounds,
    keys,
  })
  for (const sync of Object.keys(syncs) as (keyof typeof syncs)[]) {
    const redis = await startRedis(mkdtempSync(join(folder, sync)), sync)
    servers.push(redis)
    const each: Pair[] = []
    for (const name of Object.keys(contenders) as Name[]) {
      const taking = await run(contenders[name], keys.publicKey, { core: 0, redis })
      const other = await run(contenders[name], keys.publicKey, { core: 1, redis })
      const delays = { same: { p50: [], p99: [] }, other: { p50: [], p99: [] } }
      await load.ask('send', { name: 'nodes', ...taking.address, from: 0, count: CALLS, connections: 4 })
      each.push({ name, taking, other, redis, delays, cpu: { taking: [], other: [], redis: [] }, lost: 0 })
    }
    pairs.set(sync, each)
  }
  for (const round of roundsOf('nodes', rounds)) {
    const paced = { from: CALLS + WARM_UP + (round - 1) * perRound, count: perRound, perSecond: PER_SECOND }
    const send = { name: 'nodes', connections: 8, ...(round === 0 ? { from: CALLS, count: WARM_UP } : paced) }
    for (const pair of [...pairs.values()].flat()) await oneRound(pair, { load, near, far, send, counts: round > 0 })
  }
  for (const { taking, other } of [...pairs.values()].flat()) {
    await taking.stop()
    await other.stop()
  }
  for (const each of [load, near, far, ...servers]) await each.stop()
  rmSync(folder, { recursive: true, force: true })

  const pairOf = (sync: keyof typeof syncs, name: Name) => pairs.get(sync)?.find((pair) => pair.name === name)
  const against = (sync: keyof typeof syncs, place: Place, key: keyof Delays, ours: Name, theirs: Name) => {
    const of = (name: Name) => pairOf(sync, name)?.delays[place][key] ?? []
    return ratioOf(of(ours), of(theirs))
  }
  const spent = (sync: keyof typeof syncs, process: Process, name: Name) => {
    const of = (each: Name) => pairOf(sync, each)?.cpu[process] ?? []
    return [median(of(name)), ratioOf(of(name), of('verified'))]
  }
  const goal = (sync: keyof typeof syncs, place: Place, limit: number) =>
    atMost(
      'G7',
      `p50 of a watcher on the ${place === 'same' ? 'taking' : 'other'} server against the verified adapter (${syncs[sync]})`,
      limit,
      against(sync, place, 'p50', 'ours', 'verified'),
    )
  return {
    tables: [...pairs].flatMap(([sync, each]) => [
      {
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
      },
      {
        caption: `${syncs[sync]}: CPU for each webhook`,
        head: ['', 'taking server: µs', '× verified', 'other server: µs', '× verified', 'Redis: µs', '× verified'],
        rows: each.map(({ name }) => [
          contenders[name].name,
          ...spent(sync, 'taking', name),
          ...spent(sync, 'other', name),
          ...spent(sync, 'redis', name),
        ]),
      },
    ]),
    goals: [
      goal('always', 'same', 0.35),
      goal('always', 'other', 1),
      goal('everysec', 'same', 0.35),
      goal('everysec', 'other', 1),
    ],
    notes: [
      `${PER_SECOND} webhooks/s of 1 kB over ${CALLS} calls, all to one server; one watcher of all calls on each.`,
      'From the webhook’s arrival (headers parsed) to the watcher’s client, for ours down to the folded state. Only the floor and ours wait until it is stored; the adapter waits for Redis as well, before it shows anything.',
      'The floor keeps each body in a list and tells the other server, in one script: neither deduplicated, numbered nor folded.',
    ],
    packages: ['socket.io', '@socket.io/redis-streams-adapter', 'redis'],
  }
}

interface Round {
  readonly load: Part<typeof Load>
  readonly near: Part<typeof Watcher>
  readonly far: Part<typeof Watcher>
  readonly send: { name: string; from: number; count: number; connections: number; perSecond?: number }
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
  const before = await spentBy(pair)
  await load.ask('send', { ...taking.address, ...send })
  const arrivals = new Map(await taking.arrivals())
  for (const { watcher } of watchers) {
    for (let tries = 0; tries < 200 && (await watcher.ask('count')) < send.count; tries++) await sleep(20)
  }
  const after = await spentBy(pair)
  for (const { watcher, into } of watchers) {
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
  if (!counts) return
  for (const process of ['taking', 'other', 'redis'] as const) {
    pair.cpu[process].push((after[process] - before[process]) / send.count)
  }
}

const spentBy = async ({ taking, other, redis }: Pair): Promise<Record<Process, number>> => ({
  taking: await taking.cpu(),
  other: await other.cpu(),
  redis: redis.cpu(),
})
