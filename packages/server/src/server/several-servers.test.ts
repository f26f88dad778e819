/** Several servers on one Redis: each server accepts every webhook and serves every watcher. */
import { randomUUID } from 'node:crypto'
import { MASK_HEADER } from '@callgather/protocol'
import { describeWithRedis, startCluster, TestRedis } from '@callgather/test-kit/redis'
import { Signer, webhookOf } from '@callgather/test-kit/telnyx'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createTickets } from '../access/tickets.ts'
import type { CallStore } from '../store/call-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { startServer } from '../testing/program.ts'
import { ResumingWatcher } from '../testing/resuming-watcher.ts'
import { SECRET, testServer, watch } from '../testing/server.ts'

/** Retries an assertion until it passes. */
const soon = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 10_000 })

const newCall = () => `v3:${randomUUID()}-several`
const idsIn = (frames: readonly { records: readonly { event: { id: string } }[] }[]) =>
  frames.flatMap(({ records }) => records.map(({ event }) => event.id))

/** Returns a store without its bus: a server on it knows only the records that it reads from the store. */
const deafTo = (store: CallStore): CallStore => ({ ...store, subscribe: async () => () => {} })

/** Starts two servers in this process with one Redis and one public key of Telnyx. */
async function pair(...redis: readonly TestRedis[]) {
  return pairOf((store) => store, ...redis)
}

/** Starts two servers. `changed` returns the store that the first server uses instead of its own. */
async function pairOf(changed: (store: CallStore) => CallStore, ...redis: readonly TestRedis[]) {
  const [first, ...rest] = redis.map(({ url }) => url)
  const url = rest.length === 0 && first ? first : [first ?? '', ...rest]
  const store = () => redisStore({ url, timeoutMs: redis.length > 1 ? 5_000 : 1_000, warn: () => {} })
  const one = await testServer({ store: changed(store()) })
  const other = await testServer({
    store: store(),
    telnyx: { apiKey: 'KEY-test', publicKey: one.signer.publicKey, baseUrl: one.upstream.url },
  })
  const callId = newCall()
  const webhook = (type: string, payload: Record<string, unknown> = {}, id: string = randomUUID()) =>
    one.signer.sign(webhookOf(type, { call_control_id: callId, ...payload }, { id }))
  return {
    one,
    other,
    callId,
    webhook,
    ticket: await one.ticket({ calls: [callId] }),
    async [Symbol.asyncDispose]() {
      await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()])
    },
  }
}

/** Starts a PIN gather on one server, and sends the other server a key press before it and after it. */
async function keysAroundPin({ one, other, webhook, callId, ticket }: Awaited<ReturnType<typeof pair>>) {
  const alone = { call_session_id: `session of ${callId}` }
  await one.post(webhook('call.initiated', alone))
  await one.post(webhook('call.dtmf.received', { ...alone, digit: '1' }))
  const headers = { authorization: `Bearer ${ticket}`, [MASK_HEADER]: 'digits' }
  expect((await other.command('gather', {}, headers, callId)).status).toBe(200)
  expect((await one.post(webhook('call.dtmf.received', { ...alone, digit: '2' }))).status).toBe(200)
  const { reply } = await watch(await other.connect({ ticket }), undefined, callId)
  const records = reply.ok ? reply.records : []
  return records.flatMap(({ event }) => (event.event_type === 'call.dtmf.received' ? [event.payload] : []))
}

/** Starts a PIN gather on one server, and sends each key press to the other server on a sibling leg. */
async function expectMaskedOnSiblingLeg({ one, other, webhook }: Awaited<ReturnType<typeof pair>>) {
  const [caller, leg] = [newCall(), newCall()]
  const onCaller = { call_control_id: caller, call_session_id: `session of ${caller}` }
  const onLeg = { ...onCaller, call_control_id: leg }
  await one.post(webhook('call.initiated', onCaller))
  await other.post(webhook('call.initiated', onLeg))
  await other.post(webhook('call.dtmf.received', { ...onLeg, digit: '1' }))
  const ticket = await one.ticket({ calls: [caller, leg] })
  const headers = { authorization: `Bearer ${ticket}`, [MASK_HEADER]: 'digits' }
  expect((await one.command('gather', {}, headers, caller)).status).toBe(200)
  await other.post(webhook('call.dtmf.received', { ...onLeg, digit: '2' }))
  const { reply } = await watch(await other.connect({ ticket }), undefined, leg)
  const keys = reply.ok && reply.records.map(({ event }) => event.payload).slice(1)
  expect(keys).toEqual([{ digit: '1' }, { digit: null }])
}

