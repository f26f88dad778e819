/**
 * Call logs in one file: the durable default, for one server on one machine.
 *
 * Every append is on disk before it resolves (`synchronous=FULL`). Whatever waits when a commit begins goes into that
 * commit, back to back and never after a fixed delay: one event alone waits for one sync, and under load a sync is
 * shared by many. An append that cannot be written fails alone or with its commit, and nothing of it stays.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CallEvent, CallRecord } from '@callgather/protocol'
import Database from 'libsql'
import { LocalBus } from './bus.ts'
import { type Appended, type CallStore, type NewEvent, type SetAside, StoreUnavailable } from './call-store.ts'

/** How a sqlite store is made. */
export interface SqliteStoreOptions {
  /** The file; its folder is made if need be. */
  readonly path: string
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

const SCHEMA_VERSION = 1
const SCHEMA = `
  CREATE TABLE call (
    ref INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX call_by_update ON call (updated_at);
  CREATE TABLE event (
    call INTEGER NOT NULL REFERENCES call (ref) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    digest TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (call, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX event_by_id ON event (call, id);
  CREATE TABLE aside (id TEXT PRIMARY KEY, reason TEXT NOT NULL, at INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
`

interface CallRow {
  ref: number
  id: string
  epoch: string
  seq: number
  updated_at: number
}

interface Waiting {
  readonly callId: string
  readonly events: readonly NewEvent[]
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: Error) => void
}

