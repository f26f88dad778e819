/**
 * Measures the delay from a webhook's arrival (headers parsed) to the agent's client, for ours including the fold, at 500
 * webhooks a second over 50 calls. Also measures garbage collection pauses of the server.
 */
import { atMost, type Effort, median, quantile, type Report, ratioOf, roundsOf } from './harness.ts'
import { type Contender, Lab, type Running, timeDelays } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'
import type { abilities as Disk } from './parts/disk.ts'

const CALLS = 50
const PER_SECOND = 500

const contenders = {
  verified: { name: 'socket.io, verified', peer: 'verify+emit' },
  memory: { name: 'CallGather, memory', store: 'memory' },
  sqlite: { name: 'CallGather, sqlite (synced)', store: 'sqlite' },
} as const satisfies Record<string, Contender>

const newRow = (name: string, server: Running | null) => ({
  ...{ name, server, lost: 0 },
  p50: [] as number[],
  p99: [] as number[],
  scavenges: [] as number[],
})

/** P4, P5, P6. */
export async function relay({ rounds, size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const perRound = PER_SECOND * 2 * size
  const load = await lab.load()
  const watcher = await lab.watchers()
  const disk = await lab.part<typeof Disk>('disk.ts', { core: 0 })
  const corpus = { name: 'relay', kind: 'keys', calls: CALLS, count: perRound * (rounds + 1), keys: lab.keys } as const
  await load.ask('prepare', corpus)
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf('relay', index))
  const start = async (contender: Contender) => {
    const server = await lab.server(contender, { core: 0 })
    await load.ask('send', { ...server.address, name: 'relay', from: 0, count: CALLS, connections: 8 })
    return { ...newRow(contender.name, server), server }
  }
  const rows = {
    verified: await start(contenders.verified),
    memory: await start(contenders.memory),
    sqlite: await start(contenders.sqlite),
  }
  const alone = newRow('the disk alone: as much written and synced', null)
  for await (const round of roundsOf('relay', rounds)) {
    const target = { name: 'relay', from: CALLS + round * perRound, count: perRound, connections: 16 }
    for (const row of Object.values(rows)) {
      await row.server.scavenges()
      const [delays] = await timeDelays(load, [{ watcher, server: row.server }], calls, {
        ...target,
        perSecond: PER_SECOND,
      })
      const scavenges = await row.server.scavenges()
      if (round === 0 || !delays) continue
      row.p50.push(delays.p50)
      row.p99.push(delays.p99)
      row.scavenges.push(...scavenges)
      row.lost += delays.lost
    }
    const taken = await disk.ask('append', { count: perRound, perSecond: PER_SECOND })
    if (round === 0) continue
    alone.p50.push(quantile(taken, 0.5))
    alone.p99.push(quantile(taken, 0.99))
  }
  const { verified, memory, sqlite } = rows
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / Math.max(1, values.length)
  return {
    tables: [
      {
        caption: `${PER_SECOND} webhooks/s of 0.9 kB over ${CALLS} calls, one watcher of all of them`,
        head: ['relay', 'p50 µs', '× first', 'p99 µs', '× first', 'scavenges', 'mean ms', 'lost'],
        rows: [...Object.values(rows), alone].map(({ name, server, p50, p99, scavenges, lost }) => [
          ...[name, median(p50), ratioOf(p50, verified.p50), median(p99), ratioOf(p99, verified.p99)],
          ...(server ? [scavenges.length, mean(scavenges), lost] : [null, null, null]),
        ]),
      },
    ],
    goals: [
      atMost('P4', 'memory store, p50 against socket.io, verified', 1.3, ratioOf(memory.p50, verified.p50)),
      atMost('P4', 'memory store, p99 against socket.io, verified', 1.5, ratioOf(memory.p99, verified.p99)),
      atMost('P5', 'sqlite, p99 against that of the disk alone', 3, ratioOf(sqlite.p99, alone.p99)),
      atMost('P6', 'mean collection of young objects, ms', 1.5, mean(memory.scavenges)),
    ],
  }
}
