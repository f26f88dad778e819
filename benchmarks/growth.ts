/**
 * Measures the cost of an event as the events of a call, the live calls and the watched list grow. The fold may grow with
 * the logarithm. More live calls must not make an event more expensive. `fanout` measures more agents on a call.
 */
import { type CallEvent, type CallState, initialCallState, reduceCall } from '@callgather/protocol'
import { Bench } from 'tinybench'
import { atMost, type Effort, type Goal, median, type Report, ratioOf, roundsOf, type Table } from './harness.ts'
import { Lab } from './lab.ts'

interface Part {
  readonly table: Table
  readonly goals: readonly Goal[]
}

/** P13, except retention. */
export async function growth(effort: Effort): Promise<Report> {
  const parts = [await asACallGrows(effort), await asCallsGrow(effort)]
  return { tables: parts.map(({ table }) => table), goals: parts.flatMap(({ goals }) => goals) }
}

/** Returns an event of a long call: one key for every three conversation turns. */
export function eventAt(index: number): CallEvent {
  const occurred_at = new Date(1_700_000_000_000 + index * 37).toISOString().replace('Z', '000Z')
  const common = { id: `event-${index}`, occurred_at, command_id: 'talk' }
  if (index % 4 === 0) return { ...common, event_type: 'call.dtmf.received', payload: { digit: '5' } }
  const from = index - Math.floor(index / 4) - 1
  const messages = [{ role: index % 2 ? 'user' : 'assistant', content: `Turn ${index} of the conversation.` }]
  const message_history = { from, length: from + 1, messages }
  return { ...common, event_type: 'call.ai_gather.message_history_updated', payload: { message_history } }
}

async function asACallGrows({ size }: Effort): Promise<Part> {
  const lengths = size < 0.1 ? [100, 1_000] : [1_000, 10_000, 100_000]
  const [least = 1, most = 1] = [lengths[0], lengths.at(-1)]
  const bench = new Bench({ time: 300 * size, warmupTime: 100 * size })
  let state: CallState = initialCallState('call')
  for (let index = 0; index <= most; index++) {
    const before = state
    const event = eventAt(index)
    if (lengths.includes(index)) bench.add(String(index), () => reduceCall(before, event))
    state = reduceCall(before, event)
  }
  process.stderr.write(`  growth: the fold at ${lengths.join(', ')} events\n`)
  await bench.run()
  const micros = bench.tasks.map(({ result }) => ('latency' in result ? result.latency.p50 * 1000 : Number.NaN))
  const measured = (micros.at(-1) ?? Number.NaN) / (micros[0] ?? Number.NaN)
  const says = `fold of one more event, ${most.toLocaleString('en')} against ${least.toLocaleString('en')} events in the call`
  return {
    table: {
      caption: 'As a call grows',
      head: ['events in the call', 'one more, µs'],
      rows: lengths.map((length, nth) => [length.toLocaleString('en'), micros[nth] ?? null]),
    },
    goals: [atMost('P13', says, Math.log(most) / Math.log(least), measured)],
  }
}

/** Measures an event on a server with many live calls, without and with an agent who watches the call list. */
async function asCallsGrow({ rounds, size }: Effort): Promise<Part> {
  await using lab = new Lab()
  const counts = size < 0.1 ? [10, 100] : [100, 1_000, 10_000]
  const perRound = Math.max(100, 500 * size)
  const load = await lab.load()
  const watcher = await lab.watchers()
  const rows = []
  for (const count of counts) {
    const server = await lab.server({ name: `${count}`, store: 'sqlite' }, { core: 0 })
    const name = `calls-${count}`
    process.stderr.write(`  growth: ${count.toLocaleString('en')} calls begin\n`)
    await load.ask('prepare', { name, kind: 'keys', calls: count, count: perRound * 2 * (rounds + 1), keys: lab.keys })
    await load.ask('send', { ...server.address, name, from: 0, count, connections: 16 })
    rows.push({ count, name, server, alone: [] as number[], listed: [] as number[] })
  }
  for await (const round of roundsOf('growth, calls', rounds)) {
    for (const { count, name, server, alone, listed } of rows) {
      for (const [nth, into] of [alone, listed].entries()) {
        if (into === listed) {
          const { kind, address } = server
          await watcher.ask('begin', { kind, port: address.port, tickets: await server.ask('tickets', 1) })
          await watcher.ask('watchList')
        }
        const begun = await server.cpu()
        const from = count + (2 * round + nth) * perRound
        await load.ask('send', { ...server.address, name, from, count: perRound, connections: 16 })
        if (round > 0) into.push(((await server.cpu()) - begun) / perRound)
        await watcher.ask('close')
      }
    }
  }
  const [least, most] = [rows[0], rows.at(-1)]
  const than = `${most?.count.toLocaleString('en')} live calls against ${least?.count.toLocaleString('en')}`
  // A tolerance of 20%, because equal work varies that much between rounds.
  const goal = (says: string, key: 'alone' | 'listed') =>
    atMost('P13', `${says}, ${than}`, 1.2, ratioOf(most?.[key] ?? [], least?.[key] ?? []))
  return {
    table: {
      caption: 'As calls grow (sqlite)',
      head: ['live calls', 'CPU µs an event', 'with an agent who watches the list'],
      rows: rows.map(({ count, alone, listed }) => [count.toLocaleString('en'), median(alone), median(listed)]),
    },
    goals: [goal('CPU for an event', 'alone'), goal('CPU for an event while the list of calls is watched', 'listed')],
  }
}
