/**
 * Call logs in one sqlite file: the durable default, for one server on one machine.
 *
 * Every append is on disk before it resolves (`synchronous=FULL`); one sync serves many appends (`sqlite-writer.ts`).
 * Reads use a second connection, which sees only committed data.
 *
 * Each process publishes new epochs, because the file may have been restored or truncated while no server ran.
 * Text is read as bytes, because the binding crashes on invalid UTF-8.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { CallRecord } from '@callgather/protocol'
import Database from 'libsql'
import { LRUCache } from 'lru-cache'
import { callback, checkOptions, objectOf, text as textOption } from '../../base/check-options.ts'
import { requiredOption } from '../../base/required-option.ts'
import { describeFailure, localBus } from '../bus.ts'
import {
  type AppendOptions,
  type AppendResult,
  type CallStage,
  type CallStore,
  isSameHead,
  type ListOptions,
  type NewEvent,
  type Revocation,
  StoreUnavailableError,
} from '../call-store.ts'
import { parseRecords } from '../stored-event.ts'
import { FileGuard, lockFile, resolveFile } from './sqlite-file.ts'
import { SqliteWriter, type Statement, toUnavailableError, type WriteOptions } from './sqlite-writer.ts'

/** Options of a sqlite store. */
export interface SqliteStoreOptions {
  /** The path of the file. Missing folders are created. Required: `undefined` is an error at start. */
  readonly path: string | undefined
  /** The clock, in milliseconds. Default `Date.now`. */
  readonly now?: () => number
  /** Receives warnings about problems that do not fail an operation. Default `process.emitWarning`. */
  readonly warn?: (message: string) => void
}

/** The file format, stored in `user_version`. Raise it when the schema or the JSON of events changes. */
const FORMAT = 6

// Events of all calls are appended to one table in the order of their arrival, so that a commit writes few pages.
const SCHEMA = `
CREATE TABLE call (
  ref INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  epoch TEXT NOT NULL,
  seq INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  session TEXT,
  stage INTEGER
) STRICT;
CREATE INDEX call_by_update ON call (updated_at);
CREATE INDEX call_by_session ON call (session) WHERE session IS NOT NULL;
CREATE INDEX call_by_stage ON call (stage, updated_at) WHERE stage IS NOT NULL;
CREATE TABLE event (
  ref INTEGER PRIMARY KEY,
  call INTEGER NOT NULL REFERENCES call (ref) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  digest TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_seq ON event (call, seq);
CREATE UNIQUE INDEX event_by_id ON event (call, id);
CREATE TABLE revocation (
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
`

const STAGES: Readonly<Record<CallStage, number>> = { live: 0, ended: 1 }

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const textOf = (bytes: ArrayBuffer): string => utf8.decode(bytes)

/** SQL that selects a text column as bytes, because the binding crashes on invalid UTF-8. */
const text = (column: string, name = column) => `CAST(${column} AS BLOB) AS ${name}`

interface CallRow {
  ref: number
  epoch: ArrayBuffer
  seq: number
  session: ArrayBuffer | null
}

/** The end of a call's log, cached for appends. This is safe because one process writes to a file. */
interface Head {
  readonly ref: number
  /** The epoch in the file, without the suffix of this process. */
  readonly epoch: string
  readonly seq: number
  readonly session: string | null
}

/** The maximum size of the cache of heads, and of the cache of session legs. */
const MAX_CACHED_ENTRIES = 10_000

const writeStatements = {
  findCall: `SELECT ref, ${text('epoch')}, seq, ${text('session')} FROM call WHERE id = ?`,
  addCall: 'INSERT INTO call (id, epoch, seq, updated_at) VALUES (?, ?, 0, ?)',
  advance: 'UPDATE call SET seq = ?, updated_at = ?, stage = ? WHERE ref = ?',
  join: 'UPDATE call SET session = ? WHERE ref = ?',
  findEvent: `SELECT ${text('digest')} FROM event WHERE call = ? AND id = ?`,
  addEvent: 'INSERT INTO event (call, seq, id, digest, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (call, id) DO NOTHING',
  rewriteEvent: 'UPDATE event SET body = ? WHERE call = ? AND seq = ?',
  renew: 'UPDATE call SET epoch = ? WHERE ref = ?',
  leaveStage: 'UPDATE call SET stage = NULL WHERE ref = ?',
  // Deletes the call's events too (ON DELETE CASCADE).
  dropCall: `DELETE FROM call WHERE id = ? AND updated_at < ? RETURNING ${text('session')}`,
  revoke: 'INSERT OR REPLACE INTO revocation VALUES (?, ?, ?)',
  dropRevocations: 'DELETE FROM revocation WHERE until <= ?',
  beat: 'INSERT OR REPLACE INTO heartbeat VALUES (1, ?)',
  // Reads the pages that the next call and the next event will be written to.
  lastCall: 'SELECT max(ref) FROM call',
  lastEvent: 'SELECT max(ref) FROM event',
} as const

