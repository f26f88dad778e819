/**
 * What a client that comes back is given, case by case, on every engine: the cases that Centrifugo tests its recovery
 * with, through `call:watch` as a client calls it. The answer is all after the cursor, or all there is; never a part.
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

/** An engine: how it is opened, also again after its server has ended, and how a call expires in it. */
interface Engine {
  readonly open: () => CallStore
  readonly expire: (store: CallStore, callId: string) => unknown
  /** Whether its logs outlive the server. */
  /** What a client gets for its position after a restart of the server. */
  readonly restart: 'delta' | 'snapshot' | 'refused'
}

const byAge = (store: CallStore, callId: string) => store.forget(callId, Date.now() + 1)

function describeRecovery(name: string, engine: Engine): void {
  /** A server with a call of so many events. */
  const opened = async (count: number, callId = `v3:${randomUUID()}`) => {
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
      /** Watches as a client does, and puts the answer shortly. */
      async ask(cursor?: Cursor) {
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
      ['nothing known: the whole log', 5, null, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      ['from a position: what comes after it', 5, 2, { kind: 'delta', from: 3, to: 5, count: 3 }],
      ['from the one before the last: the last', 5, 4, { kind: 'delta', from: 5, to: 5, count: 1 }],
      ['from the same position: nothing, and all is known', 5, 5, { kind: 'delta', count: 0 }],
      ['from the very beginning: everything', 5, 0, { kind: 'delta', from: 1, to: 5, count: 5 }],
      ['from a position that does not exist yet: the whole log', 5, 6, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      ['from far beyond: the whole log', 5, 2 ** 40, { kind: 'snapshot', from: 1, to: 5, count: 5 }],
      [
        'far behind, past any limit on history: all of it',
        3_000,
        1,
        { kind: 'delta', from: 2, to: 3_000, count: 2_999 },
      ],
    ])('%s', async (_, count, seq, expected) => {
      await using it = await opened(count)
      const answer = await it.ask(seq === null ? undefined : { epoch: it.epoch, seq })
      expect(answer).toMatchObject({ ...expected, cursor: { epoch: it.epoch, seq: count } })
    })

    it('no call yet: refused, with a cursor or without', async () => {
      await using it = await opened(0)
      expect(await it.ask()).toMatchObject({ refused: 404 })
      expect(await it.ask({ epoch: it.epoch, seq: 3 })).toMatchObject({ refused: 404 })
    })

    it.each(['', 'another', '__proto__'])('under the epoch %j, which is not its own: the whole log', async (epoch) => {
      await using it = await opened(3)
      expect(await it.ask({ epoch, seq: 2 })).toMatchObject({ kind: 'snapshot', count: 3, cursor: { epoch: it.epoch } })
    })

    it.each([-1, 1.5, Number.NaN, '2'])('at the position %j, which is none: refused as malformed', async (seq) => {
      await using it = await opened(3)
      expect(await it.ask({ epoch: it.epoch, seq: seq as number })).toMatchObject({ refused: 400 })
    })

    it('already gone: refused; begun again: the whole new log, though the position exists in it', async () => {
      await using it = await opened(5)
      const cursor = { epoch: it.epoch, seq: 2 }
      await it.store.forget(it.callId)
      expect(await it.ask(cursor)).toMatchObject({ refused: 404 })
      await it.append('f1', 'f2', 'f3')
      const answer = await it.ask(cursor)
      expect(answer).toMatchObject({ kind: 'snapshot', from: 1, to: 3 })
      expect(answer.cursor?.epoch).not.toBe(it.epoch)
    })

    it('expired: as gone', async () => {
      await using it = await opened(5)
      await engine.expire(it.store, it.callId)
      expect(await it.ask({ epoch: it.epoch, seq: 5 })).toMatchObject({ refused: 404 })
    })

    it('the epoch changes under a watcher: it is told, and is given the whole new log', async () => {
      await using it = await opened(3)
      await it.ask()
      const heads: unknown[] = []
      it.socket.on('call:head', (frame) => heads.push(...frame.heads))
      await it.store.forget(it.callId)
      await it.append('f1')
      await vi.waitFor(() => expect(heads).toContainEqual({ call_id: it.callId, epoch: '', seq: 0 }), 5_000)
      expect(await it.ask({ epoch: it.epoch, seq: 1 })).toMatchObject({ kind: 'snapshot', from: 1, to: 1 })
    })

    it('while events arrive: the answer and what follows it meet, without a gap and without an overlap', async () => {
      await using it = await opened(1)
      for (let round = 0; round < 20; round++) {
        const before = (await it.store.head(it.callId))?.seq ?? 0
        const appends = Array.from({ length: 10 }, (_, index) => it.append(`r${round}-${index}`))
        const { records, frames } = await it.ask({ epoch: it.epoch, seq: before })
        await Promise.all(appends)
        await vi.waitFor(() => {
          const seqs = [...(records ?? []), ...frames.flatMap((frame) => frame.records)].map(({ seq }) => seq)
          expect(seqs).toEqual(Array.from({ length: 10 }, (_, index) => before + 1 + index))
        }, 5_000)
        it.socket.emit('call:unwatch', { call_id: it.callId })
        // Requests are answered in order: once this is, the call is no longer watched.
        await watch(it.socket, undefined, 'v3:nothing')
        it.socket.off('call:event')
      }
    })

    it(`the server restarts: ${engine.restart}`, async () => {
      const callId = `v3:${randomUUID()}`
      let cursor: Cursor
      {
        await using before = await opened(5, callId)
        cursor = { epoch: before.epoch, seq: 3 }
      }
      await using after = await opened(0, callId)
      const answer = await after.ask(cursor)
      if (engine.restart === 'delta')
        expect(answer).toMatchObject({ kind: 'delta', from: 4, to: 5, cursor: { epoch: cursor.epoch } })
      // The file may have lost its end while the server was away.
      else if (engine.restart === 'snapshot') expect(answer).toMatchObject({ kind: 'snapshot', from: 1, to: 5 })
      else expect(answer).toMatchObject({ refused: 404 })
    })
  })
}

describeRecovery('memoryStore', { open: () => memoryStore(), expire: byAge, restart: 'refused' })

describe('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callgather-recovery-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  describeRecovery('sqliteStore', {
    open: () => sqliteStore({ path: join(folder, 'calls.db') }),
    expire: byAge,
    restart: 'snapshot',
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
    restart: 'delta',
  })
})
