/** One store, or the plainest way to write to the same engine, taking appends and nothing else. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { CallEvent } from '@callgather/protocol'
import { type CallStore, memoryStore, redisStore, sqliteStore } from '@callgather/server'
import { createClient } from 'redis'
import { callIdOf, messageAt } from './corpus.ts'
import { serve, settings } from './serve.ts'

export interface AppenderSettings {
  /**
   * - `file`: one `write` and one `fdatasync` for each event: the disk itself.
   * - `sqlite each`: a transaction for each event, with a unique index, as one writes it first.
   * - `redis xadd`: `XADD` for each event, awaited; numbers and deduplicates nothing.
   * - `sqlite`, `redis`, `memory`: our stores.
   */
  readonly kind: 'file' | 'sqlite each' | 'redis xadd' | 'sqlite' | 'redis' | 'memory'
  /** A file, or a Redis URL. */
  readonly at: string
}

export interface Run {
  readonly count: number
  /** How many appends wait at a time. */
  readonly outstanding: number
}

type Append = (callId: string, event: CallEvent) => unknown

const CALLS = 200
const { kind, at } = settings<AppenderSettings>()
const append = await open()
let made = 0

export const abilities = {
  /** How long the appends took, and what they cost this process, for each of them in µs. */
  run: async ({ count, outstanding }: Run) => {
    const events = Array.from({ length: count }, (_, nth) => eventAt(made + nth))
    const from = made
    made += count
    const cpu = process.cpuUsage()
    const began = performance.now()
    let next = 0
    const worker = async () => {
      for (let nth = next++; nth < count; nth = next++) {
        await append(callIdOf('append', (from + nth) % CALLS), events[nth] as CallEvent)
      }
    }
    await Promise.all(Array.from({ length: outstanding }, worker))
    const millis = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    return { micros: (millis * 1000) / count, cpu: (user + system) / count }
  },
}
serve(abilities)

/** About 1 kB as JSON. */
function eventAt(nth: number): CallEvent {
  const id = `00000000-0000-4000-8000-${nth.toString(16).padStart(12, '0')}`
  const messages = Array.from({ length: 5 }, (_, place) => messageAt(nth + place))
  const message_history = { from: nth, length: nth + messages.length, messages }
  const occurred_at = `${new Date(1_763_808_060_000 + nth).toISOString().slice(0, -1)}000Z`
  return { id, occurred_at, event_type: 'call.ai_gather.message_history_updated', payload: { message_history } }
}

async function open(): Promise<Append> {
  if (kind === 'file') return toFile()
  if (kind === 'sqlite each') return toSqlite()
  if (kind === 'redis xadd') {
    const client = await createClient({ url: at }).connect()
    return (callId, event) => client.xAdd(callId, '*', { event: JSON.stringify(event) })
  }
  const store: CallStore =
    kind === 'sqlite' ? sqliteStore({ path: at }) : kind === 'redis' ? redisStore({ url: at }) : memoryStore()
  return (callId, event) => store.append(callId, [{ event, digest: event.id }])
}

function toFile(): Append {
  const file = openSync(at, 'a')
  process.once('exit', () => closeSync(file))
  return (_, event) => {
    writeSync(file, `${JSON.stringify(event)}\n`)
    fdatasyncSync(file)
  }
}

/** With the same library as our store, its synchronous part, and as durable. */
function toSqlite(): Append {
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => Plain
  const database = new Database(at)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec('CREATE TABLE event (seq INTEGER PRIMARY KEY, call TEXT, id TEXT UNIQUE, body TEXT)')
  const insert = database.prepare('INSERT INTO event (call, id, body) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING')
  return (callId, event) => insert.run(callId, event.id, JSON.stringify(event))
}

interface Plain {
  exec(sql: string): void
  prepare(sql: string): { run(...parameters: readonly unknown[]): unknown }
}
