/**
 * Measures the disk alone, the lower bound of a durable append. Overwrites an existing file with as many bytes as SQLite
 * commits per event, and syncs it on a thread. Appends that arrive during a sync share the next one.
 */
import { fdatasync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { serve } from './serve.ts'

const FILE_BYTES = 4 * 1024 * 1024
/** Four pages, each behind its head. */
const COMMIT = Buffer.alloc(4 * (4096 + 24))

const folder = mkdtempSync(join(tmpdir(), 'callgather-disk-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const file = openSync(join(folder, 'log'), 'w')
writeSync(file, Buffer.alloc(FILE_BYTES))
const sync = promisify(fdatasync)
let place = 0

export const abilities = {
  /** Appends at a fixed rate. Returns the time of each append until its sync, in µs. */
  append: async ({ count, perSecond }: { count: number; perSecond: number }): Promise<number[]> => {
    const taken: number[] = []
    let waiting: number[] = []
    let working: Promise<void> | null = null
    const commitAll = async () => {
      while (waiting.length > 0) {
        const group = waiting
        waiting = []
        place = place + COMMIT.length > FILE_BYTES ? 0 : place
        place += writeSync(file, COMMIT, 0, COMMIT.length, place)
        await sync(file)
        const now = performance.now()
        for (const began of group) taken.push((now - began) * 1000)
      }
      working = null
    }
    const start = performance.now()
    for (let nth = 0; nth < count; nth++) {
      const wait = (nth / perSecond) * 1000 - (performance.now() - start)
      if (wait > 0) await sleep(wait)
      waiting.push(performance.now())
      working ??= commitAll()
    }
    await working
    return taken
  },
}
serve(abilities)
