/** A server with many old calls that measures its event loop pauses. Its own clock is simulated. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallEvent } from '@callgather/protocol'
import { createGatherServer } from '@callgather/server'
import { memoryStore } from '@callgather/server/memory'
import { sqliteStore } from '@callgather/server/sqlite'
import { callIdOf, makeKeys } from './corpus.ts'
import { serve, settings } from './serve.ts'

const HOUR_MS = 3_600_000
/** Interval of the retention sweep. */
const RETENTION_INTERVAL_MS = 5 * 60_000
const RESOLUTION_MS = 5

mock.timers.enable({ apis: ['Date', 'setInterval'], now: Date.now() })
const { path } = settings<{ readonly path: string | null }>()
const store = path === null ? memoryStore() : sqliteStore({ path })
const gather = createGatherServer({
  telnyx: { apiKey: 'not used here', publicKey: makeKeys().publicKey },
  store,
  tickets: { secret: 'a secret for the time of a benchmark' },
  reconcile: false,
  retentionHours: 168,
  transcriptRetentionHours: 1,
})
const server = createServer()
gather.attach(server)
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve)
})

const works = {
  list: async () => {
    for (let time = 0; time < 20; time++) await list()
  },
  silence: () => retain(2 * HOUR_MS, async () => (await store.list({ stage: 'ended', limit: 1 })).length === 0),
  forget: () => retain(170 * HOUR_MS, async () => (await store.list({ limit: 1 })).length === 0),
}

export const abilities = {
  /** Appends `count` calls with speech. */
  fill: async (calls: number) => {
    let next = 0
    const worker = async () => {
      for (let nth = next++; nth < calls; nth = next++) {
        const said = { transcript: 'What was said on the call.', is_final: true, confidence: 0.9 }
        const events = [eventOf('call.transcription', { transcription_data: said }), eventOf('call.hangup', {})]
        await store.append(
          callIdOf('old', nth),
          events.map((event) => ({ event })),
          { isOver: true },
        )
      }
    }
    await Promise.all(Array.from({ length: 64 }, worker))
  },
  /** Measures event loop pauses during a task, in ms. */
  pause: async (work: keyof typeof works) => {
    const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    const began = performance.now()
    delays.enable()
    await works[work]()
    // A pause is counted by the first timer after it.
    await sleep(4 * RESOLUTION_MS)
    delays.disable()
    const millis = (nanos: number) => Math.max(0, nanos / 1e6 - RESOLUTION_MS)
    return {
      seconds: (performance.now() - began) / 1000,
      p99: millis(delays.percentile(99)),
      longest: millis(delays.max),
    }
  },
}
serve(abilities)

const eventOf = (event_type: string, payload: CallEvent['payload']): CallEvent =>
  ({ id: event_type, event_type, occurred_at: '2026-11-22T10:41:00.000000Z', payload }) as CallEvent

/** Advances the clock until the retention sweep has finished. */
async function retain(millis: number, isDone: () => Promise<boolean>): Promise<void> {
  mock.timers.setTime(Date.now() + millis)
  mock.timers.tick(RETENTION_INTERVAL_MS)
  while (!(await isDone())) await sleep(20)
}

async function list(): Promise<void> {
  const ticket = await gather.issueTicket({ subject: 'agent', calls: '*', scopes: ['view'], expiresIn: '1d' })
  const { port } = server.address() as AddressInfo
  const headers = { authorization: `Bearer ${ticket}` }
  const response = await fetch(`http://127.0.0.1:${port}/callgather/calls`, { headers })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`The list was refused with ${response.status}.`)
}
