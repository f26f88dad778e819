/**
 * A long shift: 200 live calls that end and are followed by others, 100 agents who watch four each, a connection lost
 * and resumed every second, one webhook in twenty sent twice. Memory and delay must stay as they were, and at the end
 * of every spell each agent's screen must show what the log says, row by row.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { atMost, median, quantile, type Report } from './harness.ts'
import type { abilities as AgentsPart } from './parts/agents.ts'
import type { CallgatherSettings, abilities as ServerPart } from './parts/callgather-server.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Disk } from './parts/disk.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start } from './parts/part.ts'
import { plot } from './plot.ts'
import { trendOf } from './trend.ts'

const CALLS = 200
const AGENTS = 100
const WATCHES_EACH = 4
const PER_SECOND = 100
const SPELL_SECONDS = 20
const KEYS_A_CALL = (PER_SECOND * SPELL_SECONDS) / CALLS
/** How often the disk is asked by itself, beside. */
const DISK_PER_SECOND = 25
/**
 * What was before: as many calls as the server keeps folded, like those that follow, and as many more as its store
 * remembers ends and sessions of. A shift begins as one in the middle of the day does.
 */
const BEFORE = [
  { name: 'long before', calls: 8_500, count: 8_500, ends: false },
  { name: 'before', calls: 2_000, count: 2_000 * KEYS_A_CALL, ends: true },
] as const

interface Spell {
  readonly minute: number
  readonly rss: number
  readonly heap: number
  readonly p50: number
  readonly p99: number
  /** The p99 of the disk alone, and how many times that ours is. */
  readonly disk: number
  readonly beyondDisk: number
  readonly cpu: number
  readonly wrong: number
}

interface Shift {
  readonly server: Part<typeof ServerPart>
  readonly load: Part<typeof Load>
  readonly agents: Part<typeof AgentsPart>
  readonly disk: Part<typeof Disk>
  readonly keys: ReturnType<typeof makeKeys>
  readonly address: { readonly port: number; readonly path: string }
}

/** Runs for so many minutes. */
export async function soak(minutes: number): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-soak-'))
  const shift = await begin(join(folder, 'calls.db'))
  const began = performance.now()
  const spells: Spell[] = []
  while (performance.now() - began < minutes * 60_000) {
    const spell = await work(shift, spells.length, began)
    spells.push(spell)
    process.stderr.write(
      `  ${spell.minute.toFixed(1)} of ${minutes} min: RSS ${spell.rss.toFixed(0)} MB, heap ${spell.heap.toFixed(1)} MB, ` +
        `p50 ${spell.p50.toFixed(1)} ms, p99 ${spell.p99.toFixed(1)} ms (disk ${spell.disk.toFixed(1)}), wrong screens ${spell.wrong}\n`,
    )
  }
  const { reconnections } = await shift.agents.ask('compare', new Map())
  for (const part of [shift.agents, shift.load, shift.disk, shift.server]) await part.stop()
  rmSync(folder, { recursive: true, force: true })
  return reportOf(spells, reconnections)
}

async function begin(path: string): Promise<Shift> {
  const keys = makeKeys()
  const settings: CallgatherSettings = { publicKey: keys.publicKey, store: `file:${path}` }
  const server = await start<typeof ServerPart>('callgather-server.ts', { settings })
  const load = await start<typeof Load>('load.ts')
  const agents = await start<typeof AgentsPart>('agents.ts')
  const disk = await start<typeof Disk>('disk.ts')
  const port = await server.ask('listen')
  const address = { port, path: '/callgather/webhooks' }
  const tickets: string[] = []
  for (let nth = 0; nth < AGENTS; nth++) tickets.push(await server.ask('ticket', `agent ${nth}`))
  await agents.ask('begin', { port, tickets })
  for (const { name, calls, count, ends } of BEFORE) {
    process.stderr.write(`  ${calls.toLocaleString('en')} calls ${name}\n`)
    await load.ask('prepare', { name, kind: 'keys', calls, count, keys, ends })
    const all = calls + count + (ends ? calls : 0)
    await load.ask('send', { name, ...address, from: 0, count: all, connections: 32 })
    await load.ask('drop', name)
  }
  return { server, load, agents, disk, keys, address }
}

