import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { webhookOf } from '@callgather/test-kit/telnyx'
import { pino } from 'pino'
import { createClient } from 'redis'
import { describe, expect, it, vi } from 'vitest'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { CALL, testServer, watch } from '../testing/server.ts'
import { Retention, type RetentionOptions } from './retention.ts'

const HOUR = 3_600_000
const CANARY = 'Qanary-4071-never-kept'

/** A store, and a way to read all bytes that it has written. */
interface Kept extends AsyncDisposable {
  readonly store: CallStore
  contents(): Promise<string>
}

/** Sends the webhooks of a call. Every kind of event that can hold speech contains the canary. */
async function spoken(server: Awaited<ReturnType<typeof testServer>>, now: () => number) {
  const at = () => ({ at: new Date(now()).toISOString() })
  const message_history = [
    { role: 'assistant', content: 'Your name?' },
    { role: 'user', content: CANARY },
  ]
  await server.webhook('call.initiated', { from: '+15550100' }, at())
  await server.webhook('call.transcription', { transcription_data: { transcript: CANARY, is_final: true } }, at())
  await server.command('gather_using_ai', { parameters: { type: 'object', properties: {} } })
  await server.webhook('call.ai_gather.message_history_updated', { message_history }, at())
  await server.webhook('call.ai_gather.partial_results', { partial_results: { said: CANARY }, message_history }, at())
  await server.command('ai_assistant_add_messages', { messages: [{ role: 'system', content: CANARY }] })
  await server.webhook('call.ai_gather.ended', { status: 'valid', result: { age: 29 }, message_history }, at())
  await server.webhook('call.conversation_insights.generated', { results: [{ result: CANARY }] }, at())
  await server.webhook('call.something.new', { text: CANARY }, at())
  await server.webhook('call.dtmf.received', { digit: '7' }, at())
}

const retention = (store: CallStore, now: () => number, options?: RetentionOptions) =>
  new Retention({ store, now, logger: pino({ level: 'silent' }) }, options)

function declare(name: string, open: (now: () => number) => Promise<Kept>): void {
  describe(`retention of speech in ${name}`, () => {
    it('keeps speech until an hour after the call, then erases the speech and keeps the rest of the call', async () => {
      let now = Date.now()
      await using kept = await open(() => now)
      await using server = await testServer({ store: kept.store, now: () => now })
      const keep = retention(kept.store, () => now)
      await spoken(server, () => now)
      const socket = await server.connect()
      const resyncs: unknown[] = []
      socket.on('call:head', ({ heads }) => resyncs.push(...heads.filter(({ epoch }) => epoch === '')))
      const { reply } = await watch(socket)
      expect(JSON.stringify(reply)).toContain(CANARY)

      // Speech is never erased during the call.
      now += 2 * HOUR
      await keep.run()
      expect(await kept.contents()).toContain(CANARY)
      const hangup = webhookOf('call.hangup', { call_control_id: CALL }, { at: new Date(now).toISOString() })
      expect((await server.post(server.signer.sign(hangup, now))).status).toBe(200)
      now += HOUR - 60_000
      await keep.run()
      expect(await kept.contents()).toContain(CANARY)

      now += 120_000
      await keep.run()
      expect(await kept.contents()).not.toContain(CANARY)
      // Watching clients resync, and an old cursor gets a snapshot without the speech.
      await vi.waitFor(() => expect(resyncs.length).toBeGreaterThan(0))
      const again = await watch(await server.connect(), reply.ok ? reply.cursor : undefined)
      expect(JSON.stringify(again.reply)).not.toContain(CANARY)
      const state = await server.gather.call(CALL).state()
      expect(JSON.stringify(state)).not.toContain(CANARY)
      expect(state.hangup).not.toBeNull()
      const records = (await kept.store.read(CALL, 0))?.records ?? []
      const payloads = records.map(({ event }) => event.payload)
      expect(payloads).toContainEqual({ digit: '7' })
      expect(payloads).toContainEqual(expect.objectContaining({ status: 'valid', result: { age: 29 } }))
      // Another run changes nothing.
      const head = await kept.store.head(CALL)
      await retention(kept.store, () => now).run()
      expect(await kept.store.head(CALL)).toEqual(head)
    })
  })
}

