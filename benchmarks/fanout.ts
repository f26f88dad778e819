/** Measures the server's CPU time per delivery of an event, and its memory per idle watcher. */
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { type Contender, Lab } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'
import type { abilities as Crowd } from './parts/crowd.ts'

const frames: Contender = { name: 'raw `ws`, frame made once (the system calls)', peer: 'ws frames' }
const bare: Contender = { name: 'socket.io, `io.to(room).emit`', peer: 'emit' }
const ours: Contender = { name: 'CallGather, memory', store: 'memory' }

/** P9. */
export async function fanout({ rounds, size }: Effort): Promise<Report> {
  await using lab = new Lab()
  const perRound = Math.ceil(15 * size)
  const most = 1_000 * size
  const load = await lab.load()
  await load.ask('prepare', { name: 'fan', kind: 'keys', calls: 1, count: perRound * (rounds + 1), keys: lab.keys })
  const start = async (contender: Contender, watchers = most) => {
    const server = await lab.server(contender, { core: 0 })
    const crowd = await lab.part<typeof Crowd>('crowd.ts', { core: 1 })
    await load.ask('send', { ...server.address, name: 'fan', from: 0, count: 1, connections: 1 })
    const tickets = await server.ask('tickets', 1_000)
    const members = { kind: server.kind, port: server.address.port, call: callIdOf('fan', 0), tickets, count: watchers }
    await crowd.ask('connect', members)
    return { name: contender.name, watchers, server, crowd, members }
  }
  const newRow = async (contender: Contender, watchers?: number) => ({
    ...(await start(contender, watchers)),
    cpu: [] as number[],
    bytes: [] as number[],
  })
  const [floor, own, tenth] = [await newRow(frames), await newRow(ours), await newRow(ours, most / 10)]
  const rows = [floor, await newRow(bare), own, tenth]
  for await (const round of roundsOf('fanout', rounds)) {
    for (const { watchers, server, crowd, cpu, bytes } of rows) {
      const before = await server.cpu()
      const target = { name: 'fan', from: 1 + round * perRound, count: perRound, connections: 1, perSecond: 10 }
      await load.ask('send', { ...server.address, ...target })
      const taken = await crowd.ask('take', perRound * watchers)
      if (round === 0) continue
      cpu.push(((await server.cpu()) - before) / perRound / watchers)
      bytes.push(taken / perRound / watchers)
    }
  }
  for (const { server, crowd } of rows) {
    await crowd.stop()
    await server.stop()
  }
  // Measured on the second to fifth thousand watchers, where the memory reserve of the process matters little.
  const idle = []
  for (const contender of [bare, ours]) {
    const { server, crowd, members } = await start(contender)
    const before = await server.memory()
    await crowd.ask('connect', { ...members, count: 4 * most })
    const after = await server.memory()
    idle.push({
      name: contender.name,
      rss: (after.rss - before.rss) / 4 / most,
      heap: (after.heap - before.heap) / 4 / most,
    })
    await crowd.stop()
    await server.stop()
  }
  const rss = (idle[1]?.rss ?? Number.NaN) / (idle[0]?.rss ?? Number.NaN)
  return {
    tables: [
      {
        caption: 'One event to all watchers of its call',
        head: ['server', 'watchers', 'CPU µs each delivery', '× frames', 'bytes each'],
        rows: rows.map(({ name, watchers, cpu, bytes }) => [
          ...[name, watchers, median(cpu), ratioOf(cpu, floor.cpu), median(bytes)],
        ]),
      },
      {
        caption: 'An idle watcher of a call, after a full collection',
        head: ['server', 'RSS kB', 'heap kB'],
        rows: idle.map((each) => [each.name, each.rss / 1000, each.heap / 1000]),
      },
    ],
    goals: [
      atMost('P9', 'CPU for each delivery against frames made once', 1.5, ratioOf(own.cpu, floor.cpu)),
      atMost('P9', 'memory (RSS) of an idle watcher against a bare socket.io socket', 1.4, rss),
      atMost('P13', `CPU for each delivery, ${most} agents against ${most / 10}`, 1, ratioOf(own.cpu, tenth.cpu)),
    ],
  }
}
