/**
 * What one more call, one more event and one more agent cost, on servers that share a Redis: the unit costs from which
 * `docs/scaling.md` reckons how many machines a number of calls takes. CPU is the time processes spent on a core, which
 * a busy machine changes little; memory is what is there after a full collection.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Effort, median, type Report } from './harness.ts'
import type { abilities as Server } from './parts/callgather-server.ts'
import { callIdOf, type Keys, makeKeys } from './parts/corpus.ts'
import type { abilities as CrowdPart } from './parts/crowd.ts'
import type { abilities as Load } from './parts/load.ts'
import { type Part, start } from './parts/part.ts'
import { type Redis, startRedis } from './redis.ts'

const CALLS = 500
const EVENTS_A_CALL = 20
const WATCHED = 100
const AGENTS = 1_000
const PATH = '/callgather/webhooks'

interface Node {
  readonly part: Part<typeof Server>
  readonly port: number
}

/** Runs the benchmark. */
export async function scaling({ rounds }: Effort): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-scaling-'))
  const redis = await startRedis(folder)
  const keys = makeKeys()
  const load = await start<typeof Load>('load.ts', { core: 1 })
  try {
    const calls = await costOfCalls(redis, keys, load)
    const events = await costOfEvents(redis, keys, load, rounds)
    const agents = await costOfAgents(redis, keys, load, rounds)
    return {
      tables: [
        {
          caption: `**A call**, of ${EVENTS_A_CALL} key presses`,
          head: ['in', 'bytes a call', 'bytes an event'],
          rows: [
            ['Redis', calls.redis, calls.redis / EVENTS_A_CALL],
            ['a server that has it folded (heap)', calls.heap, calls.heap / EVENTS_A_CALL],
          ],
        },
        {
          caption: '**An event**: verified, appended in Redis (synced), relayed to one watcher on the other server',
          head: ['where', 'CPU µs an event'],
          rows: [
            ['the server that takes the webhook', events.taking],
            ['the server that has the watcher', events.relaying],
            ['Redis', events.redis],
          ],
        },
        {
          caption: `**An agent**, connected and watching a call (${AGENTS} of them)`,
          head: ['what', 'figure'],
          rows: [
            ['heap of the server, bytes', agents.heap],
            ['resident memory of the server, bytes', agents.rss],
            ['CPU µs a second while nothing happens', agents.idle],
            ['CPU µs for each event told to each agent', agents.delivery],
          ],
        },
      ],
      goals: [],
      packages: ['socket.io'],
    }
  } finally {
    await load.stop()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const startNode = async (redis: Redis, { publicKey }: Keys, core: number): Promise<Node> => {
  const settings = { publicKey, store: redis.url }
  const part = await start<typeof Server>('callgather-server.ts', { core, settings })
  return { part, port: await part.ask('listen') }
}

async function costOfCalls(redis: Redis, keys: Keys, load: Part<typeof Load>) {
  const node = await startNode(redis, keys, 0)
  const count = CALLS * (EVENTS_A_CALL - 1)
  await load.ask('prepare', { name: 'calls', kind: 'keys', calls: CALLS, count, keys })
  // The first calls warm the server and Redis up; the others are what is measured.
  const send = (from: number, many: number) =>
    load.ask('send', { name: 'calls', port: node.port, path: PATH, from, count: many, connections: 16 })
  await send(0, CALLS)
  const begun = { heap: (await node.part.usage()).heap, redis: redis.memory() }
  await send(CALLS, count)
  const heap = (await node.part.usage()).heap - begun.heap
  const grown = redis.memory() - begun.redis
  await load.ask('drop', 'calls')
  await node.part.stop()
  const share = EVENTS_A_CALL / (EVENTS_A_CALL - 1)
  return { heap: (heap / CALLS) * share, redis: (grown / CALLS) * share }
}

async function costOfEvents(redis: Redis, keys: Keys, load: Part<typeof Load>, rounds: number) {
  const perRound = 1_000
  const taking = await startNode(redis, keys, 0)
  const relaying = await startNode(redis, keys, 1)
  const crowd = await start<typeof CrowdPart>('crowd.ts', { core: 1 })
  await load.ask('prepare', { name: 'events', kind: 'keys', calls: WATCHED, count: perRound * (rounds + 1), keys })
  const send = (from: number, count: number) =>
    load.ask('send', { name: 'events', port: taking.port, path: PATH, from, count, connections: 16 })
  await send(0, WATCHED)
  for (let index = 0; index < WATCHED; index++) {
    const tickets = [await relaying.part.ask('ticket', `agent-${index}`)]
    const call = callIdOf('events', index)
    await crowd.ask('connect', { kind: 'callgather', port: relaying.port, call, count: 1, tickets })
  }
  const found: { taking: number[]; relaying: number[]; redis: number[] } = { taking: [], relaying: [], redis: [] }
  for (let round = 0; round <= rounds; round++) {
    await crowd.ask('reset')
    const begun = [await taking.part.cpu(), await relaying.part.cpu(), redis.cpu()] as const
    await send(WATCHED + round * perRound, perRound)
    const got = await crowd.ask('wait', perRound)
    // Several records may come in one frame, so the count of frames is at most that of events.
    if (got === 0) throw new Error('Nothing arrived on the other server.')
    if (round === 0) continue
    found.taking.push(((await taking.part.cpu()) - begun[0]) / perRound)
    found.relaying.push(((await relaying.part.cpu()) - begun[1]) / perRound)
    found.redis.push((redis.cpu() - begun[2]) / perRound)
  }
  await load.ask('drop', 'events')
  for (const part of [crowd, relaying.part, taking.part]) await part.stop()
  return { taking: median(found.taking), relaying: median(found.relaying), redis: median(found.redis) }
}

async function costOfAgents(redis: Redis, keys: Keys, load: Part<typeof Load>, rounds: number) {
  const perRound = 20
  const node = await startNode(redis, keys, 0)
  const crowd = await start<typeof CrowdPart>('crowd.ts', { core: 1 })
  await load.ask('prepare', { name: 'agents', kind: 'keys', calls: 1, count: perRound * (2 * rounds + 2), keys })
  let next = 1
  const send = async () => {
    await load.ask('send', { name: 'agents', port: node.port, path: PATH, from: next, count: perRound, connections: 1 })
    next += perRound
  }
  await load.ask('send', { name: 'agents', port: node.port, path: PATH, from: 0, count: 1, connections: 1 })
  await send()
  const alone: number[] = []
  for (let round = 0; round < rounds; round++) {
    const begun = await node.part.cpu()
    await send()
    alone.push((await node.part.cpu()) - begun)
  }
  const before = await node.part.usage()
  const tickets = await Promise.all(
    Array.from({ length: AGENTS }, (_, each) => node.part.ask('ticket', `agent-${each}`)),
  )
  const call = callIdOf('agents', 0)
  for (let from = 0; from < AGENTS; from += 50) {
    const some = { call, count: 50, tickets: tickets.slice(from, from + 50) }
    await crowd.ask('connect', { kind: 'callgather', port: node.port, ...some })
    // One address opens 50 sockets a second at most.
    await sleep(1_000)
  }
  const after = await node.part.usage()
  const idleFrom = await node.part.cpu()
  await sleep(10_000)
  const idle = ((await node.part.cpu()) - idleFrom) / 10 / AGENTS
  const together: number[] = []
  for (let round = 0; round < rounds; round++) {
    await crowd.ask('reset')
    const begun = await node.part.cpu()
    await send()
    const got = await crowd.ask('wait', perRound * AGENTS)
    if (got < perRound * AGENTS) throw new Error(`Of ${perRound * AGENTS} deliveries ${got} arrived.`)
    together.push((await node.part.cpu()) - begun)
  }
  for (const part of [crowd, node.part]) await part.stop()
  return {
    heap: (after.heap - before.heap) / AGENTS,
    rss: (after.rss - before.rss) / AGENTS,
    idle,
    delivery: (median(together) - median(alone)) / perRound / AGENTS,
  }
}
