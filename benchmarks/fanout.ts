/** Measures the server's CPU time per delivery of an event, and its memory per idle watcher. */
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import { arrived, type Contender, Lab, watch } from './lab.ts'
import { callIdOf } from './parts/corpus.ts'

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
  const calls = [callIdOf('fan', 0)]
  const start = async (contender: Contender, watchers = most) => {
    const server = await lab.server(contender, { core: 0 })
    await load.ask('send', { ...server.address, name: 'fan', from: 0, count: 1, connections: 1 })
    const watching = { server, watcher: await lab.watchers() }
    await watch(watching, calls, watchers)
    return { name: contender.name, watchers, ...watching, cpu: [] as number[] }
  }
  const [floor, own, tenth] = [await start(frames), await start(ours), await start(ours, most / 10)]
  const rows = [floor, await start(bare), own, tenth]
  for await (const round of roundsOf('fanout', rounds)) {
    for (const { watchers, server, watcher, cpu } of rows) {
      const before = await server.cpu()
      const target = { name: 'fan', from: 1 + round * perRound, count: perRound, connections: 1, perSecond: 10 }
      await load.ask('send', { ...server.address, ...target })
      const { count } = await arrived({ server, watcher }, perRound * watchers * (round + 1))
      if (count < perRound * watchers * (round + 1)) throw new Error(`${count} messages came.`)
      if (round > 0) cpu.push(((await server.cpu()) - before) / perRound / watchers)
    }
  }
  for (const { server, watcher } of rows) {
    await watcher.stop()
    await server.stop()
  }
  // Measured on the second to fifth thousand watchers, where the memory reserve of the process matters little.
  const idle = []
  for (const contender of [bare, ours]) {
    const { server, watcher } = await start(contender)
    const before = await server.memory()
    const more = await lab.watchers()
    await watch({ server, watcher: more }, calls, 4 * most)
    const after = await server.memory()
    idle.push({ name: contender.name, rss: (after.rss - before.rss) / 4 / most })
    await watcher.stop()
    await more.stop()
    await server.stop()
  }
  const rss = (idle[1]?.rss ?? Number.NaN) / (idle[0]?.rss ?? Number.NaN)
  return {
    tables: [
      {
        caption: 'One event to all watchers of its call',
        head: ['server', 'watchers', 'CPU µs each delivery', '× frames'],
        rows: rows.map(({ name, watchers, cpu }) => [name, watchers, median(cpu), ratioOf(cpu, floor.cpu)]),
      },
      {
        caption: 'An idle watcher of a call, after a full collection',
        head: ['server', 'RSS kB'],
        rows: idle.map(({ name, rss }) => [name, rss / 1000]),
      },
    ],
    goals: [
      atMost('P9', 'CPU for each delivery against frames made once', 1.5, ratioOf(own.cpu, floor.cpu)),
      atMost('P9', 'memory (RSS) of an idle watcher against a bare socket.io socket', 1.4, rss),
      atMost('P13', `CPU for each delivery, ${most} agents against ${most / 10}`, 1, ratioOf(own.cpu, tenth.cpu)),
    ],
  }
}
