/**
 * The only writer of a sqlite file. It commits in groups: each transaction takes all pending writes, without a fixed
 * delay, so that many writes share one sync under load.
 *
 * Statements run on this thread and take microseconds. The commit waits for the disk on another thread, so that a slow
 * disk does not stall the sockets. Nothing else uses the connection meanwhile.
 */
import type AsyncDatabase from 'libsql/promise'
import Database from 'libsql/promise'
import type { ReportFailure } from '../bus.ts'
import { StoreUnavailableError } from '../call-store.ts'
import type { FileGuard } from './sqlite-file.ts'

/** A prepared SQL statement. */
export interface Statement {
  run(...parameters: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(...parameters: readonly unknown[]): unknown
}

/** Options of a write. */
export interface WriteOptions<T> {
  /** Called once the write is durable, before the promise resolves and in the order of the writes. */
  readonly onCommit?: (result: T) => void
  /**
   * The checkpoint after the commit. `truncate` overwrites the write-ahead log, which may hold deleted content.
   * `passive` copies the log into the file, and the write fails if that fails: it tests the disk.
   */
  readonly checkpoint?: 'truncate' | 'passive'
}

interface PendingWrite<Name extends string> {
  readonly work: (sql: Readonly<Record<Name, Statement>>) => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  readonly checkpoint: WriteOptions<unknown>['checkpoint']
}

const writerStatements = {
  begin: 'BEGIN IMMEDIATE',
  rollback: 'ROLLBACK',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  pageSize: 'PRAGMA page_size',
} as const

type Prepared<Name extends string> = Readonly<Record<Name | keyof typeof writerStatements, Statement>>

/** The dependencies of a writer. `Name` is the union of its statement names. */
export interface SqliteWriterDeps<Name extends string> {
  readonly path: string
  /** The pragmas of the writer's connection. */
  readonly pragmas: readonly string[]
  /** The SQL of each statement, by name. */
  readonly statements: Readonly<Record<Name, string>>
  readonly guard: FileGuard
  /** Called after a rollback: caches that were updated in the transaction are invalid. */
  readonly onRollback: () => void
  /** Receives the error that an `onCommit` callback threw. The write stays committed. */
  readonly report: ReportFailure
}

/** Writes to one sqlite file. */
export class SqliteWriter<Name extends string> {
  readonly #deps: SqliteWriterDeps<Name>
  readonly #database: AsyncDatabase
  readonly #prepared: Promise<Prepared<Name>>
  #pending: PendingWrite<Name>[] = []
  #working: Promise<void> | null = null

  constructor(deps: SqliteWriterDeps<Name>) {
    this.#deps = deps
    this.#database = new Database(deps.path, {})
    this.#prepared = prepare(this.#database, deps.pragmas, { ...deps.statements, ...writerStatements })
    // The first write rejects with this error. Until then, this avoids an unhandled rejection.
    this.#prepared.catch(() => {})
  }

  /** Runs `work` in the next transaction. Resolves with its result when the commit is durable. */
  write<T>(
    work: (sql: Readonly<Record<Name, Statement>>) => T,
    { onCommit, checkpoint }: WriteOptions<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push({
        work,
        resolve: (result) => {
          try {
            onCommit?.(result as T)
          } catch (error) {
            this.#deps.report(error)
          }
          resolve(result as T)
        },
        reject,
        checkpoint,
      })
      // All writes of this turn of the event loop share one transaction.
      this.#working ??= new Promise<void>((done) => setImmediate(done)).then(() => this.#commitAll())
    })
  }

  /** Finishes pending writes, moves the write-ahead log into the file, and releases it. */
  async close(): Promise<void> {
    while (this.#working) await this.#working
    await this.#prepared.catch(() => {})
    await this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
    this.#database.close()
  }

  async #commitAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#pending
      this.#pending = []
      await this.#settle(group)
    }
    // There was no await since the check for pending writes, so the next write starts a new loop.
    this.#working = null
  }

  async #settle(group: readonly PendingWrite<Name>[]): Promise<void> {
    const [first, ...others] = group
    if (!first) return
    try {
      const results = await this.#commit(group)
      const failure = await this.#checkpoint(group)
      group.forEach(({ resolve, reject, checkpoint }, index) => {
        if (failure && checkpoint === 'passive') reject(failure)
        else resolve(results[index])
      })
    } catch (error) {
      // A write that fails alone, as on a damaged page, must not fail the rest of its group.
      if (others.length > 0 && error instanceof WriteFailedError) for (const each of group) await this.#settle([each])
      else for (const { reject } of group) reject(toUnavailableError(error))
    }
  }

  async #commit(group: readonly PendingWrite<Name>[]): Promise<unknown[]> {
    const { guard, onRollback: rolledBack } = this.#deps
    const sql = await this.#prepared
    guard.check(() => ({
      frames: Number((sql.checkpoint.get() as { log: number }).log),
      pageBytes: Number((sql.pageSize.get() as { page_size: number }).page_size),
    }))
    sql.begin.run()
    try {
      const results = group.map(({ work }) => {
        try {
          return work(sql)
        } catch (error) {
          throw new WriteFailedError(error)
        }
      })
      await this.#database.exec('COMMIT')
      guard.recordWrite()
      return results
    } catch (error) {
      rolledBack()
      try {
        sql.rollback.run()
      } catch {
        // SQLite rolls back by itself when the disk is full.
      }
      throw error
    }
  }

  /** Runs before a commit is published. Returns an error: the commit stands, and the next checkpoint retries. */
  async #checkpoint(group: readonly PendingWrite<Name>[]): Promise<Error | null> {
    const wanted = (kind: 'truncate' | 'passive') => group.some(({ checkpoint }) => checkpoint === kind)
    const mode = wanted('truncate') ? 'TRUNCATE' : wanted('passive') ? 'PASSIVE' : null
    if (!mode) return null
    try {
      await this.#database.exec(`PRAGMA wal_checkpoint(${mode})`)
      this.#deps.guard.recordWrite()
      return null
    } catch (error) {
      return toUnavailableError(error)
    }
  }
}

/** The statements of one write failed. The transaction and its other writes did not. */
class WriteFailedError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
  }
}

async function prepare<Name extends string>(
  database: AsyncDatabase,
  pragmas: readonly string[],
  statements: Readonly<Record<Name, string>>,
): Promise<Record<Name, Statement>> {
  for (const pragma of pragmas) await database.exec(`PRAGMA ${pragma}`)
  const entries = Object.entries<string>(statements).map(
    async ([name, text]) => [name, (await database.prepare(text)) as Statement] as const,
  )
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, Statement>
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Wraps a database error in `StoreUnavailableError`. */
export function toUnavailableError(error: unknown): StoreUnavailableError {
  if (StoreUnavailableError.isInstance(error)) return error
  return new StoreUnavailableError(`The store failed: ${messageOf(error)}`, { cause: error })
}
