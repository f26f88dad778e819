/** Overlapping requests of a session: an unwatch that arrives before the reply to its watch. */
import type { CallsReply, WireWatchReply } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import { eventOf } from '../store/call-store.contract.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, type ClientSocket, testServer } from '../testing/server.ts'

/** A store whose reads block between `block` and `unblock`. */
function blockingStore() {
  const store = memoryStore()
  let pending: (() => void)[] = []
  let isBlocked = false
  const gate = () => (isBlocked ? new Promise<void>((resolve) => pending.push(resolve)) : Promise.resolve())
  return {
    store: {
      ...store,
      subscribe: async (...of: Parameters<typeof store.subscribe>) => gate().then(() => store.subscribe(...of)),
      list: async (...of: Parameters<typeof store.list>) => gate().then(() => store.list(...of)),
    },
    block: () => {
      isBlocked = true
    },
    /** Adds a call to the store directly, so that the server has not read the call yet. */
    addCall: (callId = CALL) => store.append(callId, [{ event: eventOf(`${callId} begins`) }]),
    get hasPending() {
      return pending.length > 0
    },
    unblock: () => {
      isBlocked = false
      for (const resolve of pending) resolve()
      pending = []
    },
  }
}

const watchCall = (socket: ClientSocket) =>
  new Promise<WireWatchReply>((resolve) => socket.emit('call:watch', { call_id: CALL }, resolve))

/** Resolves once the server has started to handle every earlier request of the socket. Needs no store. */
const settled = (socket: ClientSocket) =>
  (socket as unknown as { emitWithAck(name: string): Promise<unknown> }).emitWithAck('no:such')

describe('a session', () => {
  it('a watch that the client ends before its reply gets an error, and the client gets no events', async () => {
    const blocking = blockingStore()
    await using server = await testServer({ store: blocking.store })
    await blocking.addCall()
    const socket = await server.connect()
    const frames: unknown[] = []
    socket.on('call:event', (frame) => frames.push(frame))
    blocking.block()
    const reply = watchCall(socket)
    await vi.waitFor(() => expect(blocking.hasPending).toBe(true))
    socket.emit('call:unwatch', { call_id: CALL })
    await settled(socket)
    blocking.unblock()
    expect(await reply).toMatchObject({ ok: false })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await settled(socket)
    expect(frames).toEqual([])
    // A new watch of the same call receives each event once.
    expect(await watchCall(socket)).toMatchObject({ ok: true, cursor: { seq: 2 } })
    await server.webhook('call.dtmf.received', { digit: '2' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it('a session keeps a watch that follows an unwatch of the same call', async () => {
    const blocking = blockingStore()
    await using server = await testServer({ store: blocking.store })
    await blocking.addCall()
    const socket = await server.connect()
    const frames: unknown[] = []
    socket.on('call:event', (frame) => frames.push(frame))
    blocking.block()
    const first = watchCall(socket)
    socket.emit('call:unwatch', { call_id: CALL })
    const second = watchCall(socket)
    await settled(socket)
    expect(blocking.hasPending).toBe(true)
    blocking.unblock()
    expect(await first).toMatchObject({ ok: false })
    expect(await second).toMatchObject({ ok: true })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it('a session counts pending watches against the maximum number of watched calls', async () => {
    const blocking = blockingStore()
    await using server = await testServer({ store: blocking.store })
    const calls = Array.from({ length: 201 }, (_, index) => `v3:many-${index}`)
    await Promise.all(calls.map(blocking.addCall))
    const socket = await server.connect({ ticket: await server.ticket({ calls: '*' }) })
    blocking.block()
    const replies = calls.map((call_id) => socket.emitWithAck('call:watch', { call_id }))
    await settled(socket)
    blocking.unblock()
    const refused = (await Promise.all(replies)).filter(({ ok }) => !ok)
    expect(refused).toMatchObject([{ error: { status: 429 } }])
  })

  it('a watch of the call list that the client ends before its reply gets an error, and the client gets no changes', async () => {
    const blocking = blockingStore()
    await using server = await testServer({ store: blocking.store })
    const socket = await server.connect()
    const frames: unknown[] = []
    socket.on('calls:event', (frame) => frames.push(frame))
    blocking.block()
    const list = () => new Promise<CallsReply>((resolve) => socket.emit('calls:watch', {}, resolve))
    const reply = list()
    await vi.waitFor(() => expect(blocking.hasPending).toBe(true))
    socket.emit('calls:unwatch', {})
    await settled(socket)
    blocking.unblock()
    expect(await reply).toMatchObject({ ok: false })
    const again = list()
    expect(await again).toMatchObject({ ok: true, calls: [] })
    await server.webhook('call.answered')
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    socket.emit('calls:unwatch', {})
    await settled(socket)
    await server.webhook('call.hangup')
    await settled(socket)
    expect(frames).toHaveLength(1)
  })
})
