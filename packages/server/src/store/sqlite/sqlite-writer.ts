/**
 * The one writer of a file, which commits in groups: whatever waits when a transaction begins goes into it, back to
 * back and never after a fixed delay. One write alone waits for one sync; under load a sync is shared by many.
 *
 * Statements run on this thread, where they cost microseconds. The commit, which waits for the disk, runs on another:
 * a disk that takes its time must not stall the sockets. Meanwhile nothing else touches this connection.
 */
import type AsyncDatabase from 'libsql/promise'
import Database from 'libsql/promise'
import type { ReportFailure } from '../bus.ts'
import { StoreUnavailableError } from '../call-store.ts'
import type { FileGuard } from './sqlite-file.ts'

/** A prepared statement. */
export interface Statement {
  run(...parameters: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(...parameters: readonly unknown[]): unknown
}

/** How a write is treated beyond being committed. */
export interface WriteOptions<T> {
  /** Called once the write is durable, before the promise resolves and in the order of the writes. */
  readonly committed?: (result: T) => void
  /**
   * What is done with the write-ahead log after the commit. `truncate` overwrites it, because deleted content lives on
   * in it. `passive` copies it into the file, and the write fails if that fails: it is a test of the disk.
   */
  readonly checkpoint?: 'truncate' | 'passive'
}

interface Pending<Name extends string> {
  readonly work: (sql: Readonly<Record<Name, Statement>>) => unknown
  readonly committed: (result: unknown) => void
  readonly failed: (error: Error) => void
  readonly checkpoint: WriteOptions<unknown>['checkpoint']
}

const ownStatements = {
  begin: 'BEGIN IMMEDIATE',
  rollback: 'ROLLBACK',
  checkpoint: 'PRAGMA wal_checkpoint(PASSIVE)',
  pageSize: 'PRAGMA page_size',
} as const

type Prepared<Name extends string> = Readonly<Record<Name | keyof typeof ownStatements, Statement>>

/** What a writer works with. `Name` are the names of its statements. */
export interface SqliteWriterDeps<Name extends string> {
  readonly path: string
  /** How the connection is set up. */
  readonly pragmas: readonly string[]
  /** The SQL of each statement, by name. */
  readonly statements: Readonly<Record<Name, string>>
  readonly guard: FileGuard
  /** Called when a transaction was rolled back: what was concluded from its writes is void. */
  readonly rolledBack: () => void
  /** Receives what a `committed` callback threw. The write is committed all the same. */
  readonly report: ReportFailure
}

/** Writes to one file. */
export class SqliteWriter<Name extends string> {
  readonly #deps: SqliteWriterDeps<Name>
  readonly #database: AsyncDatabase
  readonly #prepared: Promise<Prepared<Name>>
  #pending: Pending<Name>[] = []
  #working: Promise<void> | null = null

  constructor(deps: SqliteWriterDeps<Name>) {
    this.#deps = deps
    this.#database = new Database(deps.path, {})
    this.#prepared = prepare(this.#database, deps.pragmas, { ...deps.statements, ...ownStatements })
    // The first write rejects with this failure; until then nothing listens.
    this.#prepared.catch(() => {})
  }

  /** Runs statements in the next transaction. Resolves with what `work` returned when it is durable. */
  write<T>(
    work: (sql: Readonly<Record<Name, Statement>>) => T,
    { committed, checkpoint }: WriteOptions<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push({
        work,
        committed: (result) => {
          try {
            committed?.(result as T)
          } catch (error) {
            this.#deps.report(error)
          }
          resolve(result as T)
        },
        failed: reject,
        checkpoint,
      })
      // What arrives in this turn of the event loop shares the transaction at its end.
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
    // In the same breath as seeing that nothing waits: whatever comes now starts anew.
    this.#working = null
  }

  async #settle(group: readonly Pending<Name>[]): Promise<void> {
    const [first, ...others] = group
    if (!first) return
    try {
      const results = await this.#commit(group)
      const failure = await this.#checkpoint(group)
      group.forEach(({ committed, failed, checkpoint }, index) => {
        if (failure && checkpoint === 'passive') failed(failure)
        else committed(results[index])
      })
    } catch (error) {
      // One write that cannot be made, as on a damaged page, must not take the rest of its group with it.
      if (others.length > 0 && error instanceof WorkFailed) for (const each of group) await this.#settle([each])
      else for (const { failed } of group) failed(unavailableBy(error))
    }
  }

  async #commit(group: readonly Pending<Name>[]): Promise<unknown[]> {
    const { guard, rolledBack } = this.#deps
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
          throw new WorkFailed(error)
        }
      })
      await this.#database.exec('COMMIT')
      guard.wrote()
      return results
    } catch (error) {
      rolledBack()
      try {
        sql.rollback.run()
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full.
      }
      throw error
    }
  }

  /** Runs before anyone learns of the commit. Returns what failed: the commit stands, and the next one tries again. */
  async #checkpoint(group: readonly Pending<Name>[]): Promise<Error | null> {
    const wanted = (kind: 'truncate' | 'passive') => group.some(({ checkpoint }) => checkpoint === kind)
    const mode = wanted('truncate') ? 'TRUNCATE' : wanted('passive') ? 'PASSIVE' : null
    if (!mode) return null
    try {
      await this.#database.exec(`PRAGMA wal_checkpoint(${mode})`)
      this.#deps.guard.wrote()
      return null
    } catch (error) {
      return unavailableBy(error)
    }
  }
}

/** The statements of one write failed, as opposed to the transaction around them. */
class WorkFailed extends Error {
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

/** A failure of the database, under the name that callers know. */
export function unavailableBy(error: unknown): StoreUnavailableError {
  if (StoreUnavailableError.isInstance(error)) return error
  return new StoreUnavailableError(`The store failed: ${messageOf(error)}`, { cause: error })
}
