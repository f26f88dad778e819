/**
 * Simulates a long shift: 200 live calls at a time, 100 agents who watch four calls each, one reconnect per second, and 5%
 * repeated webhooks. Memory and delay must not grow, and after each spell every agent's screen must match the log.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { atMost, type Effort, median, quantile, type Report } from './harness.ts'
import { Lab } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'

const CALLS = 200
const AGENTS = 100
const WATCHES_EACH = 4
const PER_SECOND = 100
const SPELL_SECONDS = 20

/** The figures of one spell. `p50` and `p99`: from arrival to the folded state. `heap`: after a collection. */
type Figures = Readonly<Record<'RSS MB' | 'heap MB' | 'p50 ms' | 'p99 ms' | 'CPU µs each' | 'wrong screens', number>>

/** P14. */
export async function soak({ minutes, size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const server = await lab.server({ name: 'CallGather', store: 'sqlite' })
  const load = await lab.load(null)
  const agents = await lab.watchers()
  const tickets = await server.ask('tickets', AGENTS)
  await agents.ask('begin', { kind: server.kind, port: server.address.port, tickets })
  // Fill the server's call cache first, so that its memory starts at the level of a working day.
  const before = { name: 'before', calls: 8_500 * size, count: 8_500 * size }
  await load.ask('prepare', { ...before, kind: 'keys', keys: lab.keys, ends: true })
  await load.ask('send', { ...server.address, name: 'before', from: 0, count: before.calls * 3, connections: 32 })
  await load.ask('drop', 'before')

  /** Runs one spell: starts calls, watches them during keys and reconnects, and ends them. */
  const work = async (nth: number): Promise<Figures> => {
    const name = `spell-${nth}`
    const count = PER_SECOND * SPELL_SECONDS
    const calls = Array.from({ length: CALLS }, (_, index) => callIdOf(name, index))
    const target = { ...server.address, name, connections: 16 }
    await load.ask('prepare', { name, kind: 'keys', calls: CALLS, count, keys: lab.keys, ends: true })
    await load.ask('send', { ...target, from: 0, count: CALLS })
    const watched = (agent: number) =>
      Array.from({ length: WATCHES_EACH }, (_, at) => calls[(agent + at * 50) % CALLS] ?? '')
    await agents.ask(
      'watch',
      tickets.map((_, agent) => watched(agent)),
    )
    await server.ask('arrivals')
    const cpuBefore = await server.cpu()
    let isOver = false
    const losing = (async () => {
      for (let lost = nth * SPELL_SECONDS; !isOver; lost++) {
        await sleep(1000)
        if (!isOver) await agents.ask('reconnect', lost)
      }
    })()
    await load.ask('send', { ...target, from: CALLS, count, perSecond: PER_SECOND, repeatEvery: 20 })
    isOver = true
    await losing
    const cpu = ((await server.cpu()) - cpuBefore) / (count * 1.05)
    await load.ask('send', { ...target, from: CALLS + count, count: CALLS })
    await load.ask('drop', name)
    const screens = await server.ask('screens', calls)
    const log = new Map(calls.map((callId, index) => [callId, screens[index] ?? '']))
    let wrong = await agents.ask('wrong', log)
    for (let tries = 0; wrong > 0 && tries < 100; tries++) {
      await sleep(100)
      wrong = await agents.ask('wrong', log)
    }
    // The first arrival counts, because subscribers receive no repetition.
    const arrivals = new Map((await server.ask('arrivals')).toReversed())
    const delays = (await agents.ask('received')).flatMap(([id, nanos]) => {
      const arrived = arrivals.get(id)
      return arrived === undefined ? [] : [Number(nanos - arrived) / 1e6]
    })
    const { rss, heap } = await server.memory()
    return {
      ...{ 'RSS MB': rss / 1e6, 'heap MB': heap / 1e6, 'CPU µs each': cpu, 'wrong screens': wrong },
      ...{ 'p50 ms': quantile(delays, 0.5), 'p99 ms': quantile(delays, 0.99) },
    }
  }

  const began = performance.now()
  const spells: Figures[] = []
  while (performance.now() - began < minutes * 60_000 * Math.min(1, size) || spells.length < 3) {
    const spell = await work(spells.length)
    spells.push(spell)
    const says = Object.entries(spell).map(([name, value]) => `${name} ${value.toFixed(1)}`)
    process.stderr.write(
      `  ${((performance.now() - began) / 60_000).toFixed(1)} of ${minutes} min: ${says.join(', ')}\n`,
    )
  }
  // The first third warms up the server. Growth is the last third against the middle third.
  const third = Math.floor(spells.length / 3)
  const thirdOf = (key: keyof Figures, nth: number) =>
    median(spells.slice(third * nth, nth === 2 ? undefined : third * (nth + 1)).map((spell) => spell[key]))
  const growth = (key: keyof Figures) => (thirdOf(key, 2) / thirdOf(key, 1) - 1) * 100
  const wrong = spells.reduce((sum, spell) => sum + spell['wrong screens'], 0)
  return {
    tables: [
      {
        caption: `${AGENTS} agents, ${CALLS} live calls, ${PER_SECOND} webhooks/s; ${spells.length} spells of ${SPELL_SECONDS} s`,
        head: ['', 'first third', 'second', 'last', 'last against second, %'],
        rows: (Object.keys(spells[0] ?? {}) as (keyof Figures)[]).map((key) => [
          ...[key, thirdOf(key, 0), thirdOf(key, 1), thirdOf(key, 2), growth(key)],
        ]),
      },
    ],
    goals: [
      atMost('P14', 'heap: growth from the second to the last third, %', 5, growth('heap MB')),
      // The p99 includes disk noise.
      atMost('P14', 'p99: growth from the second to the last third, %', 10, growth('p99 ms')),
      atMost('P14', 'screens that differ from the log', 0, wrong),
    ],
  }
}