/** One spell: its calls begin, are watched while keys are pressed and connections lost, and end. */
async function work({ server, load, agents, disk, keys, address }: Shift, nth: number, began: number): Promise<Spell> {
  const name = `spell-${nth}`
  const count = PER_SECOND * SPELL_SECONDS
  const calls = Array.from({ length: CALLS }, (_, index) => callIdOf(name, index))
  await load.ask('prepare', { name, kind: 'keys', calls: CALLS, count, keys, ends: true })
  const send = (from: number, many: number, pace: { perSecond?: number; repeatEvery?: number } = {}) =>
    load.ask('send', { name, ...address, from, count: many, connections: 16, ...pace })
  await send(0, CALLS)
  await agents.ask(
    'watch',
    Array.from({ length: AGENTS }, (_, agent) =>
      Array.from({ length: WATCHES_EACH }, (_unused, watch) => calls[(agent + watch * 50) % CALLS] ?? ''),
    ),
  )
  await server.ask('arrivals')
  const cpuBefore = await server.cpu()
  let over = false
  const losing = (async () => {
    for (let lost = nth * SPELL_SECONDS; !over; lost++) {
      await sleep(1000)
      if (!over) await agents.ask('reconnect', lost)
    }
  })()
  const probing = disk.ask('append', { count: DISK_PER_SECOND * SPELL_SECONDS, perSecond: DISK_PER_SECOND })
  const sent = await send(CALLS, count, { perSecond: PER_SECOND, repeatEvery: 20 })
  over = true
  await losing
  const ofDisk = quantile(await probing, 0.99) / 1000
  const cpu = ((await server.cpu()) - cpuBefore) / (count * 1.05)
  const ended = await send(CALLS + count, CALLS)
  if (sent.refused + ended.refused > 0) throw new Error(`${sent.refused + ended.refused} webhooks were refused.`)

  const screens = await server.ask('screens', calls)
  const log = new Map(calls.map((callId, index) => [callId, screens[index] ?? '']))
  let compared = await agents.ask('compare', log)
  for (let tries = 0; compared.wrong > 0 && tries < 100; tries++) {
    await sleep(100)
    compared = await agents.ask('compare', log)
  }
  // The first arrival counts; a repetition is told to nobody.
  const arrivals = new Map((await server.ask('arrivals')).toReversed())
  const delays: number[] = []
  for (const [id, nanos] of await agents.ask('received')) {
    const arrived = arrivals.get(id)
    if (arrived !== undefined) delays.push(Number(nanos - arrived) / 1e6)
  }
  const { rss, heap } = await server.usage()
  const p99 = quantile(delays, 0.99)
  await load.ask('drop', name)
  return {
    minute: (performance.now() - began) / 60_000,
    rss: rss / 1e6,
    heap: heap / 1e6,
    p50: quantile(delays, 0.5),
    p99,
    disk: ofDisk,
    beyondDisk: p99 / ofDisk,
    cpu,
    wrong: compared.wrong,
  }
}

function reportOf(spells: readonly Spell[], reconnections: number): Report {
  const all = (key: keyof Spell) => spells.map((spell) => spell[key])
  const title = `${AGENTS} agents, ${CALLS} live calls, ${PER_SECOND} webhooks a second`
  const panels = [
    { label: 'RSS, MB', values: all('rss') },
    { label: 'heap after a collection, MB', values: all('heap') },
    { label: 'arrival to folded state: p99, ms', values: all('p99') },
    { label: 'the disk alone: p99, ms', values: all('disk') },
  ]
  const picture = plot({ title, x: { label: 'minutes', values: all('minute') }, panels })
  writeFileSync(new URL('./results/soak.svg', import.meta.url), picture)

  // The first third is the server's growing into its work.
  const settled = spells.slice(Math.floor(spells.length / 3))
  const trend = (key: keyof Spell) =>
    trendOf(
      settled.map(({ minute }) => minute),
      settled.map((spell) => spell[key]),
    )
  const figures = [
    { name: 'RSS, MB', key: 'rss' },
    { name: 'heap after a collection, MB', key: 'heap' },
    { name: 'arrival to folded state, p50 ms', key: 'p50' },
    { name: 'p99 ms', key: 'p99' },
    { name: 'the disk alone: p99 ms', key: 'disk' },
    { name: 'p99 in those of the disk', key: 'beyondDisk' },
    { name: 'CPU µs for each webhook', key: 'cpu' },
  ] as const
  const percent = (share: number) => (Number.isFinite(share) ? share * 100 : null)
  const wrong = all('wrong').reduce((sum, each) => sum + each, 0)
  return {
    tables: [
      {
        head: ['', 'median', 'growth over the last two thirds, %', '95 % interval: from', 'to'],
        rows: figures.map(({ name, key }) => {
          const { growth, low, high } = trend(key)
          return [name, median(all(key)), percent(growth), percent(low), percent(high)]
        }),
      },
    ],
    goals: [
      atMost('soak', 'heap: growth over the last two thirds, %', 5, trend('heap').growth * 100),
      atMost('soak', 'RSS: growth over the last two thirds, %', 5, trend('rss').growth * 100),
      // A machine's own noise is in the p99, so that the question is whether any growth can be told from it.
      atMost('soak', 'p99: growth that is certain (the lower end of the interval), %', 5, trend('p99').low * 100),
      atMost('soak', 'the same, of the p99 in those of the disk', 5, trend('beyondDisk').low * 100),
      atMost('soak', 'screens that differ from the log', 0, wrong),
    ],
    notes: [
      `${(spells.at(-1)?.minute ?? 0).toFixed(1)} minutes, ${spells.length} spells: ${(spells.length * CALLS).toLocaleString('en')} calls, ` +
        `${(spells.length * PER_SECOND * SPELL_SECONDS).toLocaleString('en')} keys, one webhook in twenty of them twice; ${reconnections} lost connections.`,
      `At the end of each spell ${AGENTS * WATCHES_EACH} screens were compared with the log, row by row.`,
      `The disk alone: what a commit writes for one event, written and synced ${DISK_PER_SECOND} times a second beside.`,
      'Growth is the median slope between all pairs of spells (Theil–Sen), over the last two thirds of the run.',
    ],
  }
}
