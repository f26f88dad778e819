/**
 * Call logs in one file: the durable default, for one server on one machine.
 *
 * Every append is on disk before it resolves (`synchronous=FULL`), many of them by one sync (`sqlite-writer.ts`).
 * Reading has a connection of its own, which sees only what was committed. An append that cannot be written fails
 * alone or with its commit, and nothing of it stays.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { type CallRecord, readEvent, writeEvent } from '@callgather/protocol'
import Database from 'libsql'
import { LRUCache } from 'lru-cache'
import { requiredOption } from '../required-option.ts'
import { Channel, LocalBus } from './bus.ts'
import {
  type Appended,
  type AppendOptions,
  type CallStore,
  endsAt,
  type NewEvent,
  type Revocation,
  recordsAfter,
  type SetAside,
  StoreUnavailable,
} from './call-store.ts'
import { SqliteWriter, type Statement, unavailableBy } from './sqlite-writer.ts'

/** How a sqlite store is made. */
export interface SqliteStoreOptions {
  /** The file; its folder is made if need be. Required: `undefined` is an error at start. */
  readonly path: string | undefined
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
}

/** What each version of the schema added to the one before; a file is brought up to the last when it is opened. */
const SCHEMAS = [
  `
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
  `,
  `
  CREATE TABLE revocation (
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (id, at)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE call ADD COLUMN session TEXT;
  CREATE INDEX call_by_session ON call (session) WHERE session IS NOT NULL;
  `,
] as const

interface CallRow {
  ref: number
  id: string
  epoch: string
  seq: number
  updated_at: number
  session: string | null
}

/** Where a call's log stands: remembered, so that an append need not look it up. One process writes to a file. */
interface Head {
  readonly ref: number
  readonly epoch: string
  readonly seq: number
  readonly session: string | null
}

/** Of so many calls, and of so many sessions: those used last. Of any other, the file is asked. */
const MOST_REMEMBERED = 10_000

const writes = {
  findCall: 'SELECT ref, id, epoch, seq, updated_at, session FROM call WHERE id = ?',
  addCall: 'INSERT INTO call (id, epoch, seq, updated_at) VALUES (?, ?, 0, ?)',
  advance: 'UPDATE call SET seq = ?, updated_at = ? WHERE ref = ?',
  join: 'UPDATE call SET session = ? WHERE ref = ?',
  findEvent: 'SELECT digest FROM event WHERE call = ? AND id = ?',
  addEvent: 'INSERT INTO event (call, seq, id, digest, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (call, id) DO NOTHING',
  rewriteEvent: 'UPDATE event SET body = ? WHERE call = ? AND seq = ?',
  renew: 'UPDATE call SET epoch = ? WHERE ref = ?',
  dropEvents: 'DELETE FROM event WHERE call = ?',
  dropCall: 'DELETE FROM call WHERE ref = ?',
  addAside: 'INSERT OR IGNORE INTO aside VALUES (?, ?, ?, ?)',
  dropAside: 'DELETE FROM aside WHERE id = ?',
  revoke: 'INSERT OR REPLACE INTO revocation VALUES (?, ?, ?)',
  dropRevocations: 'DELETE FROM revocation WHERE until <= ?',
} as const

type Sql = Readonly<Record<keyof typeof writes, Statement>>