type Sql = Readonly<Record<keyof typeof writeStatements, Statement>>

const optionsSchema = objectOf({ path: textOption, warn: callback.optional(), now: callback.optional() })

/** Creates a store in a sqlite file that one process at a time may open. Acknowledged appends survive `kill -9`. */
export function sqliteStore(options: SqliteStoreOptions): CallStore {
  checkOptions('sqliteStore', optionsSchema, options)
  const { now = Date.now, warn = (message) => process.emitWarning(message, 'CallGatherWarning') } = options
  const report = (error: unknown) => warn(`A subscriber of the store failed: ${describeFailure(error)}`)
  const { path, database, release } = open(requiredOption('sqliteStore({ path })', options.path))
  /** The suffix of every epoch that this process publishes. */
  const epochSuffix = randomBytes(6).toString('hex')
  const publicEpoch = (epoch: string) => `${epoch}.${epochSuffix}`
  const heads = new LRUCache<string, Head>({ max: MAX_CACHED_ENTRIES })
  /** The legs of sessions, equal to those on disk. Cached because every DTMF event reads them. */
  const legs = new LRUCache<string, readonly string[]>({ max: MAX_CACHED_ENTRIES })
  const writer = new SqliteWriter({
    ...{ path, pragmas, statements: writeStatements, guard: new FileGuard(path), report },
    onRollback: () => heads.clear(),
  })
  const { subscriptions, publish, publishRevocation } = localBus(report)
  let closed = false

  const findCall = database.prepare(writeStatements.findCall)
  // One row with all lines costs half as much as one row per event. Sequence numbers place damaged lines.
  const readEvents = database.prepare(
    `SELECT CAST(group_concat(seq || ':' || body, char(10)) AS BLOB) AS lines FROM
       (SELECT seq, body FROM event WHERE call = ? AND seq > ? AND seq <= ? ORDER BY seq)`,
  )
  const findEvent = database.prepare(writeStatements.findEvent)
  const findLegs = database.prepare(`SELECT ${text('id')} FROM call WHERE session = ?`)
  const listRevocations = database.prepare(`SELECT ${text('id')}, at, until FROM revocation WHERE until > ?`)
  const lists = new Map<string, Database.Statement>()

  /** Returns the SQL statement of `list` for a stage and an order, prepared at first use. */
  const listStatement = ({ stage, order = 'newest' }: ListOptions): Database.Statement => {
    const key = `${stage} ${order}`
    const direction = order === 'newest' ? 'DESC' : 'ASC'
    const ofStage = stage === undefined ? '' : `stage = ${STAGES[stage]} AND`
    const known =
      lists.get(key) ??
      database.prepare(
        `SELECT ${text('id')}, updated_at FROM call WHERE ${ofStage} updated_at >= ? AND updated_at < ?
           ORDER BY updated_at ${direction}, ref ${direction} LIMIT ? OFFSET ?`,
      )
    lists.set(key, known)
    return known
  }

  const headOf = (find: Pick<Statement, 'get'>, callId: string): Head | undefined => {
    const row = find.get(callId) as CallRow | undefined
    return row && { ...row, epoch: textOf(row.epoch), session: row.session && textOf(row.session) }
  }

  const createCall = (sql: Sql, callId: string): Head => {
    const epoch = randomUUID()
    return { ref: Number(sql.addCall.run(callId, epoch, now()).lastInsertRowid), epoch, seq: 0, session: null }
  }

  const append = (
    sql: Sql,
    callId: string,
    events: readonly NewEvent[],
    { sessionId, expectedHead, isOver = false }: AppendOptions,
  ): AppendResult => {
    const known = heads.get(callId) ?? headOf(sql.findCall, callId)
    const end = known ? { epoch: publicEpoch(known.epoch), seq: known.seq } : null
    const isNew = ({ event }: NewEvent) => !known || sql.findEvent.get(known.ref, event.id) === undefined
    const isStale = expectedHead !== undefined && !isSameHead(end, expectedHead) && events.some(isNew)
    if (isStale || (!known && events.length === 0)) {
      return { isStale, epoch: publicEpoch(known?.epoch ?? randomUUID()), records: [], duplicates: [] }
    }
    const { ref, epoch, seq: before, session: joined } = known ?? createCall(sql, callId)
    const session = sessionId ?? joined
    if (session !== joined) sql.join.run(session, ref)
    let seq = before
    const records: CallRecord[] = []
    const duplicates: { id: string; isConflict: boolean }[] = []
    for (const { event, digest = null } of events) {
      const { changes } = sql.addEvent.run(ref, seq + 1, event.id, digest, JSON.stringify(event))
      if (changes === 0) {
        const { digest: first } = sql.findEvent.get(ref, event.id) as { digest: ArrayBuffer | null }
        duplicates.push({ id: event.id, isConflict: (first && textOf(first)) !== digest })
        continue
      }
      seq += 1
      records.push({ seq, event })
    }
    if (records.length > 0) sql.advance.run(seq, now(), isOver ? STAGES.ended : STAGES.live, ref)
    heads.set(callId, { ref, epoch, seq, session })
    return { isStale: false, epoch: publicEpoch(epoch), records, duplicates }
  }

  const write = <T>(work: (sql: Sql) => T, options?: WriteOptions<T>): Promise<T> =>
    closed ? Promise.reject(new StoreUnavailableError('The store is closed.')) : writer.write(work, options)

  /** Runs a read, and turns its failures into `StoreUnavailableError`. */
  const attempt = async <T>(work: () => T): Promise<T> => {
    if (closed) throw new StoreUnavailableError('The store is closed.')
    try {
      return work()
    } catch (error) {
      throw toUnavailableError(error)
    }
  }

  const readJson: CallStore['readJson'] = (callId, after, limit = Number.POSITIVE_INFINITY) =>
    attempt(() => {
      const call = headOf(findCall, callId)
      if (!call) return null
      const last = Math.min(call.seq, after + limit)
      const events = new Array<string>(Math.max(0, last - after)).fill('')
      const { lines } = readEvents.get(call.ref, after, last) as { lines: ArrayBuffer | null }
      for (const line of lines ? textOf(lines).split('\n') : []) {
        const place = line.indexOf(':')
        const index = Number(line.slice(0, place)) - after - 1
        if (index in events) events[index] = line.slice(place + 1)
      }
      return { epoch: publicEpoch(call.epoch), events }
    })

  return {
    isShared: false,

    append: (callId, events, options = {}) =>
      write((sql) => append(sql, callId, events, options), {
        onCommit: ({ epoch, records }) => {
          const { sessionId, traceparent } = options
          if (sessionId !== undefined && !legs.get(sessionId)?.includes(callId)) legs.delete(sessionId)
          if (records.length > 0) publish({ kind: 'appended', callId, epoch, records, traceparent })
        },
      }),

    listLegs: (sessionId) =>
      attempt(() => {
        const known = legs.get(sessionId)
        if (known) return known
        const found = (findLegs.all(sessionId) as { id: ArrayBuffer }[]).map(({ id }) => textOf(id))
        legs.set(sessionId, found)
        return found
      }),

    async read(callId, after, limit) {
      const slice = await readJson(callId, after, limit)
      return slice && { epoch: slice.epoch, records: parseRecords(slice.events, after) }
    },

    readJson,

    has: (callId, eventId) =>
      attempt(() => {
        const call = headOf(findCall, callId)
        return call !== undefined && findEvent.get(call.ref, eventId) !== undefined
      }),

    head: (callId) =>
      attempt(() => {
        const call = headOf(findCall, callId)
        return call ? { epoch: publicEpoch(call.epoch), seq: call.seq } : null
      }),

    list: (wanted) =>
      attempt(() => {
        const { since = 0, before = Number.MAX_SAFE_INTEGER, limit, offset = 0 } = wanted
        const rows = listStatement(wanted).all(since, before, Math.min(limit, Number.MAX_SAFE_INTEGER), offset)
        return (rows as { id: ArrayBuffer; updated_at: number }[]).map(({ id, updated_at }) => ({
          callId: textOf(id),
          updatedAt: updated_at,
        }))
      }),

    ...subscriptions,

    async rewrite(callId, head, records) {
      const epoch = randomUUID()
      const change = (sql: Sql): boolean => {
        const call = headOf(sql.findCall, callId)
        if (!call || publicEpoch(call.epoch) !== head.epoch || call.seq !== head.seq) return false
        sql.leaveStage.run(call.ref)
        if (records.length === 0) return true
        for (const { seq, event } of records) sql.rewriteEvent.run(JSON.stringify(event), call.ref, seq)
        sql.renew.run(epoch, call.ref)
        heads.delete(callId)
        return true
      }
      return write(change, {
        onCommit: (changed) => {
          const last = records.at(-1)
          if (changed && last) publish({ kind: 'appended', callId, epoch: publicEpoch(epoch), records: [last] })
        },
        ...(records.length === 0 ? {} : { checkpoint: 'truncate' }),
      })
    },

    async forget(callId, before = Number.MAX_SAFE_INTEGER) {
      const drop = (sql: Sql) => {
        heads.delete(callId)
        return sql.dropCall.get(callId, before) as Pick<CallRow, 'session'> | undefined
      }
      const dropped = await write(drop, {
        onCommit: (row) => {
          if (!row) return
          if (row.session) legs.delete(textOf(row.session))
          publish({ kind: 'forgotten', callId })
        },
        checkpoint: 'truncate',
      })
      return dropped !== undefined
    },

    async revoke(revocation) {
      const { id, at, until } = revocation
      const keep = (sql: Sql) => {
        sql.dropRevocations.run(now())
        sql.revoke.run(id, at, until)
      }
      await write(keep, { onCommit: () => publishRevocation(revocation) })
    },

    listRevocations: (moment) =>
      attempt(() =>
        (listRevocations.all(moment) as { id: ArrayBuffer; at: number; until: number }[]).map(
          ({ id, at, until }): Revocation => ({ id: textOf(id), at, until }),
        ),
      ),

    async ping() {
      const beat = (sql: Sql) => {
        sql.beat.run(now())
        sql.lastCall.get()
        sql.lastEvent.get()
      }
      await write(beat, { checkpoint: 'passive' })
    },

    async close() {
      if (closed) return
      closed = true
      database.close()
      await writer.close()
      release()
    },
  }
}

