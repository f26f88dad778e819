import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, describe, expect, it } from 'vitest'
import { describeCallStore, eventOf } from './call-store.contract.ts'
import { StoreUnavailable } from './call-store.ts'
import { sqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'callgather-sqlite-'))
let files = 0
const newFile = () => join(folder, `${++files}`, 'calls.db')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeCallStore('sqliteStore', () => sqliteStore({ path: newFile() }))

describe('sqliteStore', () => {
  it('has everything under the same epoch and numbers after it is opened again', async () => {
    const path = newFile()
    const before = sqliteStore({ path })
    const { epoch } = await before.append('call', [{ event: eventOf('a') }, { event: eventOf('b') }])
    await before.close()
    const after = sqliteStore({ path })
    expect(await after.read('call', 0)).toMatchObject({ epoch, records: [{ seq: 1 }, { seq: 2 }] })
    const next = await after.append('call', [{ event: eventOf('a') }, { event: eventOf('c') }])
    expect(next).toMatchObject({ epoch, records: [{ seq: 3 }], duplicates: [{ id: 'a' }] })
    await after.close()
  })

  it('commits what waits together, and tells nobody before it is durable', async () => {
    const store = sqliteStore({ path: newFile() })
    const told: string[] = []
    await store.watchAll(({ callId }) => told.push(callId))
    const appends = Array.from({ length: 50 }, (_, index) => store.append(`call-${index}`, [{ event: eventOf('a') }]))
    expect(told).toEqual([])
    await Promise.all(appends)
    expect(told).toHaveLength(50)
    await store.close()
  })

  it('erases what it forgets or rewrites from the file itself', async () => {
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

  it('brings a file of an older version up to date, and refuses one of a newer', async () => {
    const path = newFile()
    const before = sqliteStore({ path })
    await before.append('call', [{ event: eventOf('a') }])
    await before.close()
    const file = new Database(path)
    file.exec('DROP TABLE revocation; DROP INDEX call_by_session; ALTER TABLE call DROP COLUMN session')
    file.exec('PRAGMA user_version = 1')
    file.close()
    const after = sqliteStore({ path })
    await after.revoke({ id: 'ticket:1', at: 1, until: Date.now() + 60_000 })
    expect(await after.listRevocations(0)).toHaveLength(1)
    expect(await after.head('call')).toMatchObject({ seq: 1 })
    await after.append('call', [{ event: eventOf('b') }], { sessionId: 'session' })
    expect(await after.legsOf('session')).toEqual(['call'])
    await after.close()
    const newer = new Database(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(() => sqliteStore({ path })).toThrow(/newer version/)
  })

  it('refuses, with its path and a reason, what it cannot open', () => {
    const path = join(folder, 'not-a-database')
    writeFileSync(path, 'this is no database, though it is long enough to be read as a header of one'.repeat(20))
    expect(() => sqliteStore({ path })).toThrow(/cannot be opened/)
    expect(() => sqliteStore({ path: join(path, 'below-a-file.db') })).toThrow(StoreUnavailable)
  })
})
