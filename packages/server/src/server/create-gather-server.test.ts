import { foldCall, selectGather } from '@callgather/protocol'
import { webhookOf } from '@callgather/test-kit/telnyx'
import { describe, expect, it, vi } from 'vitest'
import { CALL, testServer, watch } from '../testing/server.ts'

const begin = async (server: Awaited<ReturnType<typeof testServer>>) => {
  await server.webhook('call.initiated', { from: '+1', to: '+2', direction: 'incoming' })
  await server.webhook('call.answered', { from: '+1', to: '+2' })
}

describe('createGatherServer', () => {
  it('relays a signed webhook once to each watcher of the call', async () => {
    await using server = await testServer()
    await begin(server)
    const socket = await server.connect()
    const { reply, frames } = await watch(socket)
    expect(reply).toMatchObject({
      ok: true,
      kind: 'snapshot',
      cursor: { seq: 2 },
      scopes: ['view', 'gather', 'assistant'],
    })

    const digit = server.signer.sign(webhookOf('call.dtmf.received', { call_control_id: CALL, digit: '5' }))
    expect((await server.post(digit)).status).toBe(200)
    expect((await server.post(digit)).status).toBe(200)
    await vi.waitFor(() => expect(frames).toHaveLength(1))
    expect(frames[0]?.records).toEqual([
      { seq: 3, event: expect.objectContaining({ event_type: 'call.dtmf.received', payload: { digit: '5' } }) },
    ])
  })

  it('marks a command, logs it before and after sending, and attributes later events to it', async () => {
    await using server = await testServer()
    await begin(server)
    const socket = await server.connect()
    const { frames } = await watch(socket)
    const given = await server.command('gather_using_speak', { payload: 'PIN?', voice: 'female', maximum_digits: 4 })
    expect(given).toMatchObject({ status: 200, body: { data: { result: 'ok' } } })
    const [sent] = server.upstream.received
    expect(sent).toMatchObject({
      path: `/v2/calls/${CALL}/actions/gather_using_speak`,
      authorization: 'Bearer KEY-test',
      body: { payload: 'PIN?', voice: 'female', maximum_digits: 4, command_id: given.headers.get('x-command-id') },
    })
    const client_state = sent?.body.client_state
    for (const digit of '5503') await server.webhook('call.dtmf.received', { digit, client_state })
    await server.webhook('call.gather.ended', { digits: '5503', status: 'valid', client_state })

    await vi.waitFor(() => expect(frames.flatMap(({ records }) => records)).toHaveLength(7))
    const events = frames.flatMap(({ records }) => records.map(({ event }) => event))
    expect(JSON.stringify(events)).not.toContain('client_state')
    const gather = selectGather(foldCall(CALL, events))
    expect(gather).toMatchObject({
      kind: 'digits',
      status: 'ended',
      outcome: 'valid',
      digits: '5503',
      requestedBy: 'agent-7',
    })
    expect(gather?.id).toBe(given.headers.get('x-command-id'))
  })

  it('resumes a client from its cursor, and sends a snapshot when the epoch has changed', async () => {
    await using server = await testServer()
    await begin(server)
    const socket = await server.connect()
    const first = await watch(socket)
    if (!first.reply.ok) throw new Error('refused')
    const { epoch } = first.reply.cursor
    expect((await watch(socket, { epoch, seq: 1 })).reply).toMatchObject({ kind: 'delta', records: [{ seq: 2 }] })
    expect((await watch(socket, { epoch, seq: 2 })).reply).toMatchObject({ kind: 'delta', records: [] })
    expect((await watch(socket, { epoch, seq: 9 })).reply).toMatchObject({ kind: 'snapshot', cursor: { seq: 2 } })
    expect((await watch(socket, { epoch: 'other', seq: 1 })).reply).toMatchObject({ kind: 'snapshot' })
  })

  it('publishes changes of the call list to a client that watches the list', async () => {
    await using server = await testServer()
    await begin(server)
    const socket = await server.connect()
    const changes: unknown[] = []
    socket.on('calls:event', (frame) => changes.push(...frame.calls))
    const reply = await socket.emitWithAck('calls:watch', {})
    expect(reply).toMatchObject({ ok: true, calls: [{ callId: CALL, phase: 'answered' }] })
    await server.webhook('call.hangup', { hangup_cause: 'normal_clearing' })
    await vi.waitFor(() => expect(changes).toMatchObject([{ callId: CALL, phase: 'ended' }]))
  })

  it('runs a gather from backend code to its end and calls each event handler once', async () => {
    await using server = await testServer()
    await begin(server)
    const handler = vi.fn()
    server.gather.on('call.gather.ended', handler)
    const run = server.gather.call(CALL).gatherUsingSpeak({ payload: 'PIN?', voice: 'female' })
    const { commandId } = await run.accepted
    const client_state = server.upstream.received[0]?.body.client_state
    await server.webhook('call.gather.ended', { digits: '12', status: 'valid', client_state }, { id: 'end' })
    await server.webhook('call.gather.ended', { digits: '12', status: 'valid', client_state }, { id: 'end' })
    expect(await run.ended).toMatchObject({ commandId, status: 'valid', digits: '12' })
    expect(handler).toHaveBeenCalledTimes(1)
  })
})