/** The pragmas of every connection to the file. */
const pragmas = [
  // First, because another connection may be reading the write-ahead log when this one opens the file.
  'busy_timeout = 5000',
  'synchronous = FULL',
  'foreign_keys = ON',
  // Copying the write-ahead log into the file delays a commit by the pages that changed, however often each did: copy
  // 64 MB at a time (SQLite's default is 4 MB).
  'wal_autocheckpoint = 16000',
  // `secure_delete` overwrites freed pages with zeros, so that erased content is gone.
  'secure_delete = ON',
] as const

interface OpenFile {
  /** The path of the file, with all symbolic links resolved. */
  readonly path: string
  readonly database: Database.Database
  readonly release: () => void
}

/** Locks and opens the sqlite file. */
function open(given: string): OpenFile {
  let release = () => {}
  try {
    const path = resolveFile(given)
    release = lockFile(path)
    const database = new Database(path)
    prepareFile(database, path)
    database.pragma('journal_mode = WAL')
    for (const pragma of pragmas) database.pragma(pragma)
    return { path, database, release }
  } catch (error) {
    release()
    if (StoreUnavailableError.isInstance(error)) throw error
    throw new StoreUnavailableError(
      `The store at ${given} cannot be opened: ${messageOf(error)}. Check the path and its permissions.`,
      { cause: error },
    )
  }
}

/** Creates the tables of a new file, and refuses a file of another format. */
function prepareFile(database: Database.Database, path: string): void {
  const sql = 'SELECT user_version AS format, (SELECT count(*) FROM sqlite_schema) AS tables FROM pragma_user_version'
  const { format, tables } = database.prepare(sql).get() as { format: number; tables: number }
  if (format === FORMAT) return
  if (format !== 0 || tables > 0) {
    throw new StoreUnavailableError(
      `The store at ${path} has format ${format}, and this version of CallGather uses format ${FORMAT}. ` +
        'Use another file, or the version of CallGather that wrote this one.',
    )
  }
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT}; COMMIT`)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
