/** Requests that overlap: what is taken back while it is still being answered. */
import type { CallsReply, WireWatchReply } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import { eventOf } from '../store/call-store.contract.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, type ClientSocket, testServer } from '../testing/server.ts'

/** A store that tells of a call, or of the list, only when it is let. */
function heldStore() {
  const store = memoryStore()
  let waiting: (() => void)[] = []
  let held = false
  const gate = () => (held ? new Promise<void>((resolve) => waiting.push(resolve)) : Promise.resolve())
  return {
    store: {
      ...store,
      subscribe: async (...of: Parameters<typeof store.subscribe>) => gate().then(() => store.subscribe(...of)),
      list: async (...of: Parameters<typeof store.list>) => gate().then(() => store.list(...of)),
    },
    hold: () => {
      held = true
    },
    /** Put into the store behind the server's back, so that it knows nothing of the call yet. */
    call: (callId = CALL) => store.append(callId, [{ event: eventOf(`${callId} begins`) }]),
    get isAsked() {
      return waiting.length > 0
    },
    letGo: () => {
      held = false
      for (const resolve of waiting) resolve()
      waiting = []
    },
  }
}

const ask = (socket: ClientSocket) =>
  new Promise<WireWatchReply>((resolve) => socket.emit('call:watch', { call_id: CALL }, resolve))

/** Once this is answered, which needs no store, all that was said before has been taken up. */
const settled = (socket: ClientSocket) =>
  (socket as unknown as { emitWithAck(name: string): Promise<unknown> }).emitWithAck('no:such')

describe('a watch that is taken back while it is being answered', () => {
  it('is refused, and leaves no room joined', async () => {
    const held = heldStore()
    await using server = await testServer({ store: held.store })
    await held.call()
    const socket = await server.connect()
    const frames: unknown[] = []
    socket.on('call:event', (frame) => frames.push(frame))
    held.hold()
    const reply = ask(socket)
    await vi.waitFor(() => expect(held.isAsked).toBe(true))
    socket.emit('call:unwatch', { call_id: CALL })
    await settled(socket)
    held.letGo()
    expect(await reply).toMatchObject({ ok: false })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await settled(socket)
    expect(frames).toEqual([])
    // Watched anew, it is told again: once.
    expect(await ask(socket)).toMatchObject({ ok: true, cursor: { seq: 2 } })
    await server.webhook('call.dtmf.received', { digit: '2' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it('does not take back the watch that was asked for after it', async () => {
    const held = heldStore()
    await using server = await testServer({ store: held.store })
    await held.call()
    const socket = await server.connect()
    const frames: unknown[] = []
    socket.on('call:event', (frame) => frames.push(frame))
    held.hold()
    const first = ask(socket)
    socket.emit('call:unwatch', { call_id: CALL })
    const second = ask(socket)
    await settled(socket)
    expect(held.isAsked).toBe(true)
    held.letGo()
    expect(await first).toMatchObject({ ok: false })
    expect(await second).toMatchObject({ ok: true })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it('counts against the calls that a connection may watch, as long as it lasts', async () => {
    const held = heldStore()
    await using server = await testServer({ store: held.store })
    const calls = Array.from({ length: 201 }, (_, index) => `v3:many-${index}`)
    await Promise.all(calls.map(held.call))
    const socket = await server.connect({ ticket: await server.ticket({ calls: '*' }) })
    held.hold()
    const replies = calls.map((call_id) => socket.emitWithAck('call:watch', { call_id }))
    await settled(socket)
    held.letGo()
    const refused = (await Promise.all(replies)).filter(({ ok }) => !ok)
    expect(refused).toMatchObject([{ error: { status: 429 } }])
  })

  it('holds for the list of calls too', async () => {
    const held = heldStore()
    await using server = await testServer({ store: held.store })
    const socket = await server.connect()
    const told: unknown[] = []
    socket.on('calls:event', (frame) => told.push(frame))
    held.hold()
    const list = () => new Promise<CallsReply>((resolve) => socket.emit('calls:watch', {}, resolve))
    const reply = list()
    await vi.waitFor(() => expect(held.isAsked).toBe(true))
    socket.emit('calls:unwatch', {})
    await settled(socket)
    held.letGo()
    expect(await reply).toMatchObject({ ok: false })
    const again = list()
    expect(await again).toMatchObject({ ok: true, calls: [] })
    await server.webhook('call.answered')
    await vi.waitFor(() => expect(told).toHaveLength(1))
    socket.emit('calls:unwatch', {})
    await settled(socket)
    await server.webhook('call.hangup')
    await settled(socket)
    expect(told).toHaveLength(1)
  })
})
