/**
 * Measures the delay from webhook to agent on two servers that share a Redis, for an agent on the receiving server and an
 * agent on the other. The peer is socket.io with its Redis streams adapter on a separate Redis.
 */
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { type Contender, Lab, timeDelays } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'

const CALLS = 20
const PER_SECOND = 200
/** Webhooks that warm up a server before the measurement. */
const WARM_UP = 3_000

const contenders: readonly Contender[] = [
  { name: 'socket.io, verified, redis-streams adapter', peer: 'verify+emit+streams' },
  { name: 'CallGather (verified, appended, folded)', store: 'redis' },
]
const places = ['taking', 'other'] as const

/** P8. */
export async function nodes({ rounds, size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const perRound = PER_SECOND * 2 * size
  const warmUp = WARM_UP * size
  const load = await lab.load()
  const watchers = { taking: await lab.watchers(), other: await lab.watchers() }
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf('nodes', index))
  const count = warmUp + perRound * rounds
  await load.ask('prepare', { name: 'nodes', kind: 'keys', calls: CALLS, count, keys: lab.keys })
  const rows = []
  for (const contender of contenders) {
    const redis = await lab.redis()
    const taking = await lab.server(contender, { core: 0, redis })
    const other = await lab.server(contender, { core: 1, redis })
    await load.ask('send', { ...taking.address, name: 'nodes', from: 0, count: CALLS, connections: 4 })
    const newDelays = () => ({ p50: [] as number[], p99: [] as number[] })
    const delays = { taking: newDelays(), other: newDelays() }
    rows.push({ name: contender.name, servers: { taking, other }, delays, lost: 0 })
  }
  for await (const round of roundsOf('nodes', rounds)) {
    const paced = { from: CALLS + warmUp + (round - 1) * perRound, count: perRound, perSecond: PER_SECOND }
    const target = { name: 'nodes', connections: 8, ...(round === 0 ? { from: CALLS, count: warmUp } : paced) }
    for (const row of rows) {
      const { servers, delays } = row
      const watching = places.map((place) => ({ watcher: watchers[place], server: servers[place] }))
      const measured = await timeDelays(load, watching, calls, target)
      if (round === 0) continue
      for (const [nth, place] of places.entries()) {
        delays[place].p50.push(measured[nth]?.p50 ?? Number.NaN)
        delays[place].p99.push(measured[nth]?.p99 ?? Number.NaN)
        row.lost += measured[nth]?.lost ?? 0
      }
    }
  }
  const [adapter, ours] = rows
  const against = (place: (typeof places)[number]) =>
    ratioOf(ours?.delays[place].p50 ?? [], adapter?.delays[place].p50 ?? [])
  return {
    tables: [
      {
        caption: `${PER_SECOND} webhooks/s of 0.9 kB over ${CALLS} calls to one server, a watcher on each; Redis synced before each answer`,
        head: ['', 'taking server: p50 µs', 'p99 µs', 'other server: p50 µs', 'p99 µs', 'lost'],
        rows: rows.map(({ name, delays, lost }) => [
          ...[name, ...places.flatMap((place) => [median(delays[place].p50), median(delays[place].p99)]), lost],
        ]),
      },
    ],
    goals: [
      atMost('P8', 'p50 of a watcher on the taking server against the adapter', 1.1, against('taking')),
      atMost('P8', 'p50 of a watcher on the other server against the adapter', 1.1, against('other')),
    ],
  }
}
