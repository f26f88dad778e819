/** What agents are told while the store is away: a real Redis, killed and paused. */
import type { CallHeadFrame } from '@callgather/protocol'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { type ClientSocket, testServer, watch } from '../testing/server.ts'

const soon = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 10_000 })

/** What a socket was told of the server's health, in order. */
function toldTo(socket: ClientSocket): boolean[] {
  const told: boolean[] = []
  socket.on('call:head', ({ degraded }: CallHeadFrame) => {
    if (degraded !== undefined && degraded !== told.at(-1)) told.push(degraded)
  })
  return told
}

describeWithRedis('agents whose server has lost its Redis', () => {
  const faults = {
    'is killed': [(redis: TestRedis) => redis.kill(), (redis: TestRedis) => redis.start()],
    'does not answer': [async (redis: TestRedis) => redis.pause(), async (redis: TestRedis) => redis.resume()],
  } as const
  for (const [name, [breaks, mends]] of Object.entries(faults)) {
    it(`are told within seconds when it ${name}, and when it is back, whatever they watch`, async () => {
      await using redis = await TestRedis.start('--appendonly', 'yes', '--appendfsync', 'always')
      await using server = await testServer({ store: redisStore({ url: redis.url, timeoutMs: 1_000, warn: () => {} }) })
      await server.webhook('call.answered')
      const [onCall, onList, idle] = [await server.connect(), await server.connect(), await server.connect()]
      const told = [onCall, onList, idle].map(toldTo)
      await watch(onCall)
      await onList.emitWithAck('calls:watch', {})
      await breaks(redis)
      try {
        await soon(() => expect(told).toEqual([[true], [true], [true]]))
        expect((await server.webhook('call.dtmf.received', { digit: '1' })).status).toBe(503)
        // Whoever comes now is told as well, and that the call cannot be watched yet.
        const late = await server.connect()
        const toldLate = toldTo(late)
        await soon(() => expect(toldLate).toEqual([true]))
        expect((await watch(late, undefined, 'v3:another')).reply).toMatchObject({ ok: false })
      } finally {
        await mends(redis)
      }
      await soon(() =>
        expect(told).toEqual([
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

it('a store that is there is not spoken of, and one that fails is told of at once', async () => {
  const store = memoryStore()
  await using server = await testServer({ store })
  await server.webhook('call.answered')
  const socket = await server.connect()
  const heads: CallHeadFrame[] = []
  socket.on('call:head', (frame) => heads.push(frame))
  const told = toldTo(socket)
  await watch(socket)
  await soon(() => expect(heads.length).toBeGreaterThan(0))
  expect(heads[0]).not.toHaveProperty('degraded')
  vi.spyOn(store, 'append').mockRejectedValue(new StoreUnavailableError('down'))
  vi.spyOn(store, 'ping').mockRejectedValue(new StoreUnavailableError('down'))
  expect((await server.webhook('call.dtmf.received', { digit: '1' })).status).toBe(503)
  await soon(() => expect(told).toEqual([true]))
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toContain('callgather_store_up 0')
})
