/**
 * The server's own log: JSON lines on standard error. Writing never waits for the reader, which may be a stalled pipe:
 * lines queue up to a bound, and are dropped and counted past it.
 */
import { createWriteStream, fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Logger } from './logger.ts'

/** The maximum size of all queued log lines. */
const MAX_QUEUED_BYTES = 1024 * 1024
const STANDARD_ERROR = 2

/** A log that never blocks the event loop. */
export interface AsyncLog {
  readonly logger: Logger
  /** Returns the number of log lines that were dropped. */
  readonly dropped: () => number
  /** Resolves when all log lines are written, or after `deadlineMs` milliseconds. */
  readonly flush: (deadlineMs: number) => Promise<void>
}

const droppedBy = new WeakMap<Logger, () => number>()

/** Returns the number of lines that a logger of `asyncLog` has dropped; 0 for any other logger. */
export const droppedLines = (logger: Logger): number => droppedBy.get(logger)?.() ?? 0

/** Creates a log that writes to standard error. */
export const stderrLog = (level = 'info'): AsyncLog => asyncLog(level, openStandardError())

/** Creates a log that writes to a stream. */
export function asyncLog(level: string, stream: Writable): AsyncLog {
  let dropped = 0
  let reported = 0
  stream.on('error', () => {})
  const write = (line: string) => {
    if (stream.destroyed || stream.writableLength + line.length > MAX_QUEUED_BYTES) {
      dropped += 1
      return
    }
    if (dropped > reported) {
      stream.write(
        `${JSON.stringify({ level: 40, time: Date.now(), dropped: dropped - reported, msg: 'log lines were dropped' })}\n`,
      )
      reported = dropped
    }
    stream.write(line)
  }
  const logger = pino({ name: 'callgather', level }, { write })
  droppedBy.set(logger, () => dropped)
  const flush = (deadlineMs: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs)
      stream.write('', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  return { logger, dropped: () => dropped, flush }
}

/**
 * Opens a stream for standard error. The event loop writes a pipe, because a stalled pipe would block a file stream's
 * threads, and a process can't exit while one of its threads is blocked.
 */
function openStandardError(): Writable {
  // As numbers, the result would make Node 22.23 take the next symbolic link it resolves for a folder: `redis` would not load.
  const stat = fstatSync(STANDARD_ERROR, { bigint: true })
  if (stat.isFIFO() || stat.isSocket()) return new Socket({ fd: STANDARD_ERROR, readable: false, writable: true })
  return createWriteStream('', { fd: STANDARD_ERROR, autoClose: false })
}