/** A store in a file that survives `kill -9`: what was acknowledged is there after a restart. One process per file. */
export function sqliteStore({ path: file, now = Date.now }: SqliteStoreOptions): CallStore {
  const path = requiredOption('sqliteStore({ path })', file)
  const database = open(path)
  const heads = new LRUCache<string, Head>({ max: MOST_REMEMBERED })
  /** The legs of sessions as they are on disk, which every key asks for. */
  const legs = new LRUCache<string, readonly string[]>({ max: MOST_REMEMBERED })
  const writer = new SqliteWriter(path, pragmas, writes, () => heads.clear())
  const bus = new LocalBus()
  const revoked = new Channel<Revocation>()
  let closed = false

  const findCall = database.prepare(writes.findCall)
  const readEvents = database.prepare('SELECT body FROM event WHERE call = ? AND seq > ? ORDER BY seq LIMIT ?').raw()
  const findEvent = database.prepare(writes.findEvent)
  const listCalls = database.prepare(
    'SELECT ref, id, epoch, seq, updated_at FROM call WHERE updated_at >= ? ORDER BY updated_at DESC, ref DESC LIMIT ?',
  )
  const oldCalls = database.prepare('SELECT ref, id, epoch, seq, updated_at, session FROM call WHERE updated_at < ?')
  const findLegs = database.prepare('SELECT id FROM call WHERE session = ?')
  const listAside = database.prepare('SELECT id, reason, at, content FROM aside ORDER BY at, id LIMIT ?')

  const listRevocations = database.prepare('SELECT id, at, until FROM revocation WHERE until > ?')

  const callRow = (callId: string) => findCall.get(callId) as CallRow | undefined

  const begin = (sql: Sql, callId: string): Head => {
    const epoch = randomUUID()
    return { ref: Number(sql.addCall.run(callId, epoch, now()).lastInsertRowid), epoch, seq: 0, session: null }
  }

  const append = (
    sql: Sql,
    callId: string,
    events: readonly NewEvent[],
    { sessionId, at }: AppendOptions,
  ): Appended => {
    const known = heads.get(callId) ?? (sql.findCall.get(callId) as CallRow | undefined)
    const isNew = ({ event }: NewEvent) => !known || sql.findEvent.get(known.ref, event.id) === undefined
    const moved = at !== undefined && !endsAt(known ?? null, at) && events.some(isNew)
    if (moved || (!known && events.length === 0)) {
      return { moved, epoch: known?.epoch ?? randomUUID(), records: [], duplicates: [] }
    }
    const { ref, epoch, seq: before, session: joined } = known ?? begin(sql, callId)
    const session = sessionId ?? joined
    if (session !== joined) sql.join.run(session, ref)
    let seq = before
    const records: CallRecord[] = []
    const duplicates: { id: string; conflict: boolean }[] = []
    for (const { event, digest = null } of events) {
      const { changes } = sql.addEvent.run(ref, seq + 1, event.id, digest, writeEvent(event))
      if (changes === 0) {
        const known = sql.findEvent.get(ref, event.id) as { digest: string | null }
        duplicates.push({ id: event.id, conflict: known.digest !== digest })
        continue
      }
      seq += 1
      records.push({ seq, event })
    }
    if (records.length > 0) sql.advance.run(seq, now(), ref)
    heads.set(callId, { ref, epoch, seq, session })
    return { moved: false, epoch, records, duplicates }
  }

  /** Erases calls from the file, and tells whoever watches them. */
  const erase = async (rows: readonly CallRow[]): Promise<void> => {
    if (rows.length === 0) return
    const drop = (sql: Sql) => {
      for (const { ref, id } of rows) {
        sql.dropEvents.run(ref)
        sql.dropCall.run(ref)
        heads.delete(id)
      }
    }
    const tell = () => {
      for (const { id, session } of rows) {
        if (session !== null) legs.delete(session)
        bus.tell({ kind: 'forgotten', callId: id })
      }
    }
    await writer.write(drop, { committed: tell, erases: true })
  }

  const write: typeof writer.write = (work, options) =>
    closed ? Promise.reject(new StoreUnavailable('The store is closed.')) : writer.write(work, options)

  /** Runs a statement, giving its failures the name that callers know. */
  const attempt = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new StoreUnavailable('The store is closed.')
    try {
      return work()
    } catch (error) {
      throw unavailableBy(error)
    }
  }

  const readWritten: CallStore['readWritten'] = (callId, after, limit = -1) =>
    attempt(() => {
      const call = callRow(callId)
      if (!call) return null
      const rows = readEvents.all(call.ref, after, limit) as [body: string][]
      return { epoch: call.epoch, events: rows.map(([body]) => body) }
    })

  return {
    shared: false,

    append: (callId, events, options = {}) =>
      write((sql) => append(sql, callId, events, options), {
        committed: ({ epoch, records }) => {
          const { sessionId } = options
          if (sessionId !== undefined && !legs.get(sessionId)?.includes(callId)) legs.delete(sessionId)
          if (records.length > 0) bus.tell({ kind: 'appended', callId, epoch, records })
        },
      }),

    legsOf: (sessionId) =>
      attempt(() => {
        const known = legs.get(sessionId)
        if (known) return known
        const found = (findLegs.all(sessionId) as { id: string }[]).map(({ id }) => id)
        legs.set(sessionId, found)
        return found
      }),

    async read(callId, after, limit) {
      const slice = await readWritten(callId, after, limit)
      return slice && { epoch: slice.epoch, records: recordsAfter(after, slice.events.map(readEvent)) }
    },

    readWritten,

    has: (callId, eventId) =>
      attempt(() => {
        const call = callRow(callId)
        return call !== undefined && findEvent.get(call.ref, eventId) !== undefined
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

    async rewrite(callId, head, records) {
      const epoch = randomUUID()
      const change = (sql: Sql): boolean => {
        const call = sql.findCall.get(callId) as CallRow | undefined
        if (!call || call.epoch !== head.epoch || call.seq !== head.seq) return false
        for (const { seq, event } of records) sql.rewriteEvent.run(writeEvent(event), call.ref, seq)
        sql.renew.run(epoch, call.ref)
        heads.delete(callId)
        return true
      }
      return write(change, {
        committed: (changed) => {
          const last = records.at(-1)
          if (changed && last) bus.tell({ kind: 'appended', callId, epoch, records: [last] })
        },
        erases: true,
      })
    },

    async forget(callId) {
      const call = await attempt(() => callRow(callId))
      await erase(call ? [call] : [])
      return call !== undefined
    },

    async forgetBefore(moment) {
      const old = await attempt(() => oldCalls.all(moment) as CallRow[])
      await erase(old)
      return old.length
    },

    async setAside({ id, reason, at, content }) {
      await write((sql) => sql.addAside.run(id, reason, at, content))
    },

    listAside: (limit) => attempt(() => listAside.all(limit) as SetAside[]),

    async dropAside(id) {
      await write((sql) => sql.dropAside.run(id))
    },

    async revoke(revocation) {
      const { id, at, until } = revocation
      const keep = (sql: Sql) => {
        sql.dropRevocations.run(now())
        sql.revoke.run(id, at, until)
      }
      await write(keep, { committed: () => revoked.tell(revocation) })
    },

    listRevocations: (moment) => attempt(() => listRevocations.all(moment) as Revocation[]),
    watchRevocations: async (listener) => revoked.listen(listener),

    // An empty transaction: shows that a commit could be made.
    ping: () => write(() => {}),

    async close() {
      if (closed) return
      closed = true
      await writer.close()
      database.close()
    },
  }
}

/** How every connection is set up. */
const pragmas = [
  'synchronous = FULL',
  'busy_timeout = 5000',
  'foreign_keys = ON',
  // Erased means erased: freed pages are overwritten, not only unlinked.
  'secure_delete = ON',
] as const

function open(path: string): Database.Database {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const database = new Database(path)
    database.pragma('journal_mode = WAL')
    for (const pragma of pragmas) database.pragma(pragma)
    migrate(database, path)
    return database
  } catch (error) {
    if (StoreUnavailable.isInstance(error)) throw error
    throw new StoreUnavailable(`The store at ${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}

function migrate(database: Database.Database, path: string): void {
  const version = Number((database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version)
  if (version === SCHEMAS.length) return
  if (version > SCHEMAS.length) {
    throw new StoreUnavailable(
      `The store at ${path} was written by a newer version of CallGather (schema ${version}; this one writes ` +
        `${SCHEMAS.length}). Use that version, or another file.`,
    )
  }
  const missing = SCHEMAS.slice(version).join('')
  database.exec(`BEGIN IMMEDIATE; ${missing} PRAGMA user_version = ${SCHEMAS.length}; COMMIT`)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