declare('memory', async (now) => {
  const store = memoryStore({ now })
  return {
    store,
    contents: async () => JSON.stringify(await store.read(CALL, 0)),
    [Symbol.asyncDispose]: async () => {},
  }
})

declare('a file', async (now) => {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-retention-'))
  return {
    store: sqliteStore({ path: join(folder, 'calls.db'), now }),
    contents: async () =>
      readdirSync(folder).reduce((all, file) => all + readFileSync(join(folder, file), 'latin1'), ''),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

describeWithRedis('with Redis', () => {
  declare('Redis', async (now) => {
    const redis = await TestRedis.start()
    const client = await createClient({ url: redis.url }).connect()
    return {
      store: redisStore({ url: redis.url, now }),
      async contents() {
        const keys = await client.keys('*')
        const values = keys.map(async (key) => {
          const type = await client.type(key)
          if (type === 'hash') return await client.hGetAll(key)
          if (type === 'set') return await client.sMembers(key)
          if (type === 'zset') return await client.zRange(key, 0, -1)
          return await client.get(key)
        })
        return JSON.stringify([keys, await Promise.all(values)])
      },
      async [Symbol.asyncDispose]() {
        await client.close()
        await redis.kill()
      },
    }
  })
})

describe('retention', () => {
  it('retention keeps speech for `transcriptHours` after the call', async () => {
    for (const [transcriptHours, remains] of [
      [0, false],
      [48, true],
      [168, true],
      [Number.POSITIVE_INFINITY, true],
    ] as const) {
      let now = Date.now()
      const store = memoryStore({ now: () => now })
      await using server = await testServer({ store, now: () => now })
      await spoken(server, () => now)
      await server.webhook('call.hangup')
      now += 24 * HOUR
      await retention(store, () => now, { transcriptHours }).run()
      expect(JSON.stringify(await store.read(CALL, 0)).includes(CANARY)).toBe(remains)
    }
  })

  it('retention treats a call without a hangup as ended after a day of silence', async () => {
    let now = Date.now()
    const store = memoryStore({ now: () => now })
    await using server = await testServer({ store, now: () => now })
    await spoken(server, () => now)
    const keep = retention(store, () => now)
    now += 23 * HOUR
    await keep.run()
    expect(JSON.stringify(await store.read(CALL, 0))).toContain(CANARY)
    now += 2 * HOUR
    await keep.run()
    expect(JSON.stringify(await store.read(CALL, 0))).not.toContain(CANARY)
  })

  it('retention yields to the event loop between calls, even between calls without speech', async () => {
    const CALLS = 200
    let now = Date.now()
    const store = memoryStore({ now: () => now })
    const event = {
      event_type: 'call.dtmf.received',
      occurred_at: '2026-11-22T10:41:00.000000Z',
      payload: { digit: '1' },
    }
    for (let nth = 0; nth < CALLS; nth++) {
      await store.append(`v3:${nth}`, [{ event: { ...event, id: `key-${nth}` } }], { isOver: true })
    }
    now += 2 * HOUR
    let turns = 0
    let over = false
    const others = () => {
      turns += 1
      if (!over) setImmediate(others)
    }
    setImmediate(others)
    await retention(store, () => now).run()
    over = true
    expect(turns).toBeGreaterThan(CALLS / 2)
  })

  it('rejects retention times that are out of range', () => {
    expect(() => retention(memoryStore(), Date.now, { hours: 23 })).toThrow('retentionHours')
    expect(() => retention(memoryStore(), Date.now, { transcriptHours: -1 })).toThrow('transcriptRetentionHours')
    expect(() => retention(memoryStore(), Date.now, { transcriptHours: Number.NaN })).toThrow('transcriptRetention')
  })
})
