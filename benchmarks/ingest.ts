/**
 * Measures webhook ingest. Each server verifies signatures; ours also deduplicates, stores, folds and publishes to an
 * authorised watcher. Each server has its own process. The sender and the watcher use the other core.
 */
import { atLeast, atMost, type Effort, median, type Report, ratioOf, roundsOf, type Table } from './harness.ts'
import { arrived, type Contender, Lab, type Running, watch } from './lab.ts'
import { type CorpusOptions, callIdOf } from './parts/corpus.ts'

const CALLS = 200
const CONNECTIONS = 32

const emit: Contender = { name: 'node:http, verify, JSON.parse, `io.emit`', peer: 'verify+emit' }
const express: Contender = { name: 'Express 5, `express.raw`, SDK `unwrap`, `io.emit`', peer: 'express+sdk+emit' }
const ours: Contender = { name: 'CallGather, sqlite (synced)', store: 'sqlite' }

interface Row {
  readonly name: string
  readonly server: Running
  readonly perSecond: number[]
  /** CPU time of the server for each webhook, in µs. */
  readonly cpu: number[]
  lost: number
}

/** P1, P2, P3: durable ingest on one core, against servers that store nothing. */
export async function ingest(effort: Effort): Promise<Report> {
  const pinned = [emit, express, ours].map((contender) => ({ ...contender, core: 0 }))
  const small = await compare('keys', pinned, effort, 6_000)
  const large = await compare('history', pinned, effort, 1_500)
  const [smallEmit, smallExpress, smallOurs] = small.rows
  const [largeEmit, , largeOurs] = large.rows
  const cpu = (one: Row | undefined, other: Row | undefined) => ratioOf(one?.cpu ?? [], other?.cpu ?? [])
  const rate = (one: Row | undefined, other: Row | undefined) => ratioOf(one?.perSecond ?? [], other?.perSecond ?? [])
  return {
    tables: [small.table, large.table],
    goals: [
      atMost('P1', 'CPU per webhook against verify + emit', 1.15, cpu(smallOurs, smallEmit)),
      atLeast('P1', 'webhooks/s against verify + emit', 1, rate(smallOurs, smallEmit)),
      atLeast('P2', 'webhooks/s against Express + SDK + emit', 2, rate(smallOurs, smallExpress)),
      atMost('P2', 'CPU per webhook against Express + SDK + emit', 0.5, cpu(smallOurs, smallExpress)),
      atMost('P3', 'CPU per webhook of 19 kB against verify + emit', 1.3, cpu(largeOurs, largeEmit)),
    ],
  }
}

/** P7: the gain of a second core for one server; the sender shares it. */
export async function cores(effort: Effort): Promise<Report> {
  const both = { ...ours, name: `${ours.name}, both cores`, core: null }
  const { rows, table } = await compare('keys', [{ ...ours, core: 0 }, both], effort, 6_000)
  const measured = ratioOf(rows[1]?.perSecond ?? [], rows[0]?.perSecond ?? [])
  return { tables: [table], goals: [atLeast('P7', 'webhooks/s with a second core against one', 1.5, measured)] }
}

async function compare(
  kind: CorpusOptions['kind'],
  contenders: readonly (Contender & { readonly core: number | null })[],
  { rounds, size }: Effort,
  webhooks: number,
): Promise<{ rows: readonly Row[]; table: Table }> {
  await using lab = new Lab()
  const perRound = Math.max(CONNECTIONS * 2, webhooks * size)
  const load = await lab.load()
  const watcher = await lab.watchers()
  const count = (perRound + 2 * CONNECTIONS) * (rounds + 1)
  const bytes = await load.ask('prepare', { name: kind, kind, calls: CALLS, count, keys: lab.keys })
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf(kind, index))
  const rows: Row[] = []
  for (const { core, ...contender } of contenders) {
    const server = await lab.server(contender, core === null ? {} : { core })
    await load.ask('send', { ...server.address, name: kind, from: 0, count: CALLS, connections: CONNECTIONS })
    rows.push({ name: contender.name, server, perSecond: [], cpu: [], lost: 0 })
  }
  for await (const round of roundsOf(`${kind}, ${(bytes / 1000).toFixed(1)} kB`, rounds)) {
    const target = { name: kind, from: CALLS + round * (perRound + 2 * CONNECTIONS), count: perRound }
    for (const row of rows) {
      const { server, perSecond, cpu } = row
      await watch({ watcher, server }, calls)
      const before = await server.cpu()
      const rate = await load.ask('flood', { ...server.address, ...target, connections: CONNECTIONS })
      const { count: got } = await arrived({ watcher, server }, perRound)
      const spent = (await server.cpu()) - before
      await watcher.ask('close')
      if (round === 0) continue
      perSecond.push(rate)
      cpu.push(spent / perRound)
      row.lost += perRound - got
    }
  }
  const [first] = rows
  const table: Table = {
    caption: `Bodies of ${(bytes / 1000).toFixed(1)} kB, ${CALLS} live calls, ${CONNECTIONS} connections, one watcher of all calls`,
    head: ['server', 'webhooks/s', '× first', 'CPU µs each', '× first', 'not relayed'],
    rows: rows.map(({ name, perSecond, cpu, lost }) => [
      ...[name, median(perSecond), ratioOf(perSecond, first?.perSecond ?? [])],
      ...[median(cpu), ratioOf(cpu, first?.cpu ?? []), lost],
    ]),
  }
  return { rows, table }
}
