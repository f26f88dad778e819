/**
 * What an event costs as there is more of everything: 1 to 10,000 live calls, 1 to 100 agents on a call. Linear means
 * that one more costs what the one before it did. And what memory a server holds for its calls, and gives back when
 * they are forgotten.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atMost, type Effort, median, type Report, ratioOf, roundsOf, type Table } from './harness.ts'
import type { CallgatherSettings, abilities as ServerPart } from './parts/callgather-server.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Crowd } from './parts/crowd.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start, type Usage } from './parts/part.ts'

const PATH = '/callgather/webhooks'
/** Keys that each call has before anything is measured. */
const KEYS_BEFORE = 3
/** How often as many other calls come and are forgotten in their turn: what each time left something would add up. */
const MORE_TIMES = ['second', 'third'] as const

interface Setting {
  readonly effort: Effort
  readonly load: Part<typeof Load>
  readonly keys: ReturnType<typeof makeKeys>
  /** Starts a server with a file of its own, on its core. */
  startServer(name: string): Promise<{ part: Part<typeof ServerPart>; port: number }>
}

/** Runs the benchmark. */
export async function growth(effort: Effort): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-growth-'))
  const keys = makeKeys()
  const load = await start<typeof Load>('load.ts', { core: 1 })
  const startServer = async (name: string) => {
    const store = `file:${join(folder, `${name}.db`)}`
    const settings: CallgatherSettings = { publicKey: keys.publicKey, store }
    const part = await start<typeof ServerPart>('callgather-server.ts', { core: 0, settings })
    return { part, port: await part.ask('listen') }
  }
  try {
    const setting: Setting = { effort, load, keys, startServer }
    const calls = await asCallsGrow(setting)
    const agents = await asAgentsGrow(setting)
    return {
      tables: [...calls.tables, agents.table],
      goals: [
        // A fifth is left to the machine: figures of equal work differ by as much between rounds.
        atMost('G15', `CPU for an event, ${calls.most} live calls against 100`, 1.2, calls.growth),
        atMost('G15', 'CPU for one agent more, the last 90 of 100 against the first ten', 1.2, agents.growth),
        atMost('G15', `heap left when ${calls.most} calls are forgotten, of what they took`, 0.1, calls.left),
        atMost('G15', `heap that each ${calls.most} more leave when they are forgotten`, 0.05, calls.leftByMore),
      ],
      notes: [
        'sqlite, bodies of 0.9 kB, everything of a server on one core. Memory is after a full collection, without what the benchmark itself notes of each webhook.',
        `A server keeps 2,000 calls folded; an event of any other reads its call's log first (${KEYS_BEFORE + 1} events here).`,
      ],
    }
  } finally {
    await load.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function asCallsGrow({ effort: { rounds, size }, load, keys, startServer }: Setting) {
  const counts = size < 1 ? [1, 100, 1_000] : [1, 100, 1_000, 10_000]
  const perRound = Math.max(100, 500 * size)
  const rows: {
    count: number
    part: Part<typeof ServerPart>
    port: number
    send: (from: number, many: number) => Promise<unknown>
    before: Usage
    after: Usage
    cpu: number[]
  }[] = []
  for (const count of counts) {
    const { part, port } = await startServer(`calls-${count}`)
    await load.ask('prepare', { name: 'warm', kind: 'keys', calls: 20, count: 400, keys })
    await load.ask('send', { name: 'warm', port, path: PATH, from: 0, count: 420, connections: 16 })
    const before = await usageOf(part)
    const name = `calls-${count}`
    const history = count * KEYS_BEFORE
    await load.ask('prepare', { name, kind: 'keys', calls: count, count: history + perRound * (rounds + 1), keys })
    const send = (from: number, many: number) =>
      load.ask('send', { name, port, path: PATH, from, count: many, connections: 16 })
    process.stderr.write(`  growth: ${count.toLocaleString('en')} calls begin\n`)
    await send(0, count + history)
    rows.push({ count, part, port, send, before, after: await usageOf(part), cpu: [] })
  }
  for (const round of roundsOf('growth, calls', rounds)) {
    for (const { count, part, send, cpu } of rows) {
      const begun = await part.cpu()
      await send(count * (1 + KEYS_BEFORE) + round * perRound, perRound)
      if (round > 0) cpu.push(((await part.cpu()) - begun) / perRound)
    }
  }
  const last = rows.at(-1)
  if (!last) throw new Error('There is no server whose calls could be forgotten.')
  const forgotten = await forget(last.part)
  const more: { time: string; with: Usage; after: Usage }[] = []
  for (const time of MORE_TIMES) {
    const name = `${time} time`
    const count = last.count * KEYS_BEFORE
    process.stderr.write(`  growth: ${last.count.toLocaleString('en')} calls begin, the ${time} time\n`)
    await load.ask('prepare', { name, kind: 'keys', calls: last.count, count, keys })
    const all = { from: 0, count: last.count + count, connections: 16 }
    await load.ask('send', { name, port: last.port, path: PATH, ...all })
    await load.ask('drop', name)
    more.push({ time, with: await usageOf(last.part), after: (await forget(last.part)).usage })
  }
  for (const { part } of rows) await part.stop()

  const hundred = rows.find(({ count }) => count === 100)?.cpu ?? []
  const most = last.count.toLocaleString('en')
  const taken = last.after.heap - last.before.heap
  const stayed = forgotten.usage.heap - last.before.heap
  const leftByMore = ((more.at(-1)?.after ?? forgotten.usage).heap - forgotten.usage.heap) / more.length
  const megabytes = (what: string, { heap, rss }: Usage) => [what, heap / 1e6, rss / 1e6]
  const tables: Table[] = [
    {
      caption: 'As calls grow',
      head: ['live calls', 'CPU µs an event', '× 100 calls', 'heap kB a call', 'RSS kB a call', 'heap MB in all'],
      rows: rows.map(({ count, before, after, cpu }) => [
        count.toLocaleString('en'),
        median(cpu),
        ratioOf(cpu, hundred),
        // Of a single call nothing can be told from the noise of a heap.
        count < 100 ? null : (after.heap - before.heap) / count / 1000,
        count < 100 ? null : (after.rss - before.rss) / count / 1000,
        after.heap / 1e6,
      ]),
    },
    {
      caption: `${most} calls forgotten, as at the end of their retention (${forgotten.count.toLocaleString('en')} in the file)`,
      head: ['', 'heap MB', 'RSS MB'],
      rows: [
        megabytes('before them', last.before),
        megabytes('with them', last.after),
        megabytes('after them', forgotten.usage),
        ...more.flatMap((each) => [
          megabytes(`with the ${each.time} ${most}`, each.with),
          megabytes(`after the ${each.time} ${most}`, each.after),
        ]),
      ],
    },
  ]
  const left = { left: Math.max(0, stayed / taken), leftByMore: Math.max(0, leftByMore / taken) }
  return { tables, most, growth: ratioOf(last.cpu, hundred), ...left }
}

async function forget(part: Part<typeof ServerPart>): Promise<{ count: number; usage: Usage }> {
  const count = await part.ask('forgetAll')
  return { count, usage: await usageOf(part) }
}

/** What a server holds, without the notes that the benchmark makes in its process of when each webhook arrived. */
async function usageOf(part: Part<typeof ServerPart>): Promise<Usage> {
  await part.ask('arrivals')
  return part.usage()
}

async function asAgentsGrow({ effort: { rounds, size }, load, keys, startServer }: Setting) {
  const perRound = Math.max(20, 100 * size)
  await load.ask('prepare', { name: 'agents', kind: 'keys', calls: 1, count: perRound * (rounds + 1), keys })
  const rows: {
    agents: number
    part: Part<typeof ServerPart>
    port: number
    crowd: Part<typeof Crowd>
    cpu: number[]
  }[] = []
  for (const agents of [1, 10, 100]) {
    const { part, port } = await startServer(`agents-${agents}`)
    const crowd = await start<typeof Crowd>('crowd.ts', { core: 1 })
    await load.ask('send', { name: 'agents', port, path: PATH, from: 0, count: 1, connections: 1 })
    const tickets: string[] = []
    for (let each = 0; each < agents; each++) tickets.push(await part.ask('ticket', `agent ${each}`))
    await crowd.ask('connect', { kind: 'callgather', port, call: callIdOf('agents', 0), count: agents, tickets })
    rows.push({ agents, part, port, crowd, cpu: [] })
  }
  for (const round of roundsOf('growth, agents', rounds)) {
    for (const { agents, part, port, crowd, cpu } of rows) {
      await crowd.ask('reset')
      const begun = await part.cpu()
      // One at a time, so that each event is a frame of its own to everyone.
      const each = { from: 1 + round * perRound, count: perRound, connections: 1 }
      await load.ask('send', { name: 'agents', port, path: PATH, ...each })
      const got = await crowd.ask('wait', perRound * agents)
      if (got < perRound * agents) throw new Error(`Of ${perRound * agents} deliveries ${got} arrived.`)
      if (round > 0) cpu.push(((await part.cpu()) - begun) / perRound)
    }
  }
  for (const { part, crowd } of rows) {
    await crowd.stop()
    await part.stop()
  }
  const of = (agents: number) => median(rows.find((row) => row.agents === agents)?.cpu ?? [])
  const firstTen = (of(10) - of(1)) / 9
  const lastNinety = (of(100) - of(10)) / 90
  const table: Table = {
    caption: 'As agents grow, all of them watching one call',
    head: ['agents', 'CPU µs an event', 'CPU µs for each agent more'],
    rows: [
      ['1', of(1), null],
      ['10', of(10), firstTen],
      ['100', of(100), lastNinety],
    ],
  }
  return { table, growth: lastNinety / firstTen }
}
