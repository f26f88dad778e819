/**
 * Coming back, and coming for the first time: what an agent is sent who missed some of a call of 10,000 events, and how
 * long a server that has just started needs for the first watch of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallEvent } from '@callgather/protocol'
import { sqliteStore } from '@callgather/server'
import { atMost, type Effort, median, type Report, ratioOf, roundsOf } from './harness.ts'
import type { CallgatherSettings, abilities as Server } from './parts/callgather-server.ts'
import { callIdOf, makeKeys, messageAt } from './parts/corpus.ts'
import type { abilities as Crowd } from './parts/crowd.ts'
import type { abilities as Reader } from './parts/log-reader.ts'
import { start } from './parts/part.ts'

const EVENTS = 10_000
const MISSED = [0, 10, 100, 1_000, EVENTS] as const

/** Runs the benchmark. */
export async function resume({ rounds }: Effort): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-bench-'))
  const path = join(folder, 'calls.db')
  const callId = callIdOf('long', 0)
  const epoch = await writeLog(path, callId)
  const settings: CallgatherSettings = {
    publicKey: makeKeys().publicKey,
    store: `file:${path}`,
  }
  const crowd = await start<typeof Crowd>('crowd.ts', { core: 1 })
  const floor: number[] = []
  const cold: number[] = []
  const resumed = new Map<number, { millis: number[]; bytes: number }>(
    MISSED.map((missed) => [missed, { millis: [], bytes: 0 }]),
  )
  for (const round of roundsOf('resume', rounds)) {
    const reader = await start<typeof Reader>('log-reader.ts', { core: 0 })
    const { millis, events } = await reader.ask('read', { path, callId })
    if (events !== EVENTS) throw new Error(`The log has ${events} events, not ${EVENTS}.`)
    if (round > 0) floor.push(millis)
    await reader.stop()

    const server = await start<typeof Server>('callgather-server.ts', { core: 0, settings })
    const port = await server.ask('listen')
    const tickets = [await server.ask('ticket', 'agent')]
    const member = { kind: 'callgather', port, call: callId, count: 1, tickets } as const
    const first = await crowd.ask('ask', { crowd: member })
    if (round > 0) cold.push(first.millis)
    for (let time = 0; time < 5; time++) {
      for (const [missed, row] of resumed) {
        const answer = await crowd.ask('ask', { crowd: member, cursor: { epoch, seq: EVENTS - missed } })
        if (round > 0) row.millis.push(answer.millis)
        row.bytes = answer.bytes
      }
    }
    await server.stop()
  }
  await crowd.stop()
  rmSync(folder, { recursive: true, force: true })

  const of = (missed: number) => resumed.get(missed)
  const bytesEach = (missed: number) => ((of(missed)?.bytes ?? 0) - (of(0)?.bytes ?? 0)) / missed
  return {
    tables: [
      {
        caption: `A call of ${EVENTS.toLocaleString('en')} events, on a warm server`,
        head: ['missed', 'answer ms', '× nothing missed', 'kB', 'bytes for each event missed'],
        rows: [...resumed].map(([missed, { millis, bytes }]) => [
          missed.toLocaleString('en'),
          median(millis),
          ratioOf(millis, of(0)?.millis ?? []),
          bytes / 1000,
          missed === 0 ? null : bytesEach(missed),
        ]),
      },
      {
        caption: 'The first watch of it, on a server that has just started',
        head: ['', 'ms', '× reading and parsing the log'],
        rows: [
          ['reading and parsing the whole log', median(floor), 1],
          ['the first watch, answered', median(cold), ratioOf(cold, floor)],
        ],
      },
    ],
    goals: [
      atMost('G10', 'first watch on a cold server against reading and parsing the log', 0.5, ratioOf(cold, floor)),
      atMost('G10', 'bytes for each event missed, of 1,000 against of 10', 1.1, bytesEach(1_000) / bytesEach(10)),
    ],
  }
}

/** A long call: mostly turns of a conversation, with keys between them. */
async function writeLog(path: string, callId: string): Promise<string> {
  const store = sqliteStore({ path })
  let turns = 0
  const events = Array.from({ length: EVENTS }, (_, index): CallEvent => {
    const id = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`
    const occurred_at = `${new Date(1_763_808_060_000 + index * 700).toISOString().slice(0, -1)}000Z`
    if (index % 4 === 0) return { id, occurred_at, event_type: 'call.dtmf.received', payload: { digit: '5' } }
    const message_history = { from: turns, length: turns + 1, messages: [messageAt(turns)] }
    turns += 1
    return { id, occurred_at, event_type: 'call.ai_gather.message_history_updated', payload: { message_history } }
  })
  let epoch = ''
  for (let from = 0; from < events.length; from += 1_000) {
    const appended = await store.append(
      callId,
      events.slice(from, from + 1_000).map((event) => ({ event })),
    )
    epoch = appended.epoch
  }
  await store.close()
  return epoch
}
