/** Overlapping requests of a session: an unwatch that arrives before the reply to its watch. */
import type { CallsEventFrame, CallsReply, WireWatchReply } from '@callgather/protocol'
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

describe('the list of calls of agents whose access `authorize` decides', () => {
  /** Starts a server whose router assigns each call to one agent, with a client of each agent that watches the list. */
  async function agents(...subjects: string[]) {
    const owners = new Map<string, string>()
    const asked: string[] = []
    const server = await testServer({
      authorize: ({ subject }, { callId }) => {
        asked.push(subject)
        return owners.get(callId) === subject
      },
    })
    const frames: Record<string, CallsEventFrame[]> = {}
    for (const subject of subjects) {
      const received: CallsEventFrame[] = []
      frames[subject] = received
      const socket = await server.connect({ ticket: await server.ticket({ subject, calls: '*' }) })
      socket.on('calls:event', (frame) => received.push(frame))
      await socket.emitWithAck('calls:watch', {})
    }
    return { server, owners, asked, frames }
  }

  it('shows a ringing call to the agent to whom a router assigned it shortly after it was denied', async () => {
    const { server, owners, asked, frames } = await agents('B')
    await using _ = server
    await server.webhook('call.initiated')
    await vi.waitFor(() => expect(asked).toEqual(['B']))
    owners.set(CALL, 'B')
    const expected = [{ calls: [{ callId: CALL, phase: 'ringing' }], gone: [] }]
    await vi.waitFor(() => expect(frames.B).toMatchObject(expected), { timeout: 10_000 })
  })

  it('removes a transferred call from the list of the first agent, who gets nothing else about it', async () => {
    const { server, owners, frames } = await agents('A', 'B')
    await using _ = server
    owners.set(CALL, 'A')
    await server.webhook('call.initiated')
    await vi.waitFor(() => expect(frames.A).toMatchObject([{ calls: [{ callId: CALL }], gone: [] }]))
    owners.set(CALL, 'B')
    await server.webhook('call.answered')
    await vi.waitFor(() => expect(frames.A?.[1]).toEqual({ calls: [], gone: [CALL] }))
    await vi.waitFor(() => expect(frames.B).toMatchObject([{ calls: [{ callId: CALL, phase: 'answered' }], gone: [] }]))
    await server.webhook('call.hangup')
    // The server sends changes in order, so the next call of A comes after anything about the first one.
    const next = 'v3:next-call'
    owners.set(next, 'A')
    await server.webhook('call.initiated', { call_control_id: next })
    await vi.waitFor(() => expect(frames.A?.[2]).toMatchObject({ calls: [{ callId: next }], gone: [] }))
    await vi.waitFor(() => expect(frames.B?.at(-1)).toMatchObject({ calls: [{ callId: CALL, phase: 'ended' }] }))
  })
})
