import { REPLACE_HEADER } from '@callgather/protocol'
import Telnyx from 'telnyx'
import { describe, expect, it, vi } from 'vitest'
import { type CallStore, StoreUnavailableError } from '../store/call-store.ts'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer } from '../testing/server.ts'

/** A store whose next append of a `command.requested` event fails, with or without storing the event. */
function failingStore(): CallStore & { fail(how: 'answer lost' | 'not made'): void } {
  const store = memoryStore()
  let failure: 'answer lost' | 'not made' | null = null
  return {
    ...store,
    fail(how) {
      failure = how
    },
    async append(callId, events) {
      const how = failure
      if (how === null || !events.some(({ event }) => event.event_type === 'command.requested')) {
        return store.append(callId, events)
      }
      failure = null
      if (how === 'answer lost') await store.append(callId, events)
      throw new StoreUnavailableError('the connection broke')
    },
  }
}

const key = { 'idempotency-key': 'first' }

describe('a command whose append was not confirmed by the store', () => {
  it('does not send a command whose append was not confirmed, and logs it as refused if the store kept its request', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('answer lost')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    const outcomes = async () => {
      const { commands } = await server.gather.call(CALL).state()
      return [...commands].map(({ outcome }) => outcome?.status)
    }
    await vi.waitFor(async () => expect(await outcomes()).toEqual(['refused']), { timeout: 10_000 })
    // A repeat of the command has the same outcome. A new command runs.
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect(server.upstream.received).toEqual([])
    expect((await server.command('gather', {}, { 'idempotency-key': 'second' })).status).toBe(200)
    expect(server.upstream.received).toHaveLength(1)
  })

  it('gives the repeat of a command with an unconfirmed append the same outcome without sending it', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('answer lost')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    // The repeat waits for the outcome of the first attempt, because another server might be sending it.
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect(server.upstream.received).toEqual([])
  })

  it('runs a repeated command when the store had not kept the request of its first attempt', async () => {
    const store = failingStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    store.fail('not made')
    expect((await server.command('gather', {}, key)).status).toBe(503)
    expect((await server.command('gather', {}, key)).status).toBe(200)
    expect(server.upstream.received).toHaveLength(1)
    // The later check of the log adds no second outcome to the command that ran.
    await new Promise((resolve) => setTimeout(resolve, 700))
    const types = (await store.read(CALL, 0))?.records.map(({ event }) => event.event_type)
    expect(types).toEqual(['call.answered', 'command.requested', 'command.accepted'])
  })
})

const replacing = { [REPLACE_HEADER]: 'true' }
const sentTo = ({ upstream }: { upstream: { received: readonly { path: string }[] } }) =>
  upstream.received.map(({ path }) => path.split('/').at(-1))

