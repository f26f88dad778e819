/**
 * The one writer of a file, which commits in groups: whatever waits when a transaction begins goes into it, back to
 * back and never after a fixed delay. One write alone waits for one sync; under load a sync is shared by many.
 *
 * Statements run on this thread, where they cost microseconds. The commit, which waits for the disk, runs on another:
 * a disk that takes its time must not stall the sockets. Meanwhile nothing else touches this connection.
 */
import type AsyncDatabase from 'libsql/promise'
import Database from 'libsql/promise'
import { StoreUnavailable } from './call-store.ts'

/** A prepared statement. */
export interface Statement {
  run(...parameters: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(...parameters: readonly unknown[]): unknown
}

/** How a write is treated beyond being committed. */
export interface WriteOptions<T> {
  /** Called once the write is durable, before the promise resolves and in the order of the writes. */
  readonly committed?: (result: T) => void
  /** Overwrites the write-ahead log, in which what was deleted would else live on. */
  readonly erases?: boolean
}

interface Waiting<Name extends string> {
  readonly work: (sql: Readonly<Record<Name, Statement>>) => unknown
  readonly committed: (result: unknown) => void
  readonly failed: (error: Error) => void
  readonly erases: boolean
}

/** Writes to one file. `Name` are the names of its statements. */
export class SqliteWriter<Name extends string> {
  readonly #database: AsyncDatabase
  readonly #prepared: Promise<Record<Name | 'begin' | 'rollback', Statement>>
  readonly #abandoned: () => void
  #waiting: Waiting<Name>[] = []
  #working: Promise<void> | null = null

  /**
   * @param pragmas How the connection is set up.
   * @param statements The SQL of each statement, by name.
   * @param abandoned Called when a transaction was rolled back: what was concluded from its writes is void.
   */
  constructor(
    path: string,
    pragmas: readonly string[],
    statements: Readonly<Record<Name, string>>,
    abandoned: () => void,
  ) {
    this.#database = new Database(path, {})
    this.#abandoned = abandoned
    this.#prepared = prepare(this.#database, pragmas, { ...statements, begin: 'BEGIN IMMEDIATE', rollback: 'ROLLBACK' })
    // Whoever writes first hears of a failure; until then nobody listens.
    this.#prepared.catch(() => {})
  }

  /** Runs statements in the next transaction. Resolves with what `work` returned when it is durable. */
  write<T>(
    work: (sql: Readonly<Record<Name, Statement>>) => T,
    { committed, erases = false }: WriteOptions<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        work,
        committed: (result) => {
          committed?.(result as T)
          resolve(result as T)
        },
        failed: reject,
        erases,
      })
      // What arrives in this turn of the event loop shares the transaction at its end.
      this.#working ??= new Promise<void>((done) => setImmediate(done)).then(() => this.#commitAll())
    })
  }

  /** Finishes what waits, and lets go of the file. */
  async close(): Promise<void> {
    while (this.#working) await this.#working
    await this.#prepared.catch(() => {})
    this.#database.close()
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        const results = await this.#commit(group)
        // Before anybody is told that something is gone. What fails here is committed all the same, and the next
        // erasure overwrites it too.
        if (group.some(({ erases }) => erases)) {
          await this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
        }
        group.forEach(({ committed }, index) => {
          committed(results[index])
        })
      } catch (error) {
        const unavailable = unavailableBy(error)
        for (const { failed } of group) failed(unavailable)
      }
    }
    // In the same breath as seeing that nothing waits: whatever comes now starts anew.
    this.#working = null
  }

  async #commit(group: readonly Waiting<Name>[]): Promise<unknown[]> {
    const sql = await this.#prepared
    sql.begin.run()
    try {
      const results = group.map(({ work }) => work(sql))
      await this.#database.exec('COMMIT')
      return results
    } catch (error) {
      this.#abandoned()
      try {
        sql.rollback.run()
      } catch {
        // SQLite has rolled back by itself, as it does when the disk is full.
      }
      throw error
    }
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

/** A failure of the database, under the name that callers know. */
export function unavailableBy(error: unknown): StoreUnavailable {
  if (StoreUnavailable.isInstance(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new StoreUnavailable(`The store failed: ${message}`, { cause: error })
}
