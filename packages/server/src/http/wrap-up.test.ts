import { MAX_NOTE_LENGTH } from '@callgather/protocol'
import { describeWithRedis, TestRedis } from '@callgather/test-kit/redis'
import { webhookOf } from '@callgather/test-kit/telnyx'
import { describe, expect, it } from 'vitest'
import type { TicketRequest } from '../access/tickets.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { redisStore } from '../store/redis/redis-store.ts'
import { CALL, testServer } from '../testing/server.ts'

const finished = { note: 'Moved to Thursday.', disposition: 'solved' }

type TestServer = Awaited<ReturnType<typeof testServer>>

/** Wraps up a call, by default as agent-7 with every scope. */
async function wrapUp(server: TestServer, body: unknown, ticket: Partial<TicketRequest> = {}, callId = CALL) {
  const response = await fetch(`${server.url}/calls/${encodeURIComponent(callId)}/wrap-up`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await server.ticket(ticket)}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

async function endedCall(options: Parameters<typeof testServer>[0] = {}) {
  const server = await testServer(options)
  await server.webhook('call.initiated', { from: '+15550001111', to: '+15550002222', direction: 'incoming' })
  await server.webhook('call.hangup', { hangup_source: 'caller' })
  return server
}

describe('POST /calls/{id}/wrap-up', () => {
  it('appends the wrap-up of an ended call, once, with the subject of the ticket', async () => {
    const store = memoryStore()
    const lines: object[] = []
    await using server = await endedCall({ store, audit: { sink: (line) => void lines.push(line) } })
    const first = await wrapUp(server, finished)
    expect(first).toEqual({ status: 200, text: '{"data":{"result":"ok"}}' })
    expect(await wrapUp(server, finished)).toEqual(first)
    const events = (await store.read(CALL, 0))?.records.map(({ event }) => event)
    expect(events?.slice(2)).toMatchObject([
      { event_type: 'call.wrapped_up', payload: { ...finished, subject: 'agent-7' } },
    ])
    expect(lines).toMatchObject([{ what: 'wrapped_up', subject: 'agent-7', callId: CALL }])
    expect(JSON.stringify(lines)).not.toContain('Thursday')
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toContain('callgather_wrap_ups_total 1')
  })

  it('keeps the first wrap-up and refuses another body and another agent, without its content', async () => {
    await using server = await endedCall()
    await wrapUp(server, finished)
    for (const [body, ticket] of [
      [{ ...finished, note: 'Other' }, {}],
      [{ ...finished, disposition: null }, {}],
      [finished, { subject: 'agent-8' }],
    ] as const) {
      const answer = await wrapUp(server, body, ticket)
      expect(answer.status).toBe(422)
      expect(answer.text).toContain('already wrapped up')
      expect(answer.text).not.toMatch(/Thursday|agent-7|solved/)
    }
    const state = await server.gather.call(CALL).state()
    expect(state?.wrapUp).toMatchObject({ ...finished, subject: 'agent-7' })
  })

  it('two agents who finish at once get one success', async () => {
    await using server = await endedCall()
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, nth) => wrapUp(server, finished, { subject: `agent-${nth}` })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422, 422, 422])
  })

  it('refuses a call that has not ended', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    expect(await wrapUp(server, finished)).toMatchObject({ status: 422, text: expect.stringContaining('not ended') })
    await server.webhook('call.hangup')
    expect((await wrapUp(server, finished)).status).toBe(200)
  })

  it('gives the same answer for an unknown call, a foreign call and an agent without a commanding scope', async () => {
    await using server = await endedCall()
    const foreign = await wrapUp(server, finished, { calls: ['v3:another'] })
    expect(foreign.status).toBe(404)
    expect(await wrapUp(server, finished, { scopes: ['view'] })).toEqual(foreign)
    expect(await wrapUp(server, finished, { calls: ['v3:nothing'] }, 'v3:nothing')).toEqual(foreign)
    expect(await wrapUp(server, finished, { calls: '*' }, 'v3:nothing')).toEqual(foreign)
    for (const scopes of [['gather'], ['assistant']] as const) {
      expect((await wrapUp(server, finished, { scopes })).status).toBe(200)
    }
  })

  it('asks the host’s authorize whether the agent may command the call', async () => {
    const scopes: string[] = []
    const authorize: NonNullable<Parameters<typeof testServer>[0]>['authorize'] = (_, { scope }) => {
      scopes.push(scope)
      return false
    }
    await using server = await endedCall({ authorize })
    expect((await wrapUp(server, finished)).status).toBe(404)
    expect(scopes).toEqual(['gather', 'assistant'])
  })

  it('gets 401 without a ticket', async () => {
    await using server = await endedCall()
    const answer = await fetch(`${server.url}/calls/${CALL}/wrap-up`, {
      method: 'POST',
      body: JSON.stringify(finished),
    })
    expect(answer.status).toBe(401)
  })

  it.each([
    [{}, 400],
    [{ note: 'x' }, 400],
    [{ note: 'x', disposition: '' }, 400],
    [{ note: 'x', disposition: 'd'.repeat(129) }, 400],
    [{ note: 7, disposition: null }, 400],
    [{ note: 'n'.repeat(MAX_NOTE_LENGTH + 1), disposition: null }, 400],
    [{ ...finished, subject: 'agent-1' }, 400],
    [['note'], 400],
    ['{"note": "secret', 400],
    [{ note: 'n'.repeat(70_000), disposition: null }, 413],
  ])('refuses the body %j without quoting it', async (body, status) => {
    await using server = await endedCall()
    const answer = await wrapUp(server, body)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toMatch(/agent-1|secret|nnn|ddd/)
    expect((await server.gather.call(CALL).state())?.wrapUp).toBeNull()
  })

  it('limits the wrap-ups of one subject', async () => {
    await using server = await endedCall({ limits: { commandsPerSecond: 1, commandBurst: 2 } })
    const answers = await Promise.all(Array.from({ length: 4 }, () => wrapUp(server, finished)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429])
  })

  it('a mask does not change the note, which holds the agent’s own words', async () => {
    await using server = await endedCall({ policy: { mask: 'all' }, unsafeDebug: true })
    const note = 'Reference 4071 8832'
    expect((await wrapUp(server, { ...finished, note })).status).toBe(200)
    expect((await server.gather.call(CALL).state())?.wrapUp?.note).toBe(note)
  })

  it('a wrap-up is in the exported files', async () => {
    await using server = await endedCall()
    await wrapUp(server, finished)
    const headers = { authorization: `Bearer ${await server.ticket()}` }
    for (const format of ['csv', 'md', 'json']) {
      const text = await (await fetch(`${server.url}/calls/${CALL}/export?format=${format}`, { headers })).text()
      expect(text).toContain('Moved to Thursday')
    }
  })
})

describeWithRedis('a wrap-up on two servers', () => {
  it('is stored once when both servers get it at once', async () => {
    await using redis = await TestRedis.start()
    const store = () => redisStore({ url: redis.url, warn: () => {} })
    await using one = await testServer({ store: store() })
    await using other = await testServer({ store: store(), telnyx: { publicKey: one.signer.publicKey } })
    await one.post(one.signer.sign(webhookOf('call.hangup', { call_control_id: CALL })))
    const answers = await Promise.all([
      wrapUp(one, finished, { subject: 'agent-1' }),
      wrapUp(other, finished, { subject: 'agent-2' }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
  })
})