describeWithRedis('several servers on one Redis', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await TestRedis.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  it('relays a webhook that one server received to a watcher on another server', async () => {
    await using it = await pair(redis)
    await it.one.post(it.webhook('call.answered'))
    const socket = await it.other.connect({ ticket: it.ticket })
    const { reply, frames } = await watch(socket, undefined, it.callId)
    expect(reply).toMatchObject({ ok: true, kind: 'snapshot', cursor: { seq: 1 } })
    for (const digit of '5503') {
      expect((await it.one.post(it.webhook('call.dtmf.received', { digit }))).status).toBe(200)
    }
    await soon(() => expect(frames.flatMap(({ records }) => records)).toHaveLength(4))
    expect(frames.flatMap(({ records }) => records.map(({ event }) => event.payload))).toEqual(
      [...'5503'].map((digit) => ({ digit })),
    )
  })

  it('accepts only one of two gathers when two servers receive them at the same time', async () => {
    await using it = await pair(redis)
    await soon(async () => expect((await it.one.post(it.webhook('call.answered'))).status).toBe(200))
    for (let round = 0; round < 5; round++) {
      const headers = { authorization: `Bearer ${it.ticket}` }
      const answers = await Promise.all([
        it.one.command('gather', {}, headers, it.callId),
        it.other.command('gather', {}, headers, it.callId),
      ])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
      expect(it.one.upstream.received.splice(0)).toHaveLength(1)
      await it.one.post(it.webhook('call.gather.ended', { status: 'valid', digits: '1' }))
    }
  })

  it('stores and publishes an event once when two servers receive it at the same time', async () => {
    await using it = await pair(redis)
    await it.one.post(it.webhook('call.answered', {}, 'first'))
    const watched = [it.one, it.other].map(async (server) => {
      return watch(await server.connect({ ticket: it.ticket }), undefined, it.callId)
    })
    const [here, there] = await Promise.all(watched)
    const ids = Array.from({ length: 100 }, (_, index) => `twice-${index}`)
    for (const id of ids) {
      const signed = it.webhook('call.dtmf.received', { digit: '1' }, id)
      const answers = await Promise.all([it.one.post(signed), it.other.post(signed), it.one.post(signed)])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    }
    await soon(() => {
      expect(idsIn(here?.frames ?? [])).toEqual(ids)
      expect(idsIn(there?.frames ?? [])).toEqual(ids)
    })
  })

  it('ends a gather from backend code when another server receives its webhook, and calls each handler once', async () => {
    await using it = await pair(redis)
    const handler = vi.fn()
    it.one.gather.on('call.gather.ended', handler)
    it.other.gather.on('call.gather.ended', handler)
    await it.one.post(it.webhook('call.answered'))
    const run = it.one.gather.call(it.callId).gatherUsingSpeak({ payload: 'PIN?', voice: 'female' })
    const { commandId } = await run.accepted
    const client_state = it.one.upstream.received[0]?.body.client_state
    const ended = it.webhook('call.gather.ended', { digits: '12', status: 'valid', client_state })
    await it.other.post(ended)
    await it.one.post(ended)
    expect(await run.ended).toMatchObject({ commandId, status: 'valid', digits: '12' })
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('masks input for a gather of another server although the bus has not delivered the gather', async () => {
    await using it = await pairOf(deafTo, redis)
    expect(await keysAroundPin(it)).toEqual([{ digit: '1' }, { digit: null }])
    // Only the store has the gather. A server that does not read the end of the log would show the key.
    await using careless = await pairOf((store) => {
      const append: CallStore['append'] = (callId, events, { sessionId } = {}) =>
        store.append(callId, events, { sessionId })
      return deafTo({ ...store, append })
    }, redis)
    expect(await keysAroundPin(careless)).toEqual([{ digit: '1' }, { digit: '2' }])
  })

  it('masks input on any leg of a session for a gather that another server started', async () => {
    await using it = await pair(redis)
    await expectMaskedOnSiblingLeg(it)
  })

  it('lists calls whose webhooks another server received', async () => {
    await using it = await pair(redis)
    const socket = await it.other.connect({ ticket: it.ticket })
    const calls: unknown[] = []
    socket.on('calls:event', (frame) => calls.push(...frame.calls))
    expect(await socket.emitWithAck('calls:watch', {})).toMatchObject({ ok: true, calls: [] })
    await it.one.post(it.webhook('call.answered'))
    await soon(() => expect(calls).toMatchObject([{ callId: it.callId, phase: 'answered' }]))
    await it.one.post(it.webhook('call.hangup'))
    await soon(() => expect(calls.at(-1)).toMatchObject({ callId: it.callId, phase: 'ended' }))
  })

  it('applies a revocation on two servers within a second, also without the bus and after a restart', async () => {
    await using own = await TestRedis.start()
    await using it = await pair(own)
    await it.one.post(it.webhook('call.answered'))
    const ticketOf = (subject: string) => it.one.ticket({ subject, calls: [it.callId] })
    const cutOff = async (subject: string) => {
      const ticket = await ticketOf(subject)
      const sockets = await Promise.all([it.one, it.other].map((server) => server.connect({ ticket })))
      for (const socket of sockets) await watch(socket, undefined, it.callId)
      const ended = sockets.map((socket) => new Promise<void>((done) => socket.once('disconnect', () => done())))
      return { ticket, ended: Promise.all(ended) }
    }
    const first = await cutOff('agent-1')
    const begin = performance.now()
    await it.one.gather.revoke({ subject: 'agent-1' })
    await first.ended
    // Only the bus is this fast: the servers poll revocations every 5 s. We promise 1 s, but a busy machine needs more.
    expect(performance.now() - begin).toBeLessThan(4_500)
    await expect(it.other.connect({ ticket: first.ticket })).rejects.toMatchObject({ data: { status: 401 } })

    // Both buses are disconnected when the message is published, so it is lost.
    const second = await cutOff('agent-2')
    own.cli('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await it.one.gather.revoke({ subject: 'agent-2' }).catch(() => {})
    await second.ended

    const third = redisStore({ url: own.url, warn: () => {} })
    await using restarted = await testServer({ store: third })
    for (const { ticket } of [first, second]) {
      await expect(restarted.connect({ ticket })).rejects.toMatchObject({ data: { status: 401 } })
    }
    expect((await restarted.connect({ ticket: await ticketOf('agent-3') })).connected).toBe(true)
  })

  it('resumes a client from its cursor when it reconnects to another server', async () => {
    await using it = await pair(redis)
    await it.one.post(it.webhook('call.answered', {}, 'e0'))
    const origins = [it.one, it.other].map(({ url }) => new URL(url).origin)
    using watcher = new ResumingWatcher({ origins, ticket: it.ticket, callId: it.callId })
    await soon(() => expect(watcher.ids).toEqual(['e0']))
    for (let round = 1; round <= 20; round++) {
      watcher.move()
      const server = round % 3 === 0 ? it.one : it.other
      await server.post(it.webhook('call.dtmf.received', { digit: '1' }, `e${round}`))
      await soon(() => expect(watcher.ids.at(-1)).toBe(`e${round}`))
    }
    expect(watcher.ids).toEqual(Array.from({ length: 21 }, (_, index) => `e${index}`))
    expect(watcher.replies).toEqual(['snapshot', ...Array.from({ length: 20 }, () => 'delta')])
    expect(watcher.contradictions).toEqual([])
  })

  it('answers webhooks with 503 while Redis is down, then stores the retried webhook and sends a new snapshot', async () => {
    await using own = await TestRedis.start()
    await using it = await pair(own)
    await it.one.post(it.webhook('call.answered', {}, 'before'))
    const origins = [new URL(it.other.url).origin]
    using watcher = new ResumingWatcher({ origins, ticket: it.ticket, callId: it.callId })
    await soon(() => expect(watcher.ids).toEqual(['before']))
    const { epoch } = watcher
    await own.kill()
    const again = it.webhook('call.dtmf.received', { digit: '1' }, 'again')
    const begin = performance.now()
    expect((await it.one.post(again)).status).toBe(503)
    expect(performance.now() - begin).toBeLessThan(10_000)
    await own.start()
    await soon(async () => expect((await it.one.post(again)).status).toBe(200))
    // Redis is empty after the restart. The watcher must get a new snapshot.
    await soon(() => expect(watcher.ids).toEqual(['again']))
    expect(watcher.epoch).not.toBe(epoch)
    expect(watcher.replies.filter((reply) => reply === 'snapshot')).toHaveLength(2)
  })

  it('sends the watchers of two servers a new snapshot after Redis ran FLUSHALL, never a gap', async () => {
    await using own = await TestRedis.start()
    await using it = await pair(own)
    for (const id of ['a', 'b', 'c']) await it.one.post(it.webhook('call.dtmf.received', { digit: '1' }, id))
    const watchers = [it.one, it.other].map(
      ({ url }) => new ResumingWatcher({ origins: [new URL(url).origin], ticket: it.ticket, callId: it.callId }),
    )
    await soon(() =>
      expect(watchers.map(({ ids }) => ids)).toEqual([
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ]),
    )
    own.cli('FLUSHALL')
    await it.one.post(it.webhook('call.dtmf.received', { digit: '2' }, 'd'))
    await it.other.post(it.webhook('call.dtmf.received', { digit: '2' }, 'e'))
    await soon(() =>
      expect(watchers.map(({ ids }) => ids)).toEqual([
        ['d', 'e'],
        ['d', 'e'],
      ]),
    )
    for (const watcher of watchers) watcher.stop()
  })

  it('answers webhooks with 503 before a deadline while Redis is paused, and keeps every acknowledged webhook', async () => {
    await using own = await TestRedis.start()
    await using it = await pair(own)
    const acknowledged: string[] = []
    const send = async (id: string) => {
      const begin = performance.now()
      const { status } = await it.one.post(it.webhook('call.dtmf.received', { digit: '1' }, id))
      expect(performance.now() - begin).toBeLessThan(10_000)
      if (status === 200) acknowledged.push(id)
      else expect(status).toBe(503)
    }
    await send('a')
    const origins = [new URL(it.other.url).origin]
    using watcher = new ResumingWatcher({ origins, ticket: it.ticket, callId: it.callId })
    await soon(() => expect(watcher.ids).toEqual(['a']))
    own.pause()
    try {
      for (const until = Date.now() + 5_000; Date.now() < until; ) await send(randomUUID())
    } finally {
      own.resume()
    }
    await soon(() => send('z').then(() => expect(acknowledged).toContain('z')))
    expect(acknowledged).toEqual(['a', 'z'])
    await soon(() => expect(watcher.ids).toEqual(acknowledged))
  })
})

describeWithRedis('several servers on a Redis Cluster', () => {
  let cluster: TestRedis[]
  beforeAll(async () => {
    cluster = await startCluster()
  }, 60_000)
  afterAll(() => Promise.all(cluster.map((server) => server[Symbol.asyncDispose]())))

  it('masks input for a gather of another server although the bus has not delivered the gather', async () => {
    await using it = await pairOf(deafTo, ...cluster)
    expect(await keysAroundPin(it)).toEqual([{ digit: '1' }, { digit: null }])
  })

  it('masks input on legs in any Redis cluster slot for a gather that another server started', async () => {
    await using it = await pair(...cluster)
    // The ids of the session and of its calls decide which cluster servers store them.
    for (let tries = 0; tries < 6; tries++) await expectMaskedOnSiblingLeg(it)
  })

  it('shares events, sequence numbers and revocations between two servers on a Redis cluster', async () => {
    await using it = await pair(...cluster)
    // Twelve calls spread over all cluster servers, because the call id decides the server.
    const calls = Array.from({ length: 12 }, newCall)
    const post = (server: typeof it.one, call: string, id: string) =>
      server.post(it.webhook('call.dtmf.received', { call_control_id: call, digit: '1' }, id))
    for (const call of calls) expect((await post(it.one, call, 'first')).status).toBe(200)
    const ticket = await it.one.ticket({ calls })
    const socket = await it.other.connect({ ticket })
    const watched = await Promise.all(calls.map((call) => watch(socket, undefined, call)))
    expect(watched.map(({ reply }) => reply.ok && [reply.kind, reply.cursor.seq])).toEqual(
      calls.map(() => ['snapshot', 1]),
    )
    await Promise.all(calls.map((call) => post(it.one, call, 'second')))
    await Promise.all(calls.flatMap((call) => [post(it.one, call, 'third'), post(it.other, call, 'third')]))
    await soon(() => {
      for (const [index, { frames }] of watched.entries()) {
        const mine = frames.filter(({ call_id }) => call_id === calls[index])
        expect(idsIn(mine)).toEqual(['second', 'third'])
        expect(mine.flatMap(({ records }) => records.map(({ seq }) => seq))).toEqual([2, 3])
      }
    })
    const there = await it.one.connect({ ticket })
    const ended = Promise.all([socket, there].map((each) => new Promise((done) => each.once('disconnect', done))))
    await it.one.gather.revoke({ subject: 'agent-7' })
    await ended
    await expect(it.other.connect({ ticket })).rejects.toMatchObject({ data: { status: 401 } })
  }, 60_000)
})

describeWithRedis('a server that is killed', () => {
  it('resumes the watchers of a stopped server on another server without a gap', async () => {
    await using redis = await TestRedis.start()
    const signer = new Signer()
    const callId = newCall()
    const environment = {
      PORT: '0',
      LOG_LEVEL: 'error',
      TELNYX_API_KEY: 'KEY-test',
      TELNYX_PUBLIC_KEY: signer.publicKey,
      CALLGATHER_TICKET_SECRET: SECRET,
      CALLGATHER_STORE: redis.url,
    }
    const [first, second] = await Promise.all([startServer(environment), startServer(environment)])
    await using one = first
    await using other = second
    const ticket = await createTickets(SECRET).issue({ subject: 'agent-7', calls: [callId], scopes: ['view'] })

    /** Posts as Telnyx does: alternates between both addresses until one answers 200. */
    const deliver = async (id: string) => {
      const { headers, body } = signer.sign(
        webhookOf('call.dtmf.received', { call_control_id: callId, digit: '1' }, { id }),
      )
      for (let attempt = 0; attempt < 20; attempt++) {
        const { webhooks } = (attempt % 2 === 0 ? one : other).ready
        const answer = await fetch(webhooks, { method: 'POST', headers, body: new Uint8Array(body) }).catch(() => null)
        if (answer?.status === 200) return
      }
      throw new Error(`${id} was never taken`)
    }

    await deliver('e0')
    using watcher = new ResumingWatcher({
      origins: [one, other].map(({ ready }) => new URL(ready.url).origin),
      ticket,
      callId,
    })
    await soon(() => expect(watcher.ids).toEqual(['e0']))
    const ids = Array.from({ length: 200 }, (_, index) => `e${index}`)
    for (const id of ids.slice(1)) {
      if (id === 'e70') one.end('SIGKILL').catch(() => {})
      await deliver(id)
    }
    await soon(() => expect(watcher.ids).toEqual(ids))
    expect(watcher.replies).toEqual(['snapshot', 'delta'])
    expect(watcher.contradictions).toEqual([])
  }, 90_000)
})
