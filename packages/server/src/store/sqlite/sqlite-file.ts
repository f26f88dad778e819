/**
 * The file of a sqlite store: one server at a time, and the same file for as long as the server runs.
 *
 * The lock is an exclusive lock on a sqlite database of its own beside the file. The operating system drops it with the
 * process, however that ends, and `sqlite3 calls.db .backup` needs no lock of it.
 */
import { mkdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'libsql'
import { StoreUnavailableError } from '../call-store.ts'

/** How long a server waits at its start for the one before it to release the file. */
const LOCK_WAIT_MS = 10_000
/** A frame of the write-ahead log is a page behind 24 bytes; the log begins with 32. */
const FRAME_HEADER_BYTES = 24
const WAL_HEADER_BYTES = 32

const REMEDY =
  'Stop that server, or give this one a file of its own. Several servers share one store with Redis: redis://HOST:PORT.'

/** The files that this process has open: waiting for itself would be in vain. */
const held = new Set<string>()

/** Releases a lock. */
export type Release = () => void

/** The path that every spelling of a file leads to, so that all of them meet at one lock. Makes its folder. */
export function resolveFile(path: string): string {
  makeFolder(dirname(path))
  // Never opened to find out: closing a second descriptor would drop the locks that this process has on the file.
  const exists = statSync(path, { throwIfNoEntry: false }) !== undefined
  return exists ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))
}

/** Makes a folder and those above it. Node's own `recursive` never returns where none can be made, as in `/proc`. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another server may make it at the same time.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) throw error
  }
}

/**
 * Locks a file for this process, waiting for another server to end.
 *
 * @throws StoreUnavailableError with the path and the remedy when another server keeps it.
 */
export function lockFile(path: string): Release {
  if (held.has(path)) {
    throw new StoreUnavailableError(
      `The store at ${path} is already open in this process. Close it first, or use it here too.`,
    )
  }
  const lock = new Database(`${path}-lock`)
  try {
    lock.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`)
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    const waited = LOCK_WAIT_MS / 1000
    throw new StoreUnavailableError(
      `The store at ${path} is in use by another server, still after ${waited} s. ${REMEDY}`,
      {
        cause: error,
      },
    )
  }
  held.add(path)
  return () => {
    held.delete(path)
    lock.close()
  }
}

const isBusy = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')

/** Detects that the file, or the end of its write-ahead log, was taken away from under a running server. */
export class FileGuard {
  readonly #path: string
  readonly #opened: Stats
  #walBytes = 0

  constructor(path: string) {
    this.#path = path
    this.#opened = statSync(path)
  }

  /**
   * Checks before a write that it will be kept.
   *
   * @param countFrames Checkpoints what it can, and returns how many frames the log must have.
   * @throws StoreUnavailableError when the write would go to a file that the next start does not read.
   */
  check(countFrames: () => { readonly frames: number; readonly pageBytes: number }): void {
    const now = statSync(this.#path, { throwIfNoEntry: false })
    if (now?.ino !== this.#opened.ino || now.dev !== this.#opened.dev) {
      throw new StoreUnavailableError(`The store's file ${this.#path} was moved, deleted or replaced. ${RESTART}`)
    }
    const size = this.#walSize()
    if (size >= this.#walBytes) return
    // Another process may checkpoint and truncate the log, as `sqlite3` can; then nothing is missing.
    const { frames, pageBytes } = countFrames()
    if (frames > 0 && WAL_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + pageBytes) > size) {
      throw new StoreUnavailableError(`The store's file ${this.#path}-wal was truncated. ${RESTART}`)
    }
    this.#walBytes = size
  }

  /** Remembers how long the log is after a write. */
  wrote(): void {
    this.#walBytes = this.#walSize()
  }

  #walSize(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }
}

const RESTART = 'Stop the server, see that the right file is in its place, and start it again.'
