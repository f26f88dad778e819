import { once } from 'node:events'
import { type CallsEventFrame, PROTOCOL_VERSION } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import WebSocket from 'ws'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer, watch } from '../testing/server.ts'

type Server = Awaited<ReturnType<typeof testServer>>
const wsUrl = (server: Server) => `${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`

/** Connects and authenticates a bare websocket, for frames that a socket.io client never sends. */
async function rawClient(server: Server): Promise<WebSocket & { received: string[] }> {
  const socket = Object.assign(new WebSocket(wsUrl(server)), { received: [] as string[] })
  socket.on('error', () => {})
  socket.on('message', (data) => socket.received.push(String(data)))
  await once(socket, 'open')
  socket.send(`40${JSON.stringify({ ticket: await server.ticket(), protocol: PROTOCOL_VERSION })}`)
  await vi.waitFor(() => expect(socket.received.some((frame) => frame.startsWith('40'))).toBe(true))
  return socket
}

describe('a socket handshake', () => {
  it('a socket handshake rejects an incompatible protocol version before the ticket, and names the older side', async () => {
    await using server = await testServer()
    await expect(server.connect({ protocol: 0, ticket: 'nonsense' })).rejects.toMatchObject({
      data: { status: 426, title: 'client_too_old' },
    })
    await expect(server.connect({ protocol: 99 })).rejects.toMatchObject({
      data: { status: 426, title: 'server_too_old' },
    })
    await expect(server.connect({ protocol: '1' })).rejects.toMatchObject({ data: { title: 'client_too_old' } })
  })

  it('rejects a socket with a missing or invalid ticket with 401', async () => {
    await using server = await testServer()
    for (const ticket of ['', 'nonsense', null, { $ne: null }]) {
      await expect(server.connect({ ticket })).rejects.toMatchObject({ data: { status: 401, code: '10009' } })
    }
  })

  it('rejects sockets of pages whose origin is not allowed, by websocket and by polling', async () => {
    await using server = await testServer()
    await expect(server.connect({}, { origin: 'http://evil.test' })).rejects.toThrow()
    const polling = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`, {
      headers: { origin: 'http://evil.test' },
    })
    expect([400, 403]).toContain(polling.status)
    const socket = await server.connect({}, { origin: 'http://console.test' })
    expect(socket.connected).toBe(true)
  })

  it('closes a socket that was refused or never authenticates', async () => {
    await using server = await testServer()
    const refused = new WebSocket(wsUrl(server))
    await once(refused, 'open')
    refused.send('40{"ticket":"nonsense","protocol":1}')
    await once(refused, 'close')
    const silent = new WebSocket(wsUrl(server))
    await once(silent, 'open')
    const since = Date.now()
    await once(silent, 'close')
    expect(Date.now() - since).toBeLessThan(10_000)
  })
})

describe('the relay', () => {
  const frames: Record<string, string | Buffer> = {
    'an event that does not exist': '42["rm -rf",{}]',
    'a reserved event of socket.io': '42["disconnecting",{}]',
    'an event without a request': '42["call:watch"]',
    'an event whose name is a number': '42[7,{}]',
    'too many arguments': `42["call:watch",${'{},'.repeat(50)}{}]`,
    'a request with a wrong type': '42["call:watch",{"call_id":{"$gt":""}}]',
    'an invalid cursor': '42["call:watch",{"call_id":"x","cursor":{"epoch":1,"seq":-1}}]',
    'JSON with five thousand levels': `42["call:watch",${'['.repeat(5000)}${']'.repeat(5000)}]`,
    'JSON with many nodes': `42["call:watch",${JSON.stringify(Array.from({ length: 5000 }, () => 0))}]`,
    'invalid JSON': '42["call:watch",{',
    'another namespace': '40/admin,{}',
    'an unsolicited acknowledgement': '43999["x"]',
    'a binary attachment that never comes': '451-["call:watch",{"_placeholder":true,"num":0}]',
    'more than 64 KiB': `42["call:watch",{"call_id":"${'x'.repeat(65 * 1024)}"}]`,
    'a binary message that is not a frame': Buffer.from([0xff, 0xfe, 0x00]),
  }
  for (const [name, frame] of Object.entries(frames)) {
    it(`the server keeps serving other clients when a client sends ${name}`, async () => {
      await using server = await testServer()
      await server.webhook('call.answered')
      const bystander = await server.connect()
      const { frames: received } = await watch(bystander)
      const hostile = await rawClient(server)
      hostile.send(frame)
      hostile.send(String(frame).startsWith('42[') ? String(frame).replace('42[', '421[') : frame)
      await new Promise((resolve) => setTimeout(resolve, 50))
      await server.webhook('call.dtmf.received', { digit: '1' })
      await vi.waitFor(() => expect(received).toHaveLength(1))
      expect(bystander.connected).toBe(true)
      hostile.terminate()
    })
  }

  it('answers a socket’s unknown event with 404, invalid request with 400 and unknown call with 404', async () => {
    await using server = await testServer()
    const socket = await server.connect()
    const anything = socket as unknown as { emitWithAck(name: string, ...args: unknown[]): Promise<unknown> }
    expect(await anything.emitWithAck('no:such', {})).toMatchObject({ ok: false, error: { status: 404 } })
    expect(await anything.emitWithAck('call:watch', { call_id: 7 })).toMatchObject({
      ok: false,
      error: { status: 400 },
    })
    expect(await anything.emitWithAck('call:watch', { call_id: 'v3:unknown' })).toMatchObject({
      ok: false,
      error: { status: 404, code: '10005' },
    })
  })

  it('rejects clients of the old engine.io protocol, which could crash the process', async () => {
    await using server = await testServer()
    const answer = await fetch(`${server.url}/socket.io/?EIO=3&transport=polling`)
    expect(answer.status).toBe(400)
    const old = new WebSocket(wsUrl(server).replace('EIO=4', 'EIO=3'))
    await new Promise<void>((resolve) => old.once('error', () => resolve()))
    expect((await server.connect()).connected).toBe(true)
  })
})

describe('a connected client', () => {
  it('a client receives only the calls that its ticket covers', async () => {
    await using server = await testServer()
    const other = 'v3:somebody-elses-call-00'
    await server.webhook('call.answered')
    await server.webhook('call.answered', { call_control_id: other })
    const socket = await server.connect()
    const { reply } = await watch(socket, undefined, other)
    const unknown = await watch(socket, undefined, 'v3:unknown')
    expect(reply).toMatchObject({ ok: false, error: { status: 404 } })
    expect(reply).toEqual(unknown.reply)
    expect(await socket.emitWithAck('calls:watch', {})).toMatchObject({ calls: [{ callId: CALL }] })
    const changed: unknown[] = []
    socket.on('calls:event', (frame) => changed.push(...frame.calls))
    await server.webhook('call.hangup', { call_control_id: other })
    await server.webhook('call.hangup')
    await vi.waitFor(() => expect(changed).toMatchObject([{ callId: CALL }]))
  })

  it('offers the gather templates that have a label in the reply to a watch, without their bodies', async () => {
    const templates = {
      pin: { command: 'gather', body: { maximum_digits: 4 }, label: 'PIN', icon: 'lock', mask: 'digits' },
      internal: { command: 'gather', body: {} },
    } as const
    await using server = await testServer({ policy: { templates } })
    await server.webhook('call.answered')
    const socket = await server.connect()
    expect(await socket.emitWithAck('call:watch', { call_id: CALL })).toMatchObject({
      templates: [{ name: 'pin', command: 'gather', label: 'PIN', icon: 'lock', mask: 'digits' }],
    })
  })

  it('publishes the progress of a gather in the call list, masked as its events are, several keys per frame', async () => {
    await using server = await testServer({
      policy: { mask: ({ body }) => ((body as { gather_id?: string }).gather_id === 'pin' ? 'digits' : undefined) },
    })
    await server.webhook('call.initiated')
    await server.webhook('call.answered')
    const socket = await server.connect()
    const frames: CallsEventFrame[] = []
    socket.on('calls:event', (frame) => frames.push(frame))
    expect(await socket.emitWithAck('calls:watch', {})).toMatchObject({ scopes: ['view', 'gather', 'assistant'] })
    const enter = async (gather_id: string, keys: string) => {
      await server.command('gather', { gather_id, minimum_digits: 4, maximum_digits: 20 })
      // The last frame of the gather before may arrive only now.
      await vi.waitFor(() =>
        expect(frames.at(-1)?.calls[0]?.activity).toMatchObject({ status: 'collecting', count: 0 }),
      )
      frames.length = 0
      const { client_state } = server.upstream.received.at(-1)?.body ?? {}
      await Promise.all([...keys].map((digit) => server.webhook('call.dtmf.received', { digit, client_state })))
      await vi.waitFor(() =>
        expect(frames.at(-1)?.calls[0]?.activity).toMatchObject({ count: keys.length, min: 4, max: 20 }),
      )
      expect(frames.length).toBeLessThan(keys.length)
      const published = JSON.stringify(frames)
      await server.webhook('call.gather.ended', { digits: keys, status: 'valid', client_state })
      return published
    }
    expect(await enter('account', '9'.repeat(12))).toContain('999999999999')
    const masked = await enter('pin', '8'.repeat(12))
    expect(masked).toContain(`"digits":"${'•'.repeat(12)}"`)
    expect(masked).not.toContain('88888')
  })

  it('disconnects a client when its ticket is revoked', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const socket = await server.connect()
    const { frames } = await watch(socket)
    // A ticket issued after the revocation stays valid.
    const authorization = `Bearer ${await server.ticket()}`
    const closed = new Promise((resolve) => socket.once('disconnect', resolve))
    await server.gather.revoke({ subject: 'agent-7' })
    await closed
    await server.webhook('call.dtmf.received', { digit: '1' })
    expect(frames).toEqual([])
    expect((await server.command('gather', {}, { authorization })).status).toBe(401)
  })

  it('a client keeps its watches when it refreshes its ticket, and cannot change its subject', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const socket = await server.connect()
    const { frames } = await watch(socket)
    expect(await socket.emitWithAck('ticket:refresh', { ticket: await server.ticket() })).toMatchObject({
      ok: true,
      expires_at: expect.any(String),
    })
    expect(
      await socket.emitWithAck('ticket:refresh', { ticket: await server.ticket({ subject: 'other' }) }),
    ).toMatchObject({ ok: false, error: { status: 403 } })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    // A ticket that no longer covers the call ends the watch, not the connection.
    await socket.emitWithAck('ticket:refresh', { ticket: await server.ticket({ calls: [] }) })
    await server.webhook('call.dtmf.received', { digit: '2' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(frames).toHaveLength(1)
    expect(socket.connected).toBe(true)
  })

  it('a client can refresh its ticket and keeps its watches while the host’s `authorize` hangs', async () => {
    let isHanging = false
    await using server = await testServer({
      authorize: () => (isHanging ? new Promise<boolean>(() => {}) : true),
      callbackDeadlineMs: 1_000,
    })
    await server.webhook('call.answered')
    const socket = await server.connect()
    const { frames } = await watch(socket)
    isHanging = true
    const refreshed = socket.timeout(500).emitWithAck('ticket:refresh', { ticket: await server.ticket() })
    expect(await refreshed).toMatchObject({ ok: true })
    await server.webhook('call.dtmf.received', { digit: '1' })
    await vi.waitFor(() => expect(frames).toHaveLength(1))
  })

  it.each([Number.POSITIVE_INFINITY, 9e15])(
    'a client can refresh a ticket whose grant from the host expires at %d',
    async (expiresAt) => {
      const grant = { subject: 'agent-7', calls: '*', scopes: ['view'], expiresAt } as const
      await using server = await testServer({ authenticate: () => grant })
      const socket = await server.connect()
      expect(await socket.emitWithAck('ticket:refresh', { ticket: 'fresh' })).toMatchObject({ ok: true })
    },
  )

  it('notifies a client when a watched call is forgotten, and sends it a snapshot of the call’s new log', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    const socket = await server.connect()
    const heads: unknown[] = []
    socket.on('call:head', (frame) => heads.push(...frame.heads))
    const { reply } = await watch(socket)
    // Retention erases a call without dropping its later events.
    expect(await store.forget(CALL)).toBe(true)
    await vi.waitFor(() => expect(heads).toContainEqual({ call_id: CALL, epoch: '', seq: 0 }))
    await server.webhook('call.dtmf.received', { digit: '1' })
    const again = await watch(socket, reply.ok ? reply.cursor : undefined)
    expect(again.reply).toMatchObject({ kind: 'snapshot', cursor: { seq: 1 } })
  })
})
