import { LABEL_HEADER, MASK_HEADER, MAX_LABEL_LENGTH, PROTOCOL_HEADER, PROTOCOL_VERSION } from '@callgather/protocol'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory/memory-store.ts'
import { CALL, testServer } from '../testing/server.ts'

const speak = { payload: 'PIN?', voice: 'female' }

describe('a command that must not be sent', () => {
  const bad: Record<string, { command?: string; body: unknown; status: number; code: string; pointer?: string }> = {
    'with a number out of range': {
      body: { ...speak, maximum_digits: 0 },
      status: 422,
      code: '90023',
      pointer: '/maximum_digits',
    },
    'without a voice': { body: { payload: 'PIN?' }, status: 422, code: '10004', pointer: '/voice' },
    'with a misspelt field': { body: { ...speak, max_digits: 4 }, status: 400, code: '10015', pointer: '/max_digits' },
    'with minimum digits above maximum digits': {
      body: { ...speak, minimum_digits: 5, maximum_digits: 4 },
      status: 422,
      code: '10027',
      pointer: '/minimum_digits',
    },
    'that is not JSON': { body: '{"payload":', status: 400, code: '10023' },
    'that is not an object': { body: '[1]', status: 422, code: '10026' },
    'with an unsupported name': { command: 'hangup', body: {}, status: 404, code: '10005' },
  }
  for (const [name, { command = 'gather_using_speak', body, status, code, pointer }] of Object.entries(bad)) {
    it(`refuses a command ${name} with an error in Telnyx’s format and sends Telnyx nothing`, async () => {
      await using server = await testServer()
      await server.webhook('call.answered')
      const answer = await server.command(command, body)
      expect(answer).toMatchObject({
        status,
        body: { errors: [{ code, title: expect.any(String), detail: expect.any(String) }] },
      })
      if (pointer) expect(answer.body.errors?.[0]?.source?.pointer).toBe(pointer)
      expect(answer.headers.get('x-should-retry')).toBe('false')
      expect(server.upstream.received).toEqual([])
    })
  }

  it('answers a command with the same error for an unknown call, a forbidden call and a missing scope', async () => {
    await using server = await testServer()
    const other = 'v3:somebody-elses-call-00'
    await server.webhook('call.answered')
    await server.webhook('call.answered', { call_control_id: other })
    const all = await server.ticket({ calls: '*' })
    const unknown = await server.command('gather', {}, { authorization: `Bearer ${all}` }, 'v3:unknown')
    const foreign = await server.command('gather', {}, {}, other)
    const viewer = await server.ticket({ scopes: ['view'] })
    const beyond = await server.command('gather', {}, { authorization: `Bearer ${viewer}` })
    expect(unknown).toMatchObject({ status: 404, body: { errors: [{ code: '10005' }] } })
    expect(foreign.body).toEqual(unknown.body)
    expect(beyond.body).toEqual(unknown.body)
    expect(server.upstream.received).toEqual([])
  })

  it('lets an agent who may ask the caller stop an AI gather, but not an assistant', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const headers = { authorization: `Bearer ${await server.ticket({ scopes: ['view', 'gather'] })}` }
    const fields = { parameters: { type: 'object', properties: { name: { type: 'string' } } } }
    expect((await server.command('gather_using_ai', fields, headers)).status).toBe(200)
    expect((await server.command('ai_assistant_stop', {}, headers)).status).toBe(200)
    await server.webhook('call.conversation.ended')
    await server.webhook('call.conversation.created', { conversation_id: 'of the host' })
    expect((await server.command('ai_assistant_stop', {}, headers)).status).toBe(404)
  })

  it('rejects a command with a missing, forged or expired ticket with 401', async () => {
    let now = Date.now()
    await using server = await testServer({ now: () => now })
    const old = await server.ticket({ expiresIn: '1m' })
    now += 61_000
    const forged = `${old.slice(0, -4)}AAAA`
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${old.split('.')[1]}.`
    for (const authorization of ['', 'Bearer', `Bearer ${forged}`, `Bearer ${old}`, `Bearer ${none}`, 'Basic YTpi']) {
      const answer = await server.command('gather', {}, { authorization })
      expect(answer).toMatchObject({ status: 401, body: { errors: [{ code: '10009' }] } })
    }
    expect(server.upstream.received).toEqual([])
  })

  it('refuses a command to an ended call with Telnyx’s error', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.webhook('call.hangup')
    const detail = "This call is no longer active and can't receive commands."
    expect(await server.command('gather', {})).toMatchObject({
      status: 422,
      body: { errors: [{ code: '90018', detail }] },
    })
    expect(server.upstream.received).toEqual([])
  })
})

describe('a command id', () => {
  const bad = ['líne', 'a\r\nset-cookie: x=1', 'a\u2028b', 'a b', '\u0000', '', 'x'.repeat(129), '\ud800']
  it('refuses a command whose command_id is not visible ASCII, also from trusted senders', async () => {
    await using server = await testServer({ policy: { allowFields: ['command_id'] }, limits: { commandBurst: 100 } })
    await server.webhook('call.answered')
    const trusted = { authorization: `Bearer ${await server.ticket({ trusted: true })}` }
    for (const command_id of bad) {
      for (const headers of [{}, trusted]) {
        const answer = await server.command('gather', { command_id }, headers)
        expect([command_id, answer.status]).toEqual([command_id, 400])
        expect(answer.body.errors?.[0]?.source?.pointer).toBe('/command_id')
        expect(answer.headers.get('x-command-id')).toBeNull()
      }
      await expect(server.gather.call(CALL).gather({ command_id }).accepted).rejects.toMatchObject({ status: 400 })
    }
    expect(server.upstream.received).toEqual([])
  })
})

describe('the protocol version of a client', () => {
  it.each([
    [undefined, 200, undefined],
    [String(PROTOCOL_VERSION), 200, undefined],
    ['1', 426, 'client_too_old'],
    [String(PROTOCOL_VERSION + 1), 426, 'server_too_old'],
    ['3.0', 400, 'Bad Request'],
    ['x', 400, 'Bad Request'],
    ['-1', 400, 'Bad Request'],
  ])('answers a command with the protocol version %s with %i', async (version, status, title) => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const answer = await server.command('gather', {}, version === undefined ? {} : { [PROTOCOL_HEADER]: version })
    expect([answer.status, answer.body.errors?.[0]?.title]).toEqual([status, title])
    expect(server.upstream.received).toHaveLength(status === 200 ? 1 : 0)
    if (status !== 200) expect(answer.headers.get('x-should-retry')).toBe('false')
  })
})

describe('client_state of the sender', () => {
  const own = { client_state: 'aG9zdA==' }
  it('refuses client_state in a masked gather, also from trusted senders and templates', async () => {
    const templates = { pin: { command: 'gather' as const, body: own } }
    await using server = await testServer({ policy: { mask: 'digits', templates } })
    await server.webhook('call.answered')
    const trusted = { authorization: `Bearer ${await server.ticket({ trusted: true })}` }
    const answers = [
      await server.command('gather', own, trusted),
      await server.command('gather', { template: 'pin' }),
      await server.command('ai_assistant_start', own, { ...trusted, [MASK_HEADER]: 'all' }),
    ]
    for (const { status, body } of answers) {
      expect([status, body.errors?.[0]?.source?.pointer]).toEqual([422, '/client_state'])
    }
    await expect(server.gather.call(CALL).gather(own).accepted).rejects.toMatchObject({ status: 422 })
    expect(server.upstream.received).toEqual([])
  })

  it('refuses client_state in every command while a masked gather runs', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.command('gather', {}, { [MASK_HEADER]: 'digits' })
    const trusted = { authorization: `Bearer ${await server.ticket({ trusted: true })}` }
    for (const command of ['gather_stop', 'ai_assistant_stop', 'ai_assistant_add_messages']) {
      const { status, body } = await server.command(command, own, trusted)
      expect([command, status, body.errors?.[0]?.source?.pointer]).toEqual([command, 422, '/client_state'])
    }
    expect(server.upstream.received).toHaveLength(1)
  })
})

describe('the label of a gather', () => {
  const labelsIn = async (store: ReturnType<typeof memoryStore>) =>
    ((await store.read(CALL, 0))?.records ?? []).flatMap(({ event }) =>
      event.event_type === 'command.requested' ? [(event.payload as { label?: string }).label] : [],
    )

  it('logs the percent-encoded label header of a gather, and sends Telnyx nothing of it', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    const { status } = await server.command('gather', {}, { [LABEL_HEADER]: encodeURIComponent('Numéro de compte') })
    expect(status).toBe(200)
    expect(await labelsIn(store)).toEqual(['Numéro de compte'])
    expect(JSON.stringify(server.upstream.received)).not.toContain('compte')
  })

  it('drops the label of a gather that replaces a running masked gather, because it may repeat the input', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    await server.command('gather', {}, { [MASK_HEADER]: 'digits', [LABEL_HEADER]: 'PIN' })
    await server.command('gather', {}, { [LABEL_HEADER]: '4711', 'callgather-replace': 'true' })
    const labels = await labelsIn(store)
    expect(labels[0]).toBe('PIN')
    expect(labels).not.toContain('4711')
  })

  it('keeps a label without numbers while masked digits may still arrive, but not while a masked AI gather is open', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    await server.command('gather', {}, { [MASK_HEADER]: 'digits', [LABEL_HEADER]: 'PIN' })
    const replace = { 'callgather-replace': 'true' }
    await server.command('gather', {}, { [LABEL_HEADER]: 'Account', ...replace, [MASK_HEADER]: 'all' })
    await server.command('gather', {}, { [LABEL_HEADER]: 'Smith', ...replace })
    expect((await labelsIn(store)).filter((label) => label !== undefined)).toEqual(['PIN', 'Account'])
  })

  it('drops a label while an AI gather is open whose words are masked', async () => {
    const store = memoryStore()
    await using server = await testServer({ store, policy: { mask: 'digits' } })
    await server.webhook('call.answered')
    await server.command('gather_using_ai', {
      parameters: { type: 'object', properties: { word: { type: 'string' } } },
    })
    await server.command('gather', {}, { [LABEL_HEADER]: 'correct horse', 'callgather-replace': 'true' })
    expect(JSON.stringify(await store.read(CALL, 0))).not.toContain('correct horse')
  })

  it('refuses a client’s request that repeats the hidden words of a logged request, but no text with such characters', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const body = { payload: '•••', voice: 'female' }
    const answer = await server.command('gather_using_speak', body)
    expect(answer.status).toBe(400)
    expect(answer.body.errors?.[0]).toMatchObject({ detail: expect.stringContaining('Write it again') })
    expect(server.upstream.received).toEqual([])
    expect((await server.command('gather_using_speak', { ...body, payload: 'Your card ends in •••• 12' })).status).toBe(
      200,
    )
  })

  it('labels and masks a gather by its template, and a client can only make the mask stricter', async () => {
    const store = memoryStore()
    const pin = { command: 'gather', body: { maximum_digits: 4 }, label: 'PIN', mask: 'allButLast4' } as const
    await using server = await testServer({ store, policy: { templates: { pin } } })
    await server.webhook('call.answered')
    expect((await server.command('gather', { template: 'pin' })).status).toBe(200)
    await server.webhook('call.gather.ended', { status: 'valid', digits: '4711' })
    const replace = { 'callgather-replace': 'true', [MASK_HEADER]: 'all' }
    expect((await server.command('gather', { template: 'pin' }, replace)).status).toBe(200)
    const records = (await store.read(CALL, 0))?.records ?? []
    const requests = records.filter(({ event }) => event.event_type === 'command.requested')
    // The label of a template stays while the input of the first gather may still arrive.
    expect(requests.map(({ event }) => event.payload)).toMatchObject([
      { label: 'PIN', mask: 'allButLast4' },
      { label: 'PIN', mask: 'all' },
    ])
  })

  it.each([
    ['empty', '%20'],
    ['too long', 'x'.repeat(MAX_LABEL_LENGTH + 1)],
    ['not percent-encoded', '100%'],
    ['a control character', 'PIN%0A'],
  ])('refuses a label that is %s with 400', async (_, label) => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const { status } = await server.command('gather', {}, { [LABEL_HEADER]: label })
    expect(status).toBe(400)
    expect(server.upstream.received).toEqual([])
  })
})

describe('a masking policy of the host', () => {
  const broken: Record<string, () => never | Promise<never> | string> = {
    throws: () => {
      throw new Error('4111')
    },
    rejects: () => Promise.reject(new Error('4111')),
    'returns no mask': () => 'last4',
  }
  for (const [name, decide] of Object.entries(broken)) {
    it(`refuses a gather with 503 when the host’s mask function ${name}, and sends Telnyx nothing`, async () => {
      const mask = decide as () => 'all'
      await using server = await testServer({ policy: { mask } })
      await server.webhook('call.answered')
      expect(await server.command('gather', {})).toMatchObject({ status: 503, body: { errors: [{ code: '10007' }] } })
      expect(server.upstream.received).toEqual([])
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
    })
  }

  it('awaits the host’s asynchronous mask function, which cannot change the command', async () => {
    await using server = await testServer({
      policy: {
        mask: async ({ body }) => {
          Object.assign(body as object, { maximum_digits: 1 })
          return 'all' as const
        },
      },
    })
    await server.webhook('call.answered')
    await server.command('gather', { maximum_digits: 4 })
    expect(server.upstream.received[0]?.body).toMatchObject({ maximum_digits: 4 })
    const { commands } = await server.gather.call(CALL).state()
    expect([...commands][0]?.request?.mask).toBe('all')
  })
})

describe('a command', () => {
  it('accepts a command path with a trailing slash', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    expect((await server.command('gather/', {})).status).toBe(200)
  })

  it('reports all faults of a command body in one response', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const { body } = await server.command('gather_using_speak', { minimum_digits: 0, terminating_digit: 'X' })
    expect(body.errors?.map(({ code }) => code).sort()).toEqual(['10004', '10004', '90007', '90022'])
  })

  it('sends a command to Telnyx with the sender’s client_state and command_id unchanged', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const authorization = `Bearer ${await server.ticket({ trusted: true })}`
    await server.command('gather', { client_state: 'aG9zdA==', command_id: 'mine' }, { authorization })
    expect(server.upstream.received[0]?.body).toEqual({ client_state: 'aG9zdA==', command_id: 'mine' })
  })

  it('requests partial results for an AI command from Telnyx unless the body turns them off', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    const parameters = { type: 'object', properties: { age: { type: 'integer' } } }
    await server.command('gather_using_ai', { parameters })
    await server.command('ai_assistant_start', {})
    await server.webhook('call.ai_gather.ended', { status: 'valid', result: {} })
    await server.command('gather_using_ai', { parameters, send_partial_results: false })
    const [gather, assistant, quiet] = server.upstream.received.map(({ body }) => body)
    expect(gather).toMatchObject({ send_partial_results: true, send_message_history_updates: true })
    expect(assistant).toMatchObject({ send_message_history_updates: true })
    expect(quiet).toMatchObject({ send_partial_results: false, send_message_history_updates: true })
  })

  it('keeps secrets and data for other systems out of the call log', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    const authorization = `Bearer ${await server.ticket({ trusted: true })}`
    const voice_settings = { type: 'elevenlabs', api_key_ref: 'canary' }
    await server.command('gather_using_speak', { ...speak, voice_settings }, { authorization })
    expect(JSON.stringify(server.upstream.received)).toContain('canary')
    expect(JSON.stringify(await store.read(CALL, 0))).not.toContain('canary')
  })

  it('returns Telnyx’s refusal of a command to the sender and logs the refusal', async () => {
    const store = memoryStore()
    await using server = await testServer({ store })
    await server.webhook('call.answered')
    const errors = [{ code: '90034', title: 'Call not answered yet', detail: 'Answer it first.' }]
    server.upstream.replies.push({ status: 422, body: { errors } })
    expect(await server.command('gather', {})).toMatchObject({ status: 422, body: { errors } })
    const log = await store.read(CALL, 0)
    expect(log?.records.at(-1)?.event).toMatchObject({
      event_type: 'command.refused',
      payload: { status: 422, code: '90034' },
    })
  })

  it('answers a command with 502 when Telnyx rejects the server’s API key', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    server.upstream.replies.push({
      status: 401,
      body: { errors: [{ code: '10009', title: 'Authentication failed' }] },
    })
    const answer = await server.command('gather', {})
    expect(answer.status).toBe(502)
    expect(answer.body.errors?.[0]?.detail).toContain('TELNYX_API_KEY')
  })

  it('sends two commands with the same idempotency key to Telnyx once and answers both senders', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    server.upstream.replies.push({ delayMs: 100, body: { data: { result: 'ok', conversation_id: 'c1' } } })
    const key = { 'idempotency-key': 'double-click' }
    const [one, other] = await Promise.all([server.command('gather', {}, key), server.command('gather', {}, key)])
    expect(one.body).toEqual({ data: { result: 'ok', conversation_id: 'c1' } })
    expect(other.body).toEqual(one.body)
    expect((await server.command('gather', {}, key)).body).toEqual(one.body)
    expect(server.upstream.received).toHaveLength(1)
    expect(await server.command('gather', { maximum_digits: 2 }, key)).toMatchObject({
      status: 422,
      body: { errors: [{ code: '10027' }] },
    })
    expect(server.upstream.received).toHaveLength(1)
  })
})

describe('browser origins', () => {
  it('answers browser requests only from pages of a configured origin', async () => {
    await using server = await testServer()
    const url = `${server.url}/v2/calls/${CALL}/actions/gather`
    const ask = (origin: string) =>
      fetch(url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
    const welcome = await ask('http://console.test')
    expect(welcome.status).toBe(204)
    expect(welcome.headers.get('access-control-allow-origin')).toBe('http://console.test')
    expect(welcome.headers.get('access-control-allow-headers')).toContain('idempotency-key')
    const stranger = await ask('http://evil.test')
    expect(stranger.status).toBe(403)
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull()
    const read = await fetch(`${server.url}/calls`, {
      headers: { origin: 'http://evil.test', authorization: `Bearer ${await server.ticket()}` },
    })
    expect(read.headers.get('access-control-allow-origin')).toBeNull()
  })
})
