/**
 * A long shift: 200 live calls that end and are followed by others, 100 agents who watch four each, a connection lost
 * and resumed every second, one webhook in twenty sent twice. Memory and delay must stay as they were, and at the end
 * of every spell each agent's screen must show exactly what was pressed.
 */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './contenders.ts'
import { median, quantile, type Report } from './harness.ts'
import type { abilities as AgentsPart } from './parts/agents.ts'
import { callIdOf, makeKeys } from './parts/corpus.ts'
import type { abilities as Load } from './parts/load.ts'
import { start } from './parts/part.ts'
import { plot } from './plot.ts'

const CALLS = 200
const AGENTS = 100
const WATCHES_EACH = 4
const PER_SECOND = 100
const SPELL_SECONDS = 20
/** Calls that were folded before: as many as the server keeps folded, so that a shift begins as one in the middle does. */
const CALLS_BEFORE = 2_000

interface Spell {
  readonly minute: number
  readonly rss: number
  readonly heap: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly behind: number
  readonly beyond: number
}

/** Runs for so many minutes. */
export async function soak(minutes: number): Promise<Report> {
  const keys = makeKeys()
  const server = await run({ name: 'CallGather', make: { callgather: 'sqlite' } }, keys.publicKey)
  const load = await start<typeof Load>('load.ts')
  const agents = await start<typeof AgentsPart>('agents.ts')
  const { tickets = [] } = await server.crowd('', AGENTS)
  await agents.ask('begin', { port: server.address.port, tickets })
  await load.ask('prepare', { name: 'before', kind: 'keys', calls: CALLS_BEFORE, count: CALLS_BEFORE * 4, keys })
  await load.ask('send', { name: 'before', ...server.address, from: 0, count: CALLS_BEFORE * 5, connections: 16 })
  await load.ask('drop', 'before')

  const began = performance.now()
  const spells: Spell[] = []
  for (let nth = 0; performance.now() - began < minutes * 60_000; nth++) {
    const name = `spell-${nth}`
    const count = PER_SECOND * SPELL_SECONDS
    await load.ask('prepare', { name, kind: 'keys', calls: CALLS, count, keys })
    await load.ask('send', { name, ...server.address, from: 0, count: CALLS, connections: 8 })
    await agents.ask(
      'watch',
      Array.from({ length: AGENTS }, (_, agent) =>
        Array.from({ length: WATCHES_EACH }, (_unused, watch) => callIdOf(name, (agent + watch * 50) % CALLS)),
      ),
    )
    await server.arrivals()
    const cpuBefore = await server.cpu()
    let over = false
    const losing = (async () => {
      for (let lost = nth * SPELL_SECONDS; !over; lost++) {
        await sleep(1000)
        if (!over) await agents.ask('reconnect', lost)
      }
    })()
    const pace = { from: CALLS, count, connections: 16, perSecond: PER_SECOND, repeatEvery: 20 }
    const sent = await load.ask('send', { name, ...server.address, ...pace })
    over = true
    await losing
    const cpu = ((await server.cpu()) - cpuBefore) / (count * 1.05)
    if (sent.refused > 0) throw new Error(`${sent.refused} webhooks were refused.`)
    let compared = await agents.ask('compare', count / CALLS)
    for (let tries = 0; compared.behind > 0 && tries < 100; tries++) {
      await sleep(100)
      compared = await agents.ask('compare', count / CALLS)
    }
    // The first arrival counts; a repetition is told to nobody.
    const arrivals = new Map((await server.arrivals()).toReversed())
    const delays: number[] = []
    for (const [id, nanos] of await agents.ask('received')) {
      const arrived = arrivals.get(id)
      if (arrived !== undefined) delays.push(Number(nanos - arrived) / 1e6)
    }
    const { rss, heap } = await server.usage()
    const minute = (performance.now() - began) / 60_000
    const spell = {
      minute,
      rss: rss / 1e6,
      heap: heap / 1e6,
      p50: quantile(delays, 0.5),
      p99: quantile(delays, 0.99),
      cpu,
    }
    spells.push({ ...spell, behind: compared.behind, beyond: compared.beyond })
    process.stdout.write(
      `${minute.toFixed(1)} min: RSS ${spell.rss.toFixed(0)} MB, heap ${spell.heap.toFixed(1)} MB, p50 ${spell.p50.toFixed(1)} ms, ` +
        `p99 ${spell.p99.toFixed(1)} ms, behind ${compared.behind}, beyond ${compared.beyond} of ${compared.watches}\n`,
    )
    await load.ask('drop', name)
  }
  const { reconnections } = await agents.ask('compare', 0)
  for (const part of [agents, load, server]) await part.stop()

  const file = new URL('./results/soak.svg', import.meta.url)
  const x = spells.map(({ minute }) => minute)
  writeFileSync(
    file,
    plot({
      title: `${AGENTS} agents, ${CALLS} live calls, ${PER_SECOND} webhooks a second`,
      x: { label: 'minutes', values: x },
      panels: [
        { label: 'RSS, MB', values: spells.map(({ rss }) => rss) },
        { label: 'heap, MB', values: spells.map(({ heap }) => heap) },
        { label: 'p99, ms', values: spells.map(({ p99 }) => p99) },
      ],
    }),
  )
  const third = Math.max(1, Math.floor(spells.length / 3))
  const change = (key: 'rss' | 'heap' | 'p50' | 'p99') =>
    median(spells.slice(-third).map((spell) => spell[key])) / median(spells.slice(0, third).map((spell) => spell[key]))
  const sum = (key: 'behind' | 'beyond') => spells.reduce((total, spell) => total + spell[key], 0)
  const whole = (key: 'rss' | 'heap' | 'p50' | 'p99' | 'cpu') => median(spells.map((spell) => spell[key]))
  return {
    tables: [
      {
        head: ['', 'median', 'last third / first third'],
        rows: [
          ['RSS, MB', whole('rss'), change('rss')],
          ['heap after a collection, MB', whole('heap'), change('heap')],
          ['arrival to folded state, p50 ms', whole('p50'), change('p50')],
          ['p99 ms', whole('p99'), change('p99')],
          ['CPU µs for each webhook', whole('cpu'), null],
        ],
      },
    ],
    goals: [],
    notes: [
      `${minutes} minutes; ${spells.length * CALLS} calls; ${spells.length * PER_SECOND * SPELL_SECONDS} webhooks, one in twenty of them twice; ${reconnections} lost connections.`,
      `Screens that were behind the log at the end of a spell: ${sum('behind')}; that showed more than was pressed: ${sum('beyond')}.`,
    ],
  }
}
