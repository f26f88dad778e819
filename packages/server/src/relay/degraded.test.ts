/** How agents learn that the store is unavailable: a real Redis is killed and paused. */
import type { CallHeadFrame } from '@callgather/protocol'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { type ClientSocket, testServer, watch } from '../testing/server.ts'

const soon = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 10_000 })

/** Collects the changes of `degraded` that a socket receives, in order. */
function degradedChanges(socket: ClientSocket): boolean[] {
  const changes: boolean[] = []
  socket.on('call:head', ({ degraded }: CallHeadFrame) => {
    if (degraded !== undefined && degraded !== changes.at(-1)) changes.push(degraded)
  })
  return changes
}

describeWithRedis('a server that loses its Redis', () => {
  const faults = {
    'is killed': [(redis: TestRedis) => redis.kill(), (redis: TestRedis) => redis.start()],
    'does not answer': [async (redis: TestRedis) => redis.pause(), async (redis: TestRedis) => redis.resume()],
  } as const
  for (const [name, [breakRedis, restoreRedis]] of Object.entries(faults)) {
    it(`notifies every client within seconds when Redis ${name} and when it recovers`, async () => {
      await using redis = await TestRedis.start('--appendonly', 'yes', '--appendfsync', 'always')
      await using server = await testServer({ store: redisStore({ url: redis.url, timeoutMs: 1_000, warn: () => {} }) })
      await server.webhook('call.answered')
      const [onCall, onList, idle] = [await server.connect(), await server.connect(), await server.connect()]
      const changes = [onCall, onList, idle].map(degradedChanges)
      await watch(onCall)
      await onList.emitWithAck('calls:watch', {})
      await breakRedis(redis)
      try {
        await soon(() => expect(changes).toEqual([[true], [true], [true]]))
        expect((await server.webhook('call.dtmf.received', { digit: '1' })).status).toBe(503)
        // A client that connects now is notified too, and its watch is refused.
        const late = await server.connect()
        const lateChanges = degradedChanges(late)
        await soon(() => expect(lateChanges).toEqual([true]))
        expect((await watch(late, undefined, 'v3:another')).reply).toMatchObject({ ok: false })
      } finally {
        await restoreRedis(redis)
      }
      await soon(() =>
        expect(changes).toEqual([
          [true, false],
          [true, false],
          [true, false],
        ]),
      )
      await soon(async () =>
        expect((await server.webhook('call.dtmf.received', { digit: '2' }, { id: 'after' })).status).toBe(200),
      )
      const { reply } = await watch(onCall)
      expect(reply.ok && reply.records.map(({ event }) => event.id)).toContain('after')
      for (const socket of [onCall, onList, idle]) expect(socket.connected).toBe(true)
    })
  }
})

it('the server sends clients `degraded` as soon as an append fails, and never while the store is healthy', async () => {
  const store = memoryStore()
  await using server = await testServer({ store })
  await server.webhook('call.answered')
  const socket = await server.connect()
  const heads: CallHeadFrame[] = []
  socket.on('call:head', (frame) => heads.push(frame))
  const changes = degradedChanges(socket)
  await watch(socket)
  await soon(() => expect(heads.length).toBeGreaterThan(0))
  expect(heads[0]).not.toHaveProperty('degraded')
  vi.spyOn(store, 'append').mockRejectedValue(new StoreUnavailableError('down'))
  vi.spyOn(store, 'ping').mockRejectedValue(new StoreUnavailableError('down'))
  expect((await server.webhook('call.dtmf.received', { digit: '1' })).status).toBe(503)
  await soon(() => expect(changes).toEqual([true]))
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain('callgather_store_up 0')
})
