/**
 * How long an agent waits: from a webhook's arrival (its headers parsed) to the agent's client having it, for ours down
 * to the folded state. At a steady 500 webhooks a second, through a relay of each kind.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, type Running, run } from './contenders.ts'
import { atMost, type Effort, median, quantile, type Report, ratioOf, roundsOf } from './harness.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Disk } from './parts/disk.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'
import type { abilities as Watcher } from './parts/watcher.ts'

const CALLS = 50
const PER_SECOND = 500

const contenders = {
  ws: { name: 'raw `ws`, body passed on unread', make: { peer: 'ws' } },
  io: { name: 'socket.io', make: { peer: 'socket.io' } },
  recovery: { name: 'socket.io, its connection state recovery', make: { peer: 'socket.io+recovery' } },
  verified: { name: 'socket.io, verified', make: { peer: 'verify+emit' } },
  unverified: {
    name: 'CallGather, memory, the signature not checked',
    make: { callgather: 'memory', verifier: 'none' },
  },
  memory: { name: 'CallGather, memory', make: { callgather: 'memory' } },
  sqlite: { name: 'CallGather, sqlite (synced)', make: { callgather: 'sqlite' } },
} as const satisfies Record<string, Contender>

type Name = keyof typeof contenders

interface Row {
  readonly p50: number[]
  readonly p99: number[]
  readonly cpu: number[]
  lost: number
}

/** Runs the benchmark. */
export async function relay({ rounds, size }: Effort): Promise<Report> {
  const keys = makeKeys()
  const perRound = PER_SECOND * 2 * size
  const load = await start<typeof Load>('load.ts', { core: 1 })
  const watcher = await start<typeof Watcher>('watcher.ts', { core: 1 })
  await load.ask('prepare', { name: 'relay', kind: 'keys', calls: CALLS, count: perRound * (rounds + 1), keys })
  const disk = await start<typeof Disk>('disk.ts', { core: 0 })
  const synced: Pick<Row, 'p50' | 'p99'> = { p50: [], p99: [] }
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf('relay', index))
  const servers = new Map<Name, Running>()
  const rows = new Map<Name, Row>()
  for (const name of Object.keys(contenders) as Name[]) {
    const server = await run(contenders[name], keys.publicKey, { core: 0 })
    await load.ask('send', { name: 'relay', ...server.address, from: 0, count: CALLS, connections: 8 })
    servers.set(name, server)
    rows.set(name, { p50: [], p99: [], cpu: [], lost: 0 })
  }
  for (const round of roundsOf('relay', rounds)) {
    for (const [name, server] of servers) {
      const watch = await server.watch(calls)
      if (watch) await watcher.ask('watch', watch)
      await server.arrivals()
      const cpuBefore = await server.cpu()
      const from = CALLS + round * perRound
      const pace = { from, count: perRound, connections: 16, perSecond: PER_SECOND }
      await load.ask('send', { name: 'relay', ...server.address, ...pace })
      for (let tries = 0; tries < 200 && (await watcher.ask('count')) < perRound; tries++) await sleep(20)
      const cpu = (await server.cpu()) - cpuBefore
      const arrivals = new Map(await server.arrivals())
      const delays: number[] = []
      for (const [id, nanos] of await watcher.ask('received')) {
        const arrived = arrivals.get(id)
        if (arrived !== undefined) delays.push(Number(nanos - arrived) / 1000)
      }
      await watcher.ask('close')
      const row = rows.get(name)
      if (!row || round === 0) continue
      row.p50.push(quantile(delays, 0.5))
      row.p99.push(quantile(delays, 0.99))
      row.cpu.push(cpu / perRound)
      row.lost += perRound - delays.length
    }
    const taken = await disk.ask('append', { count: perRound, perSecond: PER_SECOND })
    if (round === 0) continue
    synced.p50.push(quantile(taken, 0.5))
    synced.p99.push(quantile(taken, 0.99))
  }
  for (const part of [...servers.values(), watcher, load, disk]) await part.stop()

  const toWs = (figures: readonly number[], key: 'p50' | 'p99') => ratioOf(figures, rows.get('ws')?.[key] ?? [])
  const against = (key: 'p50' | 'p99', ours: Name) => toWs(rows.get(ours)?.[key] ?? [], key)
  return {
    tables: [
      {
        head: ['relay', 'p50 µs', '× ws', 'p99 µs', '× ws', 'CPU µs each', 'lost'],
        rows: [
          ...[...rows].map(([name, { p50, p99, cpu, lost }]) => [
            contenders[name].name,
            median(p50),
            against('p50', name),
            median(p99),
            against('p99', name),
            median(cpu),
            lost,
          ]),
          [
            ...['the disk alone: as much written and synced', median(synced.p50), toWs(synced.p50, 'p50')],
            ...[median(synced.p99), toWs(synced.p99, 'p99'), null, null],
          ],
        ],
      },
    ],
    goals: [
      atMost(
        'G5',
        'neither durable nor verified, as bare ws is not, p50 against it',
        1.15,
        against('p50', 'unverified'),
      ),
      atMost('G5', 'the same, p99', 1.5, against('p99', 'unverified')),
      atMost('G6', 'durable end to end, p50 against bare ws', 4.5, against('p50', 'sqlite')),
      atMost('G6', 'durable end to end, p99 against bare ws', 5, against('p99', 'sqlite')),
    ],
    notes: [
      `${PER_SECOND} webhooks/s of 1 kB over ${CALLS} calls; one watcher of all of them, in a process of its own.`,
      'Ours are verified but for one row, deduplicated, appended and folded twice, on the server and in the client.',
      'Bare ws verifies nothing, and the goal comes from a prototype that did not either: it is judged by the row of ours whose signature is not checked. A server cannot be told so; the benchmark puts a verifier in its place that takes everything.',
      'The disk alone: four pages of SQLite’s log written and synced at the same pace, what comes meanwhile by the next sync.',
    ],
    packages: ['ws', 'socket.io', 'socket.io-client'],
  }
}
