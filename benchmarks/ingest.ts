/**
 * Signed webhooks in, on one core: verified, and for us also kept, deduplicated, folded and shown to a watcher who may
 * see the call. Each server runs in a process of its own pinned to one core; the sender and the watcher have the other.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, type Running, run } from './contenders.ts'
import {
  atLeast,
  atMost,
  type Effort,
  type Goal,
  median,
  type Report,
  ratioOf,
  roundsOf,
  type Table,
} from './harness.ts'
import { type CorpusOptions, callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start } from './parts/part.ts'
import type { abilities as Watcher } from './parts/watcher.ts'
import { hasRedis } from './redis.ts'

const CALLS = 200
const CONNECTIONS = 32

const contenders = {
  floor: { name: 'node:http, verify, JSON.parse (no relay, keeps nothing)', make: { peer: 'verify' } },
  emit: { name: 'the same, and `io.emit`', make: { peer: 'verify+emit' } },
  express: { name: 'Express 5, `express.raw`, SDK `unwrap`, `io.emit`', make: { peer: 'express+sdk+emit' } },
  memory: { name: 'CallGather, memory', make: { callgather: 'memory' } },
  sqlite: { name: 'CallGather, sqlite (synced)', make: { callgather: 'sqlite' } },
  redis: { name: 'CallGather, Redis (synced)', make: { callgather: 'redis' } },
} as const satisfies Record<string, Contender>

type Name = keyof typeof contenders

interface Row {
  readonly perSecond: number[]
  /** CPU time of the server for each webhook, in µs. */
  readonly cpu: number[]
  readonly p99: number[]
  /** How much of their core the sender and the watcher needed: near 1 it is they who are measured. */
  readonly busy: number[]
  lost: number
}

type Rows = ReadonlyMap<Name, Row>

/** Runs the benchmark for both sizes of body. */
export async function ingest(effort: Effort): Promise<Report> {
  const small = await compare('keys', effort)
  const large = await compare('history', effort)
  return {
    tables: [small.table, large.table],
    goals: goalsOf(small.rows),
    notes: [
      `${CALLS} live calls, ${CONNECTIONS} keep-alive connections, one watcher of all the calls. Every webhook is a different one.`,
      'Ours answer 200 only after the append is durable, and relay after it. CPU is the server process alone.',
      '“others”: the share of the other core that the sender and the watcher took. Near 1, they are what is measured.',
    ],
    packages: ['socket.io', 'express', 'telnyx'],
  }
}

async function compare(kind: CorpusOptions['kind'], { rounds, size }: Effort): Promise<{ rows: Rows; table: Table }> {
  const keys = makeKeys()
  const perRound = (kind === 'keys' ? 1_500 : 400) * size
  const load = await start<typeof Load>('load.ts', { core: 1 })
  const watcher = await start<typeof Watcher>('watcher.ts', { core: 1 })
  const corpus: CorpusOptions = { name: kind, kind, calls: CALLS, count: perRound * (rounds + 1) }
  const { bytes } = await load.ask('prepare', { ...corpus, keys })
  const servers = new Map<Name, Running>()
  const rows = new Map<Name, Row>()
  for (const name of Object.keys(contenders) as Name[]) {
    if (name.startsWith('redis') && !hasRedis()) continue
    servers.set(name, await run(contenders[name], keys.publicKey, { core: 0 }))
    rows.set(name, { perSecond: [], cpu: [], p99: [], busy: [], lost: 0 })
  }
  for (const server of servers.values()) await oneRound({ load, watcher, server, name: kind, from: 0, count: CALLS })
  for (const round of roundsOf(`ingest, ${kind}`, rounds)) {
    for (const [name, server] of servers) {
      const from = CALLS + round * perRound
      const measured = await oneRound({ load, watcher, server, name: kind, from, count: perRound })
      const row = rows.get(name)
      if (!row || round === 0) continue
      row.perSecond.push(measured.perSecond)
      row.cpu.push(measured.cpu / perRound)
      row.p99.push(measured.p99)
      row.busy.push(measured.busy)
      row.lost += measured.lost
    }
  }
  for (const part of [...servers.values(), watcher, load]) await part.stop()
  return { rows, table: tableOf(`Bodies of ${(bytes / 1000).toFixed(1)} kB`, rows) }
}

interface Round {
  readonly load: Part<typeof Load>
  readonly watcher: Part<typeof Watcher>
  readonly server: Running
  readonly name: string
  readonly from: number
  readonly count: number
}

async function oneRound({ load, watcher, server, name, from, count }: Round) {
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf(name, index))
  // The first round makes the calls; nobody can watch what does not exist.
  const watch = from === 0 ? null : await server.watch(calls)
  if (watch) await watcher.ask('watch', watch)
  const helpers = async () => (await load.cpu()) + (await watcher.cpu())
  const before = await server.cpu()
  const helpersBefore = await helpers()
  const sent = await load.ask('send', { name, ...server.address, from, count, connections: CONNECTIONS })
  if (sent.refused > 0) throw new Error(`${server.name} refused ${sent.refused} webhooks.`)
  if (watch) for (let tries = 0; tries < 500 && (await watcher.ask('count')) < count; tries++) await sleep(20)
  const cpu = (await server.cpu()) - before
  const busy = ((await helpers()) - helpersBefore) / 1000 / sent.millis
  const got = watch ? new Set((await watcher.ask('received')).map(([id]) => id)).size : count
  if (watch) await watcher.ask('close')
  return { ...sent, cpu, busy, lost: count - got }
}

function tableOf(caption: string, rows: Rows): Table {
  const [floor, emit] = [rows.get('floor'), rows.get('emit')]
  return {
    caption,
    head: ['server', 'webhooks/s', '× floor', '× emit', 'CPU µs each', 'CPU × emit', 'p99 ms', 'others', 'not relayed'],
    rows: [...rows].map(([name, { perSecond, cpu, p99, busy, lost }]) => [
      contenders[name].name,
      median(perSecond),
      ratioOf(perSecond, floor?.perSecond ?? []),
      ratioOf(perSecond, emit?.perSecond ?? []),
      median(cpu),
      ratioOf(cpu, emit?.cpu ?? []),
      median(p99) / 1000,
      median(busy),
      lost,
    ]),
  }
}

function goalsOf(rows: Rows): Goal[] {
  const rate = (ours: Name, theirs: Name) => ratioOf(rows.get(ours)?.perSecond ?? [], rows.get(theirs)?.perSecond ?? [])
  const cpu = (ours: Name, theirs: Name) => ratioOf(rows.get(ours)?.cpu ?? [], rows.get(theirs)?.cpu ?? [])
  return [
    atLeast('G1', 'webhooks/s against verify + parse + emit', 1, rate('sqlite', 'emit')),
    atLeast('G2', 'webhooks/s against Express + SDK + emit', 2.2, rate('sqlite', 'express')),
    atMost('G2', 'CPU each against Express + SDK + emit', 0.45, cpu('sqlite', 'express')),
  ]
}