/** A store in a file that survives `kill -9`: what was acknowledged is there after a restart. One process per file. */
export function sqliteStore({ path, now = Date.now }: SqliteStoreOptions): CallStore {
  const database = open(path)
  const bus = new LocalBus()
  let waiting: Waiting[] = []
  let closed = false

  const findCall = database.prepare('SELECT ref, id, epoch, seq, updated_at FROM call WHERE id = ?')
  const addCall = database.prepare('INSERT INTO call (id, epoch, seq, updated_at) VALUES (?, ?, 0, ?)')
  const advance = database.prepare('UPDATE call SET seq = ?, updated_at = ? WHERE ref = ?')
  const findEvent = database.prepare('SELECT digest FROM event WHERE call = ? AND id = ?')
  const addEvent = database.prepare('INSERT INTO event (call, seq, id, digest, body) VALUES (?, ?, ?, ?, ?)')
  const readEvents = database.prepare('SELECT seq, body FROM event WHERE call = ? AND seq > ? ORDER BY seq LIMIT ?')
  const listCalls = database.prepare(
    'SELECT ref, id, epoch, seq, updated_at FROM call WHERE updated_at >= ? ORDER BY updated_at DESC, ref DESC LIMIT ?',
  )
  const oldCalls = database.prepare('SELECT ref, id, epoch, seq, updated_at FROM call WHERE updated_at < ?')
  const dropEvents = database.prepare('DELETE FROM event WHERE call = ?')
  const dropCall = database.prepare('DELETE FROM call WHERE ref = ?')

  const callRow = (callId: string) => findCall.get(callId) as CallRow | undefined

  const appendOne = ({ callId, events }: Waiting): Appended => {
    const known = callRow(callId)
    const epoch = known?.epoch ?? randomUUID()
    const ref = known?.ref ?? Number(addCall.run(callId, epoch, now()).lastInsertRowid)
    let seq = known?.seq ?? 0
    const records: CallRecord[] = []
    const duplicates: { id: string; conflict: boolean }[] = []
    for (const { event, digest } of events) {
      const existing = findEvent.get(ref, event.id) as { digest: string | null } | undefined
      if (existing) {
        duplicates.push({ id: event.id, conflict: existing.digest !== (digest ?? null) })
        continue
      }
      seq += 1
      addEvent.run(ref, seq, event.id, digest ?? null, JSON.stringify(event))
      records.push({ seq, event })
    }
    if (records.length > 0) advance.run(seq, now(), ref)
    return { epoch, records, duplicates }
  }

  const appendAll = database.transaction((batch: readonly Waiting[]) => batch.map(appendOne))

  const commit = () => {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    let results: Appended[]
    try {
      results = appendAll.immediate(batch) as Appended[]
    } catch (error) {
      const unavailable = unavailableBy(error)
      for (const { reject } of batch) reject(unavailable)
      return
    }
    batch.forEach(({ callId, resolve }, index) => {
      const result = results[index] as Appended
      const { epoch, records } = result
      if (records.length > 0) bus.tell({ kind: 'appended', callId, epoch, records })
      resolve(result)
    })
  }

  const forgetRows = database.transaction((rows: readonly CallRow[]) => {
    for (const { ref } of rows) {
      dropEvents.run(ref)
      dropCall.run(ref)
    }
  })

  /** Erases calls from the file: also from the write-ahead log, in which what was written would else live on. */
  const erase = (rows: readonly CallRow[]) => {
    if (rows.length === 0) return
    forgetRows.immediate(rows)
    database.pragma('wal_checkpoint(TRUNCATE)')
    for (const { id } of rows) bus.tell({ kind: 'forgotten', callId: id })
  }

  /** Runs a statement, giving its failures the name that callers know. */
  const attempt = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new StoreUnavailable('The store is closed.')
    try {
      return work()
    } catch (error) {
      throw unavailableBy(error)
    }
  }

  return {
    shared: false,

    append(callId, events) {
      if (closed) return Promise.reject(new StoreUnavailable('The store is closed.'))
      return new Promise((resolve, reject) => {
        // What arrives in this turn of the event loop shares the commit at its end.
        if (waiting.length === 0) setImmediate(commit)
        waiting.push({ callId, events, resolve, reject })
      })
    },

    read: (callId, after, limit = -1) =>
      attempt(() => {
        const call = callRow(callId)
        if (!call) return null
        const rows = readEvents.all(call.ref, after, limit) as { seq: number; body: string }[]
        return {
          epoch: call.epoch,
          records: rows.map(({ seq, body }) => ({ seq, event: JSON.parse(body) as CallEvent })),
        }
      }),

    head: (callId) =>
      attempt(() => {
        const call = callRow(callId)
        return call ? { epoch: call.epoch, seq: call.seq } : null
      }),

    list: ({ limit, since = 0 }) =>
      attempt(() =>
        (listCalls.all(since, limit) as CallRow[]).map(({ id, epoch, seq, updated_at }) => ({
          callId: id,
          head: { epoch, seq },
          updatedAt: updated_at,
        })),
      ),

    watch: async (callId, listener) => bus.watch(callId, listener),
    watchAll: async (listener) => bus.watchAll(listener),

    forget: (callId) =>
      attempt(() => {
        const call = callRow(callId)
        erase(call ? [call] : [])
        return call !== undefined
      }),

    forgetBefore: (moment) =>
      attempt(() => {
        const old = oldCalls.all(moment) as CallRow[]
        erase(old)
        return old.length
      }),

    setAside: ({ id, reason, at, content }) =>
      attempt(() => {
        database.prepare('INSERT OR IGNORE INTO aside VALUES (?, ?, ?, ?)').run(id, reason, at, content)
      }),

    listAside: (limit) =>
      attempt(
        () =>
          database
            .prepare('SELECT id, reason, at, content FROM aside ORDER BY at, id LIMIT ?')
            .all(limit) as SetAside[],
      ),

    dropAside: (id) =>
      attempt(() => {
        database.prepare('DELETE FROM aside WHERE id = ?').run(id)
      }),

    ping: () =>
      attempt(() => {
        // Takes the write lock and gives it back: shows that a commit could begin.
        database.exec('BEGIN IMMEDIATE; COMMIT')
      }),

    async close() {
      if (closed) return
      commit()
      closed = true
      database.close()
    },
  }
}

function open(path: string): Database.Database {
  try {
    if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
    const database = new Database(path)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('busy_timeout = 5000')
    database.pragma('foreign_keys = ON')
    // Erased means erased: freed pages are overwritten, not only unlinked.
    database.pragma('secure_delete = ON')
    migrate(database, path)
    return database
  } catch (error) {
    if (StoreUnavailable.isInstance(error)) throw error
    throw new StoreUnavailable(`The store at ${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}

function migrate(database: Database.Database, path: string): void {
  const version = Number((database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version)
  if (version === SCHEMA_VERSION) return
  if (version !== 0) {
    throw new StoreUnavailable(
      `The store at ${path} was written by another version of CallGather (schema ${version}; this one writes ` +
        `${SCHEMA_VERSION}). Use that version, or another file.`,
    )
  }
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function unavailableBy(error: unknown): StoreUnavailable {
  return new StoreUnavailable(`The store failed: ${messageOf(error)}`, { cause: error })
}
