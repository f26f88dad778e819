/**
 * Server behaviour with a full disk, a read-only mount, and a corrupted, restored or truncated sqlite file. Mounting
 * needs root on Linux; without it those tests are skipped.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallHeadFrame, CallRecord } from '@callgather/protocol'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { CALL, testServer, watch } from '../../testing/server.ts'
import { sqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'callgather-disk-'))
const mounts: string[] = []
let files = 0
const newFolder = () => join(folder, String(++files))
afterAll(() => {
  for (const mount of mounts) spawnSync('umount', ['-l', mount])
  rmSync(folder, { recursive: true, force: true })
})

/** Mounts a disk of `bytes` bytes and returns its path; null where this process may not mount disks. */
function mountDisk(bytes: number): string | null {
  const path = newFolder()
  spawnSync('mkdir', ['-p', path])
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]).status !== 0) return null
  mounts.push(path)
  return path
}
const disk = mountDisk(1024 * 1024)
const describeWithMounts = disk === null ? describe.skip : describe

type Server = Awaited<ReturnType<typeof testServer>>

/** Starts a server on a sqlite file with a connected agent. Records the webhook replies and the agent's frames. */
async function stage(path: string) {
  const server = await testServer({ store: sqliteStore({ path }) })
  const acknowledged: string[] = []
  const degraded: boolean[] = []
  let posted = 0
  const post = async (payload: Record<string, unknown> = {}) => {
    const id = `event-${posted++}`
    const { status } = await server.webhook('call.dtmf.received', { digit: '1', ...payload }, { id })
    if (status === 200) acknowledged.push(id)
    return status
  }
  await post()
  const socket = await server.connect()
  socket.on('call:head', (frame: CallHeadFrame) => {
    if (frame.degraded !== undefined && frame.degraded !== degraded.at(-1)) degraded.push(frame.degraded)
  })
  const { frames, reply } = await watch(socket)
  const shown = () => [...(reply.ok ? reply.records : []), ...frames.flatMap(({ records }) => records)]
  return { server, post, acknowledged, degraded, shown, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

/** Returns the store's health as `/readyz` and the metrics report it. */
async function healthOf({ url }: Server) {
  const [ready, metrics] = await Promise.all([fetch(`${url}/readyz`), fetch(`${url}/metrics`)])
  const up = /^callgather_store_up (\d)$/m.exec(await metrics.text())?.[1]
  return { ready: ready.status, up }
}

/** Waits until readiness, metrics and head frames agree. */
async function expectHealth({ server, degraded }: Awaited<ReturnType<typeof stage>>, isUp: boolean): Promise<void> {
  const expected = isUp ? { ready: 200, up: '1', degraded: false } : { ready: 503, up: '0', degraded: true }
  await vi.waitFor(
    async () => expect({ ...(await healthOf(server)), degraded: degraded.at(-1) ?? false }).toEqual(expected),
    { timeout: 10_000, interval: 100 },
  )
}

const idsOf = (records: readonly CallRecord[]) => records.map(({ event }) => event.id)

/** Returns the call's event ids as the next start of the server reads them from the file. */
async function logOf(path: string): Promise<string[]> {
  const store = sqliteStore({ path })
  try {
    return idsOf((await store.read(CALL, 0))?.records ?? [])
  } finally {
    await store.close()
  }
}

describeWithMounts('a sqlite store on a full disk', () => {
  it('the server reports a full disk within four seconds, keeps acknowledged events and recovers by itself', async () => {
    const path = join(disk ?? '', 'calls.db')
    {
      await using it = await stage(path)
      writeFileSync(join(disk ?? '', 'ballast'), Buffer.alloc(500 * 1024))
      let status = 200
      for (let nth = 0; nth < 2_000 && status === 200; nth++) status = await it.post({ filler: 'x'.repeat(4_000) })
      expect(status).toBe(503)
      await expectHealth(it, false)
      expect(idsOf(it.shown())).toEqual(it.acknowledged)
      rmSync(join(disk ?? '', 'ballast'))
      await expectHealth(it, true)
      expect(await it.post()).toBe(200)
      await vi.waitFor(() => expect(idsOf(it.shown())).toEqual(it.acknowledged))
      const { acknowledged } = it
      await it.server.gather.close()
      expect(await logOf(path)).toEqual(acknowledged)
    }
  }, 60_000)
})

/** Mounts an ext4 disk, which becomes read-only after an error; returns null where it cannot be mounted. */
function mountExt4(): string | null {
  const path = newFolder()
  const image = `${path}.img`
  spawnSync('mkdir', ['-p', path])
  writeFileSync(image, Buffer.alloc(16 * 1024 * 1024))
  if (spawnSync('mkfs.ext4', ['-q', '-F', '-O', 'has_journal', image]).status !== 0) return null
  if (spawnSync('mount', ['-o', 'loop', image, path]).status !== 0) return null
  mounts.push(path)
  return path
}
const ext4 = mountExt4()

describe.skipIf(ext4 === null)('a sqlite store on a disk that becomes read-only', () => {
  it('the server reports a read-only disk within four seconds, also without webhooks, and keeps acknowledged events', async () => {
    const path = join(ext4 ?? '', 'calls.db')
    await using it = await stage(path)
    expect(spawnSync('mount', ['-o', 'remount,abort', ext4 ?? '']).status).toBe(0)
    await expectHealth(it, false)
    expect(await it.post()).toBe(503)
    expect(idsOf(it.shown())).toEqual(it.acknowledged)
    const { reply } = await watch(await it.server.connect())
    expect(reply.ok && idsOf(reply.records)).toEqual(it.acknowledged)
  }, 30_000)
})

describe('a sqlite store whose file is changed under a running server', () => {
  it('the server reports a replaced sqlite file within four seconds and refuses webhooks', async () => {
    const path = join(newFolder(), 'calls.db')
    await using it = await stage(path)
    copyFileSync(path, `${path}.backup`)
    rmSync(path)
    copyFileSync(`${path}.backup`, path)
    expect(await it.post()).toBe(503)
    await expectHealth(it, false)
  })

  it('the server refuses webhooks when the write-ahead log of its sqlite file was truncated', async () => {
    const path = join(newFolder(), 'calls.db')
    await using it = await stage(path)
    for (let nth = 0; nth < 5; nth++) expect(await it.post()).toBe(200)
    const wal = `${path}-wal`
    truncateSync(wal, Math.floor(statSync(wal).size / 2))
    expect(await it.post()).toBe(503)
    await expectHealth(it, false)
  })

  it('the server reports a corrupted sqlite file when writes fail, and keeps running', async () => {
    const path = join(newFolder(), 'calls.db')
    {
      await using it = await stage(path)
      for (let nth = 0; nth < 50; nth++) await it.post({ filler: 'x'.repeat(2_000) })
    }
    const { size } = statSync(path)
    const file = openSync(path, 'r+')
    // Corrupt every page except the first, which identifies the file as a database.
    writeSync(file, Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096)
    const opened = await Promise.resolve()
      .then(() => testServer({ store: sqliteStore({ path }) }))
      .catch((error: unknown) => error)
    if (opened instanceof Error) {
      expect(opened.message).toContain(path)
      return
    }
    await using server = opened as Server
    expect((await server.webhook('call.answered')).status).toBe(503)
    await vi.waitFor(async () => expect(await healthOf(server)).toEqual({ ready: 503, up: '0' }))
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  })
})

describe('a sqlite file that was truncated or restored while the server was down', () => {
  const cases = {
    'was restored from a backup': (path: string) => copyFileSync(`${path}.backup`, path),
    'has a truncated write-ahead log': (path: string) => {
      copyFileSync(`${path}.crashed`, path)
      copyFileSync(`${path}.crashed-wal`, `${path}-wal`)
      truncateSync(`${path}-wal`, Math.floor(statSync(`${path}-wal`).size / 2))
    },
  }
  for (const [name, damage] of Object.entries(cases)) {
    it(`sends a client with a newer cursor a snapshot under a new epoch when the sqlite file ${name}`, async () => {
      const path = join(newFolder(), 'calls.db')
      let cursor = { epoch: '', seq: 0 }
      {
        await using it = await stage(path)
        await it.post()
        const { status } = spawnSync('sqlite3', [path, `.backup ${path}.backup`])
        expect(status).toBe(0)
        for (let nth = 0; nth < 10; nth++) await it.post()
        // Copy the file as `kill -9` leaves it.
        copyFileSync(path, `${path}.crashed`)
        copyFileSync(`${path}-wal`, `${path}.crashed-wal`)
        const { reply } = await watch(await it.server.connect())
        if (reply.ok) cursor = reply.cursor
      }
      damage(path)
      await using server = await testServer({ store: sqliteStore({ path }) })
      await server.webhook('call.answered', {}, { id: 'another history' })
      const { reply } = await watch(await server.connect(), cursor)
      expect(reply).toMatchObject({ ok: true, kind: 'snapshot' })
      const log = (await server.gather.call(CALL).state()) && reply.ok ? idsOf(reply.records) : []
      expect(log.length).toBeLessThan(cursor.seq)
      expect(log.at(-1)).toBe('another history')
      expect(reply.ok && reply.cursor.epoch).not.toBe(cursor.epoch)
    })
  }

  it('the sqlite store moves its write-ahead log into the sqlite file on a clean shutdown', async () => {
    const path = join(newFolder(), 'calls.db')
    const acknowledged: string[] = []
    {
      await using it = await stage(path)
      for (let nth = 0; nth < 10; nth++) await it.post()
      acknowledged.push(...it.acknowledged)
    }
    const copy = join(newFolder(), 'copy.db')
    spawnSync('mkdir', ['-p', join(copy, '..')])
    copyFileSync(path, copy)
    expect(await logOf(copy)).toEqual(acknowledged)
  })
})
