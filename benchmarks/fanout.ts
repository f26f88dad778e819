/**
 * One event to a thousand watchers of a call: CPU time of the server for each delivery. And what a watcher costs while
 * nothing happens: memory for each connection, and for each live call.
 */
import { type Contender, type Running, run } from './contenders.ts'
import { atMost, type Effort, median, type Report, ratioOf, roundsOf, type Table } from './harness.ts'
import { callIdOf, type Keys, makeKeys } from './parts/corpus.ts'
import type { abilities as Crowd } from './parts/crowd.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start, type Usage } from './parts/part.ts'

const WATCHERS = 1_000
/** Connected before the memory of others is counted: they take what a process has to spare after it has started. */
const FIRST = 1_000
/** So many that what a process keeps in reserve, some megabytes, is little beside what they take. */
const COUNTED = 4_000

const contenders = {
  frames: { name: 'raw `ws`, frame made once (the system calls)', make: { peer: 'ws frames' } },
  ws: { name: 'raw `ws`, `send` for each', make: { peer: 'ws' } },
  io: { name: 'socket.io, `io.to(room).emit`', make: { peer: 'socket.io' } },
  recovery: { name: 'socket.io, its connection state recovery', make: { peer: 'socket.io+recovery' } },
  ours: { name: 'CallGather, memory', make: { callgather: 'memory' } },
} as const satisfies Record<string, Contender>

type Name = keyof typeof contenders

interface Row {
  readonly cpu: number[]
  readonly bytes: number[]
}

/** What a process holds for each connection, in bytes. */
type Held = Pick<Usage, 'rss' | 'heap'>

/** Runs the benchmark. */
export async function fanout({ rounds, size }: Effort): Promise<Report> {
  const keys = makeKeys()
  const perRound = 15 * size
  const load = await start<typeof Load>('load.ts', { core: 1 })
  await load.ask('prepare', { name: 'fan', kind: 'keys', calls: 1, count: perRound * (rounds + 1), keys })
  const call = callIdOf('fan', 0)
  const running = new Map<Name, { server: Running; crowd: Part<typeof Crowd>; row: Row }>()
  for (const name of Object.keys(contenders) as Name[]) {
    const server = await run(contenders[name], keys.publicKey, { core: 0 })
    const crowd = await start<typeof Crowd>('crowd.ts', { core: 1 })
    await load.ask('send', { name: 'fan', ...server.address, from: 0, count: 1, connections: 1 })
    const members = await server.crowd(call, WATCHERS)
    await crowd.ask('connect', members)
    running.set(name, { server, crowd, row: { cpu: [], bytes: [] } })
  }
  for (const round of roundsOf('fanout', rounds)) {
    for (const { server, crowd, row } of running.values()) {
      await crowd.ask('reset')
      const before = await server.cpu()
      const from = 1 + round * perRound
      await load.ask('send', { name: 'fan', ...server.address, from, count: perRound, connections: 1, perSecond: 10 })
      const got = await crowd.ask('wait', perRound * WATCHERS)
      const cpu = (await server.cpu()) - before
      if (got !== perRound * WATCHERS) throw new Error(`${server.name}: ${got} of ${perRound * WATCHERS} deliveries.`)
      if (round === 0) continue
      row.cpu.push(cpu / got)
      row.bytes.push((await crowd.ask('received')).bytes / got)
    }
  }
  for (const { server, crowd } of running.values()) {
    await crowd.stop()
    await server.stop()
  }
  const held = new Map<Name, Held>()
  for (const name of ['ws', 'io', 'recovery', 'ours'] as const) held.set(name, await memoryOfWatchers(name, load, keys))
  const calls = await memoryOfCalls(load, keys, 2_000 * size)
  await load.stop()

  const row = (name: Name) => running.get(name)?.row
  const cpu = (name: Name, other: Name) => ratioOf(row(name)?.cpu ?? [], row(other)?.cpu ?? [])
  const rss = (name: Name) => (held.get(name)?.rss ?? Number.NaN) / (held.get('ws')?.rss ?? Number.NaN)
  return {
    tables: [
      {
        caption: `One event to ${WATCHERS.toLocaleString('en')} watchers`,
        head: ['server', 'CPU µs each delivery', '× frames', 'bytes each'],
        rows: [...running].map(([name, { row: each }]) => [
          contenders[name].name,
          median(each.cpu),
          cpu(name, 'frames'),
          median(each.bytes),
        ]),
      },
      {
        caption: 'An idle watcher',
        head: ['server', 'RSS kB', '× `ws`', 'heap kB'],
        rows: [...held].map(([name, each]) => [contenders[name].name, each.rss / 1000, rss(name), each.heap / 1000]),
      },
      calls,
    ],
    goals: [
      atMost('G8', 'CPU for each delivery against frames made once', 1.5, cpu('ours', 'frames')),
      atMost('G8', 'memory (RSS) of an idle watcher against raw ws', 2.4, rss('ours')),
    ],
    notes: [
      'Compression is off everywhere. Each watcher of ours watches a call.',
      `Memory is after a full collection, of a process of its own each: what ${COUNTED.toLocaleString('en')} watchers take beyond the first ${FIRST.toLocaleString('en')}.`,
    ],
    packages: ['ws', 'socket.io'],
  }
}

/** What an idle watcher holds on a server that has done nothing else. */
async function memoryOfWatchers(name: Name, load: Part<typeof Load>, keys: Keys): Promise<Held> {
  const server = await run(contenders[name], keys.publicKey, { core: 0 })
  const crowd = await start<typeof Crowd>('crowd.ts', { core: 1 })
  await load.ask('send', { name: 'fan', ...server.address, from: 0, count: 1, connections: 1 })
  const members = await server.crowd(callIdOf('fan', 0), FIRST)
  await crowd.ask('connect', members)
  const before = await server.usage()
  await crowd.ask('connect', { ...members, count: COUNTED })
  const after = await server.usage()
  await crowd.stop()
  await server.stop()
  return { rss: (after.rss - before.rss) / COUNTED, heap: (after.heap - before.heap) / COUNTED }
}

/** What a live call holds on the server, beside its store: 20 keys each, folded. */
async function memoryOfCalls(load: Part<typeof Load>, keys: Keys, calls: number): Promise<Table> {
  const server = await run({ name: 'calls', make: { callgather: 'sqlite' } }, keys.publicKey)
  await load.ask('prepare', { name: 'warm', kind: 'keys', calls: 20, count: 400, keys })
  await load.ask('send', { name: 'warm', ...server.address, from: 0, count: 420, connections: 16 })
  const before = await server.usage()
  const events = calls * 4
  await load.ask('prepare', { name: 'calls', kind: 'keys', calls, count: events, keys })
  await load.ask('send', { name: 'calls', ...server.address, from: 0, count: calls + events, connections: 32 })
  const after = await server.usage()
  await server.stop()
  const kept = Math.min(calls, 2_000)
  return {
    caption: 'Memory for each live call that the server has folded, 5 events each, sqlite',
    head: ['calls', 'folded', 'RSS kB each', 'heap kB each'],
    rows: [[calls, kept, (after.rss - before.rss) / kept / 1000, (after.heap - before.heap) / kept / 1000]],
  }
}
