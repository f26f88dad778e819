/**
 * What a second core is worth. A server is one thread (and another that waits for the disk), so it can use a second
 * core little by itself; two servers on one Redis can. Each is loaded as fast as it answers. The sender posts prepared
 * bytes and has what the servers leave it: where it would be what is measured, its own share of the machine says so.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, type Running, run } from './contenders.ts'
import { atLeast, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { type Keys, makeKeys } from './parts/corpus.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'
import { hasRedis, type Redis, startRedis } from './redis.ts'

const CALLS = 200
const CONNECTIONS = 64

interface Setup {
  readonly name: string
  readonly make: Contender['make']
  /** The core of each server; `null` leaves it to the system. */
  readonly servers: readonly (number | null)[]
  /** What one core does, to compare with. */
  readonly one: string
}

const sqlite = { callgather: 'sqlite' } as const
const redisMade = { callgather: 'redis' } as const
const setups: readonly Setup[] = [
  { name: 'sqlite, one server on one core', make: sqlite, servers: [0], one: 'sqlite, one server on one core' },
  { name: 'sqlite, one server on both', make: sqlite, servers: [null], one: 'sqlite, one server on one core' },
  { name: 'Redis, one server on one core', make: redisMade, servers: [0], one: 'Redis, one server on one core' },
  { name: 'Redis, one server on both', make: redisMade, servers: [null], one: 'Redis, one server on one core' },
  { name: 'Redis, two servers, a core each', make: redisMade, servers: [0, 1], one: 'Redis, one server on one core' },
]

interface Row {
  readonly setup: Setup
  readonly servers: readonly Running[]
  readonly redis: Redis | null
  readonly perSecond: number[]
  /** Cores that each used, of those there are. */
  readonly serving: number[]
  readonly sending: number[]
  readonly storing: number[]
}

/** Runs the benchmark. */
export async function cores({ rounds, size }: Effort): Promise<Report> {
  if (cpus().length < 2) throw new Error('This benchmark needs two cores.')
  const folder = mkdtempSync(join(tmpdir(), 'callgather-cores-'))
  const keys = makeKeys()
  const perRound = 2_000 * size
  const load = await start<typeof Load>('load.ts')
  const corpus = { name: 'cores', kind: 'keys', calls: CALLS, count: perRound * (rounds + 1) } as const
  await load.ask('prepare', { ...corpus, keys })
  const send = (servers: readonly Running[], from: number, count: number) =>
    load.ask('send', {
      name: 'cores',
      port: servers.map(({ address }) => address.port),
      path: servers[0]?.address.path ?? '',
      connections: CONNECTIONS,
      ...{ from, count },
    })
  const rows = new Map<string, Row>()
  for (const setup of setups) {
    if (setup.make === redisMade && !hasRedis()) continue
    const row = await startSetup(setup, keys, folder)
    await send(row.servers, 0, CALLS)
    rows.set(setup.name, row)
  }
  for (const round of roundsOf('cores', rounds)) {
    for (const { servers, redis, perSecond, serving, sending, storing } of rows.values()) {
      const cpu = async () => {
        let all = 0
        for (const server of servers) all += await server.cpu()
        return { servers: all, load: await load.cpu(), redis: redis?.cpu() ?? 0 }
      }
      const before = await cpu()
      const sent = await send(servers, CALLS + round * perRound, perRound)
      if (sent.refused > 0) throw new Error(`${sent.refused} webhooks were refused.`)
      const after = await cpu()
      if (round === 0) continue
      const micros = sent.millis * 1000
      perSecond.push(sent.perSecond)
      serving.push((after.servers - before.servers) / micros)
      sending.push((after.load - before.load) / micros)
      storing.push((after.redis - before.redis) / micros)
    }
  }
  for (const { servers, redis } of rows.values()) {
    for (const server of servers) await server.stop()
    await redis?.stop()
  }
  await load.stop()
  rmSync(folder, { recursive: true, force: true })

  const times = (name: string) => {
    const row = rows.get(name)
    return ratioOf(row?.perSecond ?? [], rows.get(row?.setup.one ?? '')?.perSecond ?? [])
  }
  const best = Math.max(...[...rows.keys()].map(times))
  return {
    tables: [
      {
        head: ['', 'webhooks/s', '× one core', 'cores used: servers', 'sender', 'Redis'],
        rows: [...rows].map(([name, { perSecond, serving, sending, storing, redis }]) => [
          name,
          median(perSecond),
          times(name),
          median(serving),
          median(sending),
          redis ? median(storing) : null,
        ]),
      },
    ],
    goals: [atLeast('G4', 'webhooks/s with a second core against one (the best way to use it)', 1.5, best)],
    notes: [
      `${CALLS} live calls, ${CONNECTIONS} keep-alive connections, bodies of 0.9 kB, no watcher.`,
      `This machine has ${cpus().length} cores for servers, sender and Redis together: with one server on one core, the sender and Redis have the other to themselves; with the second in use, they take from it. What they took is in the table; servers on a machine of their own would have it.`,
    ],
  }
}

async function startSetup(setup: Setup, { publicKey }: Keys, folder: string): Promise<Row> {
  // Each setup has a Redis of its own, so that all of them can be given the same webhooks.
  const redis = setup.make === redisMade ? await startRedis(mkdtempSync(join(folder, 'redis-'))) : null
  const servers: Running[] = []
  for (const core of setup.servers) {
    const options = { ...(core === null ? {} : { core }), ...(redis ? { redis } : {}) }
    servers.push(await run({ name: setup.name, make: setup.make }, publicKey, options))
  }
  return { setup, servers, redis, perSecond: [], serving: [], sending: [], storing: [] }
}
