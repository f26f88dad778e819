import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, describe, expect, it } from 'vitest'
import { describeCallStore, eventOf } from '../call-store.contract.ts'
import { StoreUnavailableError } from '../call-store.ts'
import { sqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'callgather-sqlite-'))
let files = 0
const newFile = () => join(folder, `${++files}`, 'calls.db')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeCallStore('sqliteStore', () => sqliteStore({ path: newFile() }))

describe('sqliteStore', () => {
  it('the sqlite store keeps records and sequence numbers under a new epoch after its file is reopened', async () => {
    const path = newFile()
    const before = sqliteStore({ path })
    const { epoch } = await before.append('call', [{ event: eventOf('a') }, { event: eventOf('b') }])
    await before.close()
    const after = sqliteStore({ path })
    const slice = await after.read('call', 0)
    expect(slice).toMatchObject({ records: [{ seq: 1 }, { seq: 2 }] })
    expect(slice?.epoch).not.toBe(epoch)
    const next = await after.append('call', [{ event: eventOf('a') }, { event: eventOf('c') }])
    expect(next).toMatchObject({ epoch: slice?.epoch, records: [{ seq: 3 }], duplicates: [{ id: 'a' }] })
    await after.close()
  })

  it('the sqlite store commits concurrent appends as a group and publishes them only after the commit', async () => {
    const store = sqliteStore({ path: newFile() })
    const published: string[] = []
    await store.subscribeAll(({ callId }) => published.push(callId))
    const appends = Array.from({ length: 50 }, (_, index) => store.append(`call-${index}`, [{ event: eventOf('a') }]))
    expect(published).toEqual([])
    await Promise.all(appends)
    expect(published).toHaveLength(50)
    await store.close()
  })

  it('the sqlite store erases forgotten and rewritten content from its file', async () => {
    const path = newFile()
    const store = sqliteStore({ path })
    const secret = { event: eventOf('a', { secret: 'canary-4071-canary' }) }
    await store.append('call', [secret])
    const { epoch } = await store.append('rewritten', [secret])
    await store.forget('call')
    await store.rewrite('rewritten', { epoch, seq: 1 }, [{ seq: 1, event: eventOf('a') }])
    await store.close()
    for (const file of [path, `${path}-wal`]) {
      if (existsSync(file)) expect(readFileSync(file).includes('canary-4071-canary')).toBe(false)
    }
  })

  it('the sqlite store rejects a file of another format, names its path and the remedy, and does not change it', () => {
    const contents = {
      older: 'CREATE TABLE call (ref INTEGER PRIMARY KEY) STRICT; PRAGMA user_version = 4',
      newer: 'CREATE TABLE call (ref INTEGER PRIMARY KEY) STRICT; PRAGMA user_version = 99',
      unknown: 'CREATE TABLE notes (text TEXT) STRICT',
    }
    for (const [name, sql] of Object.entries(contents)) {
      const path = join(folder, `${name}.db`)
      const file = new Database(path)
      file.exec(sql)
      file.close()
      const before = readFileSync(path)
      const format = { older: 4, newer: 99, unknown: 0 }[name]
      expect(() => sqliteStore({ path })).toThrow(`${path} has format ${format}, and this version of CallGather uses`)
      expect(() => sqliteStore({ path })).toThrow(/Use another file, or the version of CallGather that wrote this one/)
      expect(readFileSync(path)).toEqual(before)
    }
  })

  it('the sqlite store names the path and the reason when it cannot open a file', () => {
    const path = join(folder, 'not-a-database')
    writeFileSync(path, 'this is no database, though it is long enough to be read as a header of one'.repeat(20))
    expect(() => sqliteStore({ path })).toThrow(/cannot be opened/)
    expect(() => sqliteStore({ path: join(path, 'below-a-file.db') })).toThrow(StoreUnavailableError)
  })

  it('the sqlite store locks its file for one server at a time, also through a symbolic link', async () => {
    const path = newFile()
    const first = sqliteStore({ path })
    symlinkSync(path, `${path}.link`)
    for (const name of [path, `${path}.link`]) expect(() => sqliteStore({ path: name })).toThrow(path)
    await first.append('call', [{ event: eventOf('a') }])
    await first.close()
    const second = sqliteStore({ path: `${path}.link` })
    expect(await second.head('call')).toMatchObject({ seq: 1 })
    await second.close()
  })

  it('the sqlite store waits for another server to release the file, and opens it when that server is killed', async () => {
    const path = newFile()
    await sqliteStore({ path }).close()
    const holder = spawn('sqlite3', [`${path}-lock`], { stdio: ['pipe', 'pipe', 'inherit'] })
    holder.stdin.write('BEGIN EXCLUSIVE; SELECT 1;\n')
    await once(holder.stdout, 'data')
    // A separate process kills it, because waiting for the lock blocks this thread.
    spawn('sh', ['-c', `sleep 1; kill -9 ${holder.pid}`])
    const store = sqliteStore({ path })
    await store.ping()
    // Another process may copy the file meanwhile.
    expect(spawnSync('sqlite3', [path, `.backup ${path}.backup`]).status).toBe(0)
    await store.close()
  }, 15_000)

  it('the sqlite store refuses a file that another server keeps locked, and names the file and the remedy', async () => {
    const path = newFile()
    await sqliteStore({ path }).close()
    const holder = spawn('sqlite3', [`${path}-lock`], { stdio: ['pipe', 'pipe', 'inherit'] })
    holder.stdin.write('BEGIN EXCLUSIVE; SELECT 1;\n')
    await once(holder.stdout, 'data')
    expect(() => sqliteStore({ path })).toThrow(
      /calls\.db is in use by another server, still after 10 s\. Stop that server/,
    )
    holder.kill('SIGKILL')
  }, 30_000)

  it('the sqlite store returns placeholders for damaged, missing or non-UTF-8 records', async () => {
    const path = newFile()
    const store = sqliteStore({ path })
    await store.append(
      'call',
      ['a', 'b', 'c', 'd', 'e'].map((id) => ({ event: eventOf(id) })),
    )
    const damage = [
      "UPDATE event SET body = 'no json' || char(10) || '4:' WHERE seq = 2",
      'DELETE FROM event WHERE seq = 3',
      "UPDATE event SET body = CAST(x'ff5b' AS TEXT) WHERE seq = 5",
    ]
    expect(spawnSync('sqlite3', [path, damage.join(';')]).status).toBe(0)
    const records = (await store.read('call', 0))?.records ?? []
    expect(records.map(({ seq, event }) => [seq, event.event_type])).toEqual([
      [1, 'call.test'],
      [2, 'unreadable:record'],
      [3, 'unreadable:record'],
      [4, 'call.test'],
      [5, 'unreadable:record'],
    ])
    await store.close()
  })

  it('the sqlite store commits a group of appends and runs all subscribers even if a subscriber throws', async () => {
    const warnings: string[] = []
    const store = sqliteStore({ path: newFile(), warn: (message) => warnings.push(message) })
    const published: string[] = []
    await store.subscribeAll(() => {
      throw new TypeError('canary-4071')
    })
    await store.subscribeAll(({ callId }) => published.push(callId))
    const calls = ['a', 'b', 'c']
    const results = await Promise.all(calls.map((call) => store.append(call, [{ event: eventOf('x') }])))
    expect(results.map(({ records }) => records.length)).toEqual([1, 1, 1])
    expect(published).toEqual(calls)
    expect(warnings).toHaveLength(3)
    expect(warnings.join()).toContain('TypeError')
    expect(warnings.join()).not.toContain('canary')
    await store.close()
  })
})