describe('a second gather on a call', () => {
  it('refuses a second gather on a call and names the running gather and the agent who started it', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const other = `Bearer ${await server.ticket({ subject: 'agent-8' })}`
    const first = await server.command('gather', {}, { authorization: other })
    const id = first.headers.get('x-command-id') ?? ''
    const parameters = { type: 'object', properties: { age: { type: 'integer' } } }
    const gathers: [string, object][] = [
      ['gather', {}],
      ['gather_using_speak', { payload: 'PIN?', voice: 'female' }],
      ['gather_using_ai', { parameters }],
    ]
    for (const [command, body] of gathers) {
      const refused = await server.command(command, body)
      expect(refused).toMatchObject({ status: 422, body: { errors: [{ title: 'Gather already in progress' }] } })
      expect(refused.body.errors?.[0]?.detail).toContain(
        `\`agent-8\` has started a gather on this call (command \`${id}\`)`,
      )
      expect(refused.headers.get('x-should-retry')).toBe('false')
    }
    await expect(server.gather.call(CALL).gather().accepted).rejects.toMatchObject({ status: 422 })
    expect(sentTo(server)).toEqual(['gather'])
    const client = new Telnyx({ apiKey: await server.ticket(), baseURL: `${server.url}/v2`, maxRetries: 2 })
    await expect(client.calls.actions.gather(CALL, {})).rejects.toBeInstanceOf(Telnyx.UnprocessableEntityError)
    expect(sentTo(server)).toEqual(['gather'])
  })

  it('refuses the second of two gathers that reach the server at the same moment', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const answers = await Promise.all([server.command('gather', {}), server.command('gather', {})])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
    expect(sentTo(server)).toEqual(['gather'])
  })

  it('treats a gather with the running gather’s idempotency key as a retry, not as a second gather', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const ids = [await server.command('gather', {}, key), await server.command('gather', {}, key)].map(
      ({ status, headers }) => [status, headers.get('x-command-id')],
    )
    expect(ids[1]).toEqual(ids[0])
    expect(sentTo(server)).toEqual(['gather'])
  })

  it('sends a replacing gather only after the running gather was stopped and has ended', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.command('gather', {})
    const second = server.command('gather', {}, replacing)
    await vi.waitFor(() => expect(sentTo(server)).toEqual(['gather', 'gather_stop']))
    await server.webhook('call.gather.ended', { status: 'cancelled', digits: '' })
    expect((await second).status).toBe(200)
    expect(sentTo(server)).toEqual(['gather', 'gather_stop', 'gather'])
    // The replacing gather is sent even without an event of the first gather. The backend can replace as agents do.
    await server.gather.call(CALL).gather({}, { replace: true }).accepted
    expect(sentTo(server)).toEqual(['gather', 'gather_stop', 'gather', 'gather_stop', 'gather'])
  })

  it('a replacing gather stops the conversation of the AI gather that it replaces', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.command('gather_using_ai', { parameters: { type: 'object', properties: {} } })
    expect((await server.command('gather', {}, replacing)).status).toBe(200)
    expect(sentTo(server)).toEqual(['gather_using_ai', 'ai_assistant_stop', 'gather'])
  })

  it('refuses to replace a gather whose command Telnyx has not answered yet', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    server.upstream.replies.push({ delayMs: 500 })
    const answers = await Promise.all([
      server.command('gather', {}, replacing),
      server.command('gather', {}, replacing),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
    expect(sentTo(server)).toEqual(['gather'])
  })

  it('refuses a replacing gather and does not send it when the running gather cannot be stopped', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.command('gather', {})
    server.upstream.replies.push(...Array.from({ length: 3 }, () => ({ status: 500, body: {} })))
    expect((await server.command('gather', {}, replacing)).status).toBe(503)
    expect(sentTo(server)).toEqual(['gather', 'gather_stop', 'gather_stop', 'gather_stop'])
  })

  it('a replacing gather requires permission to stop the gather that it replaces', async () => {
    await using server = await testServer({ authorize: (_, { command }) => command !== 'gather_stop' })
    await server.webhook('call.answered')
    expect((await server.command('gather', {})).status).toBe(200)
    expect((await server.command('gather', {}, replacing)).status).toBe(404)
    expect(sentTo(server)).toEqual(['gather'])
  })

  it.each([
    ['gather', 'yes'],
    ['gather_stop', 'true'],
    ['ai_assistant_start', 'true'],
  ])('rejects the command %s with 400 when its `callgather-replace` header is %s', async (command, word) => {
    await using server = await testServer()
    await server.webhook('call.answered')
    expect((await server.command(command, {}, { [REPLACE_HEADER]: word })).status).toBe(400)
  })

  const ways: Record<string, (server: Awaited<ReturnType<typeof testServer>>, pass: (ms: number) => void) => unknown> =
    {
      'has ended': (server) => server.webhook('call.gather.ended', { status: 'valid', digits: '1' }),
      'was stopped, although its end event was lost': (server) => server.command('gather_stop', {}),
      'must be over by its own timeouts': (_, pass) => pass(60_000 + 31_000),
    }
  for (const [name, end] of Object.entries(ways)) {
    it(`starts a second gather when the first gather ${name}`, async () => {
      let now = Date.now()
      await using server = await testServer({ now: () => now })
      await server.webhook('call.answered')
      await server.command('gather', {})
      now += 1
      expect((await server.command('gather', {})).status).toBe(422)
      await end(server, (ms) => {
        now += ms
      })
      expect((await server.command('gather', {})).status).toBe(200)
    })
  }

  it('starts a gather after a gather that Telnyx refused, but not after a gather with an unknown outcome', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    server.upstream.replies.push({ status: 422, body: { errors: [{ code: '90034', title: 'No' }] } })
    expect((await server.command('gather', {})).status).toBe(422)
    server.upstream.replies.push({ hangUp: true }, { status: 422, body: { errors: [{ code: '90015', title: 'No' }] } })
    expect((await server.command('gather', {})).status).toBe(504)
    expect((await server.command('gather', {})).body.errors?.[0]?.title).toBe('Gather already in progress')
    expect((await server.command('gather', {}, replacing)).status).toBe(200)
  })
})

describe('a command whose answer was lost', () => {
  it.each(['90018', '90015'])(
    'logs a command with a lost answer as unknown when Telnyx refuses its retry with %s',
    async (code) => {
      const store = memoryStore()
      await using server = await testServer({ store })
      await server.webhook('call.answered')
      server.upstream.replies.push({ hangUp: true }, { status: 422, body: { errors: [{ code, title: 'No' }] } })
      expect((await server.command('gather', {})).status).toBe(504)
      const types = (await store.read(CALL, 0))?.records.map(({ event }) => event.event_type)
      expect(types).toEqual(['call.answered', 'command.requested', 'command.unknown'])
    },
  )
})

describe('an accepted stop that no event confirms', () => {
  it('checks the call at Telnyx when no event confirms an accepted stop command', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    try {
      await using server = await testServer({ reconcile: { intervalMs: 3_600_000 } })
      await server.webhook('call.answered')
      await server.command('gather', {})
      await server.command('gather_stop', {})
      const asked = () => server.upstream.received.filter(({ path }) => path === `/v2/calls/${CALL}`)
      expect(asked()).toEqual([])
      await vi.advanceTimersByTimeAsync(10_000)
      await vi.waitFor(() => expect(asked()).toHaveLength(1))
    } finally {
      vi.useRealTimers()
    }
  })
})
