/**
 * How a reconnecting client resumes, on every store engine: the cases of Centrifugo's recovery tests, through `call:watch`.
 * The reply is a delta of everything after the cursor or a snapshot of the whole log, never a part of either.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cursor } from '@callgather/protocol'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventOf } from '../store/call-store.contract.ts'
import type { CallStore } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { sqliteStore } from '../store/sqlite/sqlite-store.ts'
import { testServer, watch } from '../testing/server.ts'

/** A store engine under test. */
interface Engine {
  /** Opens the store, at the first start and after a restart of the server. */
  readonly open: () => CallStore
  readonly expire: (store: CallStore, callId: string) => unknown
  /** How the server answers a cursor from before its restart. */
  readonly restart: 'a delta' | 'a snapshot' | '404'
}

const byAge = (store: CallStore, callId: string) => store.forget(callId, Date.now() + 1)

function describeRecovery(name: string, engine: Engine): void {
  /** Starts a server with a call of `count` events. */
  const setUp = async (count: number, callId = `v3:${randomUUID()}`) => {
    const store = engine.open()
    const server = await testServer({ store })
    const append = (...ids: string[]) =>
      store.append(
        callId,
        ids.map((id) => ({ event: eventOf(id) })),
      )
    if (count > 0) await append(...Array.from({ length: count }, (_, index) => `e${index + 1}`))
    const head = await store.head(callId)
    const socket = await server.connect({ ticket: await server.ticket({ calls: [callId] }) })
    return {
      callId,
      store,
      append,
      socket,
      epoch: head?.epoch ?? 'none',
      /** Watches the call as a client does, and summarises the reply. */
      async resume(cursor?: Cursor) {
        const { reply, frames } = await watch(socket, cursor, callId)
        if (!reply.ok) return { refused: reply.error.status, frames }
        const { kind, records } = reply
        const seqs = records.map(({ seq }) => seq)
        return { kind, from: seqs[0], to: seqs.at(-1), count: seqs.length, cursor: reply.cursor, records, frames }
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  }

  describe(`recovery on ${name}`, () => {
    it.each([
      ['a snapshot for a client without a cursor', 5, null, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      ['a delta of the events after the cursor', 5, 2, { kind: 'delta', from: 3, to: 5, count: 3 }],
      ['a delta of the last event', 5, 4, { kind: 'delta', from: 5, to: 5, count: 1 }],
      ['an empty delta for a client that has every event', 5, 5, { kind: 'delta', count: 0 }],
      ['a delta of every event for a cursor at 0', 5, 0, { kind: 'delta', from: 1, to: 5, count: 5 }],
      ['a snapshot for a cursor after the last event', 5, 6, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      ['a snapshot for a cursor far after the last event', 5, 2 ** 40, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      ['a delta of thousands of events', 3_000, 1, { kind: 'delta', from: 2, to: 3_000, count: 2_999 }],
    ])('the server answers a watch with %s', async (_, count, seq, expected) => {
      await using it = await setUp(count)
      const answer = await it.resume(seq === null ? undefined : { epoch: it.epoch, seq })
      expect(answer).toMatchObject({ ...expected, cursor: { epoch: it.epoch, seq: count } })
    })

    it('answers a watch of a call that does not exist with 404, with or without a cursor', async () => {
      await using it = await setUp(0)
      expect(await it.resume()).toMatchObject({ refused: 404 })
      expect(await it.resume({ epoch: it.epoch, seq: 3 })).toMatchObject({ refused: 404 })
    })

    it.each(['', 'another', '__proto__'])(
      'answers a watch with a snapshot when the epoch of its cursor is %j, which the log never had',
      async (epoch) => {
        await using it = await setUp(3)
        expect(await it.resume({ epoch, seq: 2 })).toMatchObject({
          kind: 'snapshot',
          count: 3,
          cursor: { epoch: it.epoch },
        })
      },
    )

    it.each([-1, 1.5, Number.NaN, '2'])(
      'answers a watch with 400 when the sequence number of its cursor is %j',
      async (seq) => {
        await using it = await setUp(3)
        expect(await it.resume({ epoch: it.epoch, seq: seq as number })).toMatchObject({ refused: 400 })
      },
    )

    it('answers a watch of a forgotten call with 404, and with a snapshot when the call has a new log', async () => {
      await using it = await setUp(5)
      const cursor = { epoch: it.epoch, seq: 2 }
      await it.store.forget(it.callId)
      expect(await it.resume(cursor)).toMatchObject({ refused: 404 })
      await it.append('f1', 'f2', 'f3')
      const answer = await it.resume(cursor)
      expect(answer).toMatchObject({ kind: 'snapshot', from: 1, to: 3 })
      expect(answer.cursor?.epoch).not.toBe(it.epoch)
    })

    it('answers a watch of an expired call with 404', async () => {
      await using it = await setUp(5)
      await engine.expire(it.store, it.callId)
      expect(await it.resume({ epoch: it.epoch, seq: 5 })).toMatchObject({ refused: 404 })
    })

    it('notifies a watching client when the epoch of its call changes, and sends it a snapshot of the new log', async () => {
      await using it = await setUp(3)
      await it.resume()
      const heads: unknown[] = []
      it.socket.on('call:head', (frame) => heads.push(...frame.heads))
      await it.store.forget(it.callId)
      await it.append('f1')
      await vi.waitFor(() => expect(heads).toContainEqual({ call_id: it.callId, epoch: '', seq: 0 }), 5_000)
      expect(await it.resume({ epoch: it.epoch, seq: 1 })).toMatchObject({ kind: 'snapshot', from: 1, to: 1 })
    })

    it('a watch reply and the events that follow it have neither a gap nor an overlap', async () => {
      await using it = await setUp(1)
      for (let round = 0; round < 20; round++) {
        const before = (await it.store.head(it.callId))?.seq ?? 0
        const appends = Array.from({ length: 10 }, (_, index) => it.append(`r${round}-${index}`))
        const { records, frames } = await it.resume({ epoch: it.epoch, seq: before })
        await Promise.all(appends)
        await vi.waitFor(() => {
          const seqs = [...(records ?? []), ...frames.flatMap((frame) => frame.records)].map(({ seq }) => seq)
          expect(seqs).toEqual(Array.from({ length: 10 }, (_, index) => before + 1 + index))
        }, 5_000)
        it.socket.emit('call:unwatch', { call_id: it.callId })
        // Requests are handled in order, so this reply means that the unwatch has taken effect.
        await watch(it.socket, undefined, 'v3:nothing')
        it.socket.off('call:event')
      }
    })

    it(`answers a watch with ${engine.restart} when its cursor is from before a server restart`, async () => {
      const callId = `v3:${randomUUID()}`
      let cursor: Cursor
      {
        await using before = await setUp(5, callId)
        cursor = { epoch: before.epoch, seq: 3 }
      }
      await using after = await setUp(0, callId)
      const answer = await after.resume(cursor)
      if (engine.restart === 'a delta')
        expect(answer).toMatchObject({ kind: 'delta', from: 4, to: 5, cursor: { epoch: cursor.epoch } })
      // The file may have lost its last records in a crash, so the store starts a new epoch.
      else if (engine.restart === 'a snapshot') expect(answer).toMatchObject({ kind: 'snapshot', from: 1, to: 5 })
      else expect(answer).toMatchObject({ refused: 404 })
    })
  })
}

describeRecovery('memoryStore', { open: () => memoryStore(), expire: byAge, restart: '404' })

describe('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-recovery-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  describeRecovery('sqliteStore', {
    open: () => sqliteStore({ path: join(folder, 'calls.db') }),
    expire: byAge,
    restart: 'a snapshot',
  })
})

describeWithRedis('Redis', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await TestRedis.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())
  describeRecovery('redisStore', {
    open: () => redisStore({ url: redis.url, warn: () => {} }),
    expire: (_, callId) => redis.cli('PEXPIRE', `callgather:2:call:{${callId}}`, '0'),
    restart: 'a delta',
  })
})
