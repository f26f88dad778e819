/**
 * Ensures that one server at a time uses a sqlite file, and that the file is not replaced under a running server.
 *
 * The lock is an exclusive lock on a second sqlite database beside the file. The operating system releases it when the
 * process ends, and it does not block `sqlite3 calls.db .backup`.
 */
import { mkdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import Database from 'libsql'
import { StoreUnavailableError } from '../call-store.ts'

/** How long a starting server waits for another server to release the file. */
const LOCK_WAIT_MS = 10_000
/** The write-ahead log has a header of 32 bytes. Each of its frames has a 24-byte header and a page. */
const FRAME_HEADER_BYTES = 24
const WAL_HEADER_BYTES = 32

const LOCKED_REMEDY =
  'Stop that server, or use another file. To share a store between servers, use Redis: redis://HOST:PORT.'

/** The files that this process has locked, so that it does not wait for its own lock. */
const lockedPaths = new Set<string>()

/** Releases the lock of a sqlite file. */
export type Release = () => void

/** Resolves a path to its real path, so that every spelling of a file shares one lock. Creates its folder. */
export function resolveFile(path: string): string {
  makeFolder(dirname(path))
  // Opening and closing the file would release the POSIX locks that this process holds on it.
  const exists = statSync(path, { throwIfNoEntry: false }) !== undefined
  return exists ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path))
}

/** Creates a folder and its parents. Node's `recursive` option hangs where it can't create a folder, as in `/proc`. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path)
  } catch (error) {
    // Another server may create the folder at the same time.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) throw error
  }
}

/**
 * Locks a file for this process, waiting for another server to end.
 *
 * @throws StoreUnavailableError with the path and the remedy when another server does not release it in time.
 */
export function lockFile(path: string): Release {
  if (lockedPaths.has(path)) {
    throw new StoreUnavailableError(
      `The store at ${path} is already open in this process. Close it first, or reuse the open store.`,
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
      `The store at ${path} is in use by another server, still after ${waited} s. ${LOCKED_REMEDY}`,
      {
        cause: error,
      },
    )
  }
  lockedPaths.add(path)
  return () => {
    lockedPaths.delete(path)
    lock.close()
  }
}

const isBusy = (error: unknown) =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')

/** Detects that the file was replaced, or its write-ahead log truncated, under a running server. */
export class FileGuard {
  readonly #path: string
  readonly #opened: Stats
  #walBytes = 0

  constructor(path: string) {
    this.#path = path
    this.#opened = statSync(path)
  }

  /**
   * Checks before a write that the next start of the server will read the written file.
   *
   * @param countFrames Runs a passive checkpoint and returns the expected number of frames in the write-ahead log.
   * @throws StoreUnavailableError when the write would go to a file that the next start does not read.
   */
  check(countFrames: () => { readonly frames: number; readonly pageBytes: number }): void {
    const now = statSync(this.#path, { throwIfNoEntry: false })
    if (now?.ino !== this.#opened.ino || now.dev !== this.#opened.dev) {
      throw new StoreUnavailableError(
        `The store's file ${this.#path} was moved, deleted or replaced. ${RESTORE_REMEDY}`,
      )
    }
    const size = this.#walSize()
    if (size >= this.#walBytes) return
    // Another process such as `sqlite3` may checkpoint and truncate the log, which loses nothing.
    const { frames, pageBytes } = countFrames()
    if (frames > 0 && WAL_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + pageBytes) > size) {
      throw new StoreUnavailableError(`The store's file ${this.#path}-wal was truncated. ${RESTORE_REMEDY}`)
    }
    this.#walBytes = size
  }

  /** Records the length of the write-ahead log after a write. */
  recordWrite(): void {
    this.#walBytes = this.#walSize()
  }

  #walSize(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }
}

const RESTORE_REMEDY = 'Stop the server, restore the right file, and start it again.'
