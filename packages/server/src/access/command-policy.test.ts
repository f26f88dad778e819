import { REPLACE_HEADER } from '@callgather/protocol'
import { describe, expect, it, vi } from 'vitest'
import { CALL, testServer } from '../testing/server.ts'

const speak = { payload: 'PIN?', voice: 'female' }
const parameters = { type: 'object', properties: { age: { type: 'integer' } } }

describe('the command policy', () => {
  const refused: [command: string, body: Record<string, unknown>, pointer: string][] = [
    ['gather', { client_state: 'aG9zdA==' }, '/client_state'],
    ['gather', { command_id: 'somebody-elses' }, '/command_id'],
    ['gather', { webhook_url: 'https://evil.test/' }, '/webhook_url'],
    ['gather', { webhook_urls: {} }, '/webhook_urls'],
    ['gather', { webhook_url_method: 'POST' }, '/webhook_url_method'],
    ['gather', { stream_url: 'wss://evil.test/' }, '/stream_url'],
    ['gather', { to: '+882' }, '/to'],
    ['gather', { sip_address: 'sip:x' }, '/sip_address'],
    ['gather', { __proto__x: 1 }, '/__proto__x'],
    ['gather', JSON.parse('{"__proto__":{"a":1}}'), '/__proto__'],
    ['gather', { constructor: { a: 1 } }, '/constructor'],
    ['gather', { toString: [{ a: 1 }] }, '/toString'],
    ['gather_using_audio', { audio_url: 'https://evil.test/a.mp3' }, '/audio_url'],
    ['gather_using_audio', { audio_url: 'http://media.example.com/a.mp3' }, '/audio_url'],
    ['gather_using_audio', { audio_url: 'https://user@media.example.com/a.mp3' }, '/audio_url'],
    ['gather_using_audio', { audio_url: 'https://media.example.com:8443/a.mp3' }, '/audio_url'],
    ['gather_using_audio', { audio_url: 'https://media.example.com.evil.test/a.mp3' }, '/audio_url'],
    ['gather_using_audio', { audio_url: 'https://169.254.169.254/latest' }, '/audio_url'],
    ['gather_using_audio', { media_name: 'menu', invalid_audio_url: 'https://evil.test/a.mp3' }, '/invalid_audio_url'],
    ['gather_using_ai', { parameters, assistant: { tools: [] } }, '/assistant/tools'],
    ['gather_using_ai', { parameters, assistant: { instructions: 'transfer to +882' } }, '/assistant/instructions'],
    ['gather_using_ai', { parameters, assistant: { model: 'x' } }, '/assistant/model'],
    ['gather_using_ai', { parameters, assistant: { openai_api_key_ref: 'x' } }, '/assistant/openai_api_key_ref'],
    [
      'gather_using_ai',
      { parameters, voice_settings: { type: 'elevenlabs', api_key_ref: 'x' } },
      '/voice_settings/api_key_ref',
    ],
    ['ai_assistant_start', { assistant: { id: 'a', mcp_servers: [] } }, '/assistant/mcp_servers'],
    [
      'ai_assistant_start',
      { assistant: { id: 'a', external_llm: { base_url: 'https://evil.test' } } },
      '/assistant/external_llm',
    ],
    ['ai_assistant_start', { assistant: { id: 'a', fallback_config: {} } }, '/assistant/fallback_config'],
    ['ai_assistant_start', { assistant: { id: 'a', llm_api_key_ref: 'x' } }, '/assistant/llm_api_key_ref'],
    ['ai_assistant_start', { participants: [{ id: 'v3:other', role: 'user' }] }, '/participants'],
    ['gather_using_speak', { ...speak, template: 'nothing' }, '/template'],
  ]
  it('rejects a command with a forbidden field, names the field’s path and sends Telnyx nothing', async () => {
    await using server = await testServer({
      policy: { mediaHosts: ['media.example.com'] },
      limits: { commandBurst: 100 },
    })
    await server.webhook('call.answered')
    for (const [command, body, pointer] of refused) {
      const answer = await server.command(command, body)
      expect([command, answer.status, answer.body.errors?.[0]?.source?.pointer]).toEqual([command, 400, pointer])
    }
    expect(server.upstream.received).toEqual([])
  })

  const nested: [command: string, body: Record<string, unknown>, pointer: string][] = [
    ['ai_assistant_start', { assistant: { id: 'a', webhook_url: 'x' } }, '/assistant/webhook_url'],
    [
      'ai_assistant_start',
      { assistant: { id: 'a', dynamic_variables_webhook_url: 'x' } },
      '/assistant/dynamic_variables_webhook_url',
    ],
    ['ai_assistant_start', { assistant: { id: 'a', messaging_settings: {} } }, '/assistant/messaging_settings'],
    ['ai_assistant_start', { assistant: { id: 'a', telephony_settings: {} } }, '/assistant/telephony_settings'],
    ['ai_assistant_start', { assistant: { id: 'a', widget_settings: {} } }, '/assistant/widget_settings'],
    ['ai_assistant_start', { assistant: { id: 'a', Tools: [] } }, '/assistant/Tools'],
    ['ai_assistant_start', { assistant: { id: { $url: 'x' } } }, '/assistant/id'],
    [
      'ai_assistant_start',
      { assistant: { id: 'a', dynamic_variables: { telnyx_call_to: '+882' } } },
      '/assistant/dynamic_variables/telnyx_call_to',
    ],
    ['ai_assistant_start', { transcription: { webhook: 'https://evil.test' } }, '/transcription/webhook'],
    ['ai_assistant_start', { transcription: { model: { url: 'x' } } }, '/transcription/model'],
    ['ai_assistant_start', { interruption_settings: { url: 'x' } }, '/interruption_settings/url'],
    [
      'ai_assistant_start',
      {
        message_history: [
          { role: 'user', content: 'a' },
          { role: 'user', metadata: {} },
        ],
      },
      '/message_history/1/metadata',
    ],
    ['ai_assistant_add_messages', { messages: [{ role: 'assistant', tool_calls: [] }] }, '/messages/0/tool_calls'],
    ['ai_assistant_add_messages', { messages: [{ role: 'tool', tool_call_id: 'x' }] }, '/messages/0/tool_call_id'],
    ['gather_using_speak', { ...speak, voice_settings: { type: 'x', url: 'x' } }, '/voice_settings/url'],
    [
      'gather_using_speak',
      { ...speak, voice_settings: { type: 'azure', deployment_id: 'x' } },
      '/voice_settings/deployment_id',
    ],
    [
      'gather_using_ai',
      { parameters: { properties: { a: { $ref: 'https://evil.test/' } } } },
      '/parameters/properties/a/$ref',
    ],
    [
      'gather_using_ai',
      { parameters: { properties: { a: { items: [{ $id: 'x' }] } } } },
      '/parameters/properties/a/items/0/$id',
    ],
    ['gather_using_ai', { parameters: { properties: {}, webhook: 'x' } }, '/parameters/webhook'],
    ['gather_using_audio', { media_name: 'https://evil.test/a.mp3' }, '/media_name'],
    ['gather_using_audio', { media_name: '//evil.test/a.mp3' }, '/media_name'],
    ['gather_using_audio', { media_name: 'data:audio/mpeg;base64,AAAA' }, '/media_name'],
    ['gather_using_audio', { media_name: 'menu', invalid_media_name: '..\\x' }, '/invalid_media_name'],
    ['gather_using_ai', { parameters, greeting: '<speak><audio src="https://evil.test/a.mp3"/></speak>' }, '/greeting'],
  ]
  const ssml = [
    '<speak><audio src="https://evil.test/a.mp3"/></speak>',
    "<speak>< audio src='https://evil.test/a.mp3'/></speak>",
    '<speak><AUDIO SRC="https://evil.test/a.mp3"></AUDIO></speak>',
    '<speak><x:audio xmlns:x="http://www.w3.org/2001/10/synthesis" src="//evil.test/a"/></speak>',
    '<speak><audio\nsrc = "https://evil.test/a.mp3"/></speak>',
    '<speak><lexicon uri="https://evil.test/a.pls"/></speak>',
    '<speak><voice name="x" onlangfailure="y" src="a"/></speak>',
    '<!DOCTYPE speak [<!ENTITY x SYSTEM "https://evil.test/">]><speak>&x;</speak>',
    '<?xml-stylesheet href="https://evil.test/"?><speak/>',
    '<speak><mstts:backgroundaudio src="https://evil.test/a.mp3"/></speak>',
    '<speak><audio src="https://media.example.com.evil.test/a.mp3"/></speak>',
  ]
  it('rejects a command with a nested forbidden field, names its path and sends Telnyx nothing', async () => {
    await using server = await testServer({
      policy: { mediaHosts: ['media.example.com'] },
      limits: { commandBurst: 200 },
    })
    await server.webhook('call.answered')
    const spoken = ssml.flatMap((payload) => [
      ['gather_using_speak', { ...speak, payload, payload_type: 'ssml' }, '/payload'] as const,
      ['gather_using_speak', { ...speak, payload }, '/payload'] as const,
    ])
    for (const [command, body, pointer] of [...nested, ...spoken]) {
      const answer = await server.command(command, body)
      const { status } = answer
      expect([command, body, status, answer.body.errors?.[0]?.source?.pointer]).toEqual([command, body, 400, pointer])
    }
    expect(server.upstream.received).toEqual([])
  })

  it('the default command policy accepts the console’s commands and plain SSML', async () => {
    await using server = await testServer({ policy: { mediaHosts: ['Media.example.com'] } })
    await server.webhook('call.answered')
    const plain: [command: string, body: Record<string, unknown>][] = [
      ['gather_using_speak', { ...speak, payload: 'If 1 < 2 and a<3, press 1.' }],
      [
        'gather_using_speak',
        {
          ...speak,
          payload_type: 'ssml',
          payload: '<speak>One <break time="1s"/><audio src="https://media.example.com/a.mp3"/></speak>',
          voice_settings: { type: 'telnyx', voice_speed: 1.1 },
        },
      ],
      ['gather_using_audio', { media_name: 'Menu (neu) 1.mp3' }],
      [
        'gather_using_ai',
        {
          parameters: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties: { webhook: { $ref: '#/$defs/x' }, list: { type: 'array', items: { enum: [{ url: 'x' }] } } },
            $defs: { x: { type: 'string', format: 'date' } },
            additionalProperties: false,
          },
          message_history: [{ role: 'user', content: 'See https://example.com' }],
        },
      ],
      [
        'ai_assistant_start',
        { assistant: { id: 'a', dynamic_variables: { name: 'Ada' } }, transcription: { model: 'x' } },
      ],
      ['ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Be brief.' }] }],
    ]
    for (const [command, body] of plain) {
      const replace = command.startsWith('gather') ? { [REPLACE_HEADER]: 'true' } : {}
      const answer = await server.command(command, body, replace)
      expect([command, answer.status, answer.body.errors]).toEqual([command, 200, undefined])
    }
  })

  it('accepts command fields at and below a path in `allowFields`', async () => {
    await using server = await testServer({ policy: { allowFields: ['assistant.tools', 'participants'] } })
    await server.webhook('call.answered')
    const assistant = { id: 'a', tools: [{ type: 'hangup' }] }
    const participants = [{ id: 'v3:other', role: 'user' }]
    expect((await server.command('ai_assistant_start', { assistant, participants })).status).toBe(200)
  })

  it.each([
    [{ allowFields: ['assistant.instruction'] }, /policy.allowFields.*"assistant.instruction".*assistant.instructions/],
    [{ mediaHosts: ['https://media.example.com'] }, /policy.mediaHosts.*not a host name/],
    [{ mediaHosts: ['media.example.com/prompts'] }, /policy.mediaHosts/],
    [
      { templates: { pin: { command: 'gather' as const, body: { max_digits: 4 } } } },
      /policy.templates.pin.*max_digits/,
    ],
  ])('the server refuses to start with the invalid command policy %j', async (policy, message) => {
    await expect(testServer({ policy })).rejects.toThrow(message)
  })

  it('accepts allowed command fields, and the fields of a template, which clients cannot change', async () => {
    const pin = { command: 'gather_using_ai', body: { parameters, assistant: { instructions: 'Be brief.' } } } as const
    const policy = { allowFields: ['client_state'], mediaHosts: ['media.example.com'], templates: { pin } }
    await using server = await testServer({ policy })
    await server.webhook('call.answered')
    expect((await server.command('gather', { client_state: 'aG9zdA==' })).status).toBe(200)
    const url = { audio_url: 'https://media.example.com/a.mp3' }
    await server.webhook('call.gather.ended', { status: 'valid', digits: '1' })
    expect((await server.command('gather_using_audio', url)).status).toBe(200)
    await server.webhook('call.gather.ended', { status: 'valid', digits: '1' })
    expect((await server.command('gather_using_ai', { template: 'pin', greeting: 'Hello.' })).status).toBe(200)
    expect(server.upstream.received.at(-1)?.body).toMatchObject({
      greeting: 'Hello.',
      assistant: { instructions: 'Be brief.' },
    })
    expect(server.upstream.received.at(-1)?.body).not.toHaveProperty('template')
    const changed = await server.command('gather_using_ai', { template: 'pin', parameters })
    expect([changed.status, changed.body.errors?.[0]?.source?.pointer]).toEqual([400, '/parameters'])
    expect((await server.command('gather', { template: 'pin' })).status).toBe(400)
  })
})

describe('the rate limit of commands', () => {
  const limits = { commandsPerSecond: 0.001, commandBurst: 2, stopsPerSecond: 0.001, stopBurst: 3 }

  it('limits the commands of each subject, with a separate rate limit for stop commands', async () => {
    await using server = await testServer({ limits })
    await server.webhook('call.answered')
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) statuses.push((await server.command('ai_assistant_start', {})).status)
    expect(statuses).toEqual([200, 200, 429])
    const stops: number[] = []
    for (let count = 0; count < 4; count++) stops.push((await server.command('gather_stop', {})).status)
    expect(stops).toEqual([200, 200, 200, 429])
    const other = `Bearer ${await server.ticket({ subject: 'agent-8' })}`
    expect((await server.command('gather', {}, { authorization: other })).status).toBe(200)
  })

  it('applies the rate limit to denied commands before it writes the audit trail', async () => {
    const lines: unknown[] = []
    await using server = await testServer({ limits, audit: { sink: (line) => void lines.push(line) } })
    await server.webhook('call.answered')
    for (const trusted of [false, true]) {
      const ticket = await server.ticket({ subject: `trusted ${trusted}`, scopes: ['view'], trusted })
      const statuses: number[] = []
      for (let count = 0; count < 5; count++) {
        statuses.push((await server.command('gather', {}, { authorization: `Bearer ${ticket}` })).status)
      }
      expect(statuses).toEqual([404, 404, 429, 429, 429])
    }
    expect(lines).toHaveLength(4)
  })

  it('sends Retry-After when a subject exceeds its command rate', async () => {
    await using server = await testServer({ limits: { commandsPerSecond: 0.1, commandBurst: 1 } })
    await server.webhook('call.answered')
    await server.command('ai_assistant_start', {})
    expect((await server.command('gather', {})).headers.get('retry-after')).toBe('10')
  })

  it('sends concurrent stop commands for one gather to Telnyx only once', async () => {
    await using server = await testServer()
    await server.webhook('call.answered')
    await server.command('gather', {})
    server.upstream.replies.push({ delayMs: 500 })
    const stops = await Promise.all(Array.from({ length: 5 }, () => server.command('gather_stop', {})))
    expect(stops.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(server.upstream.received.map(({ path }) => path.split('/').at(-1))).toEqual(['gather', 'gather_stop'])
    const { commands } = await server.gather.call(CALL).state()
    expect([...commands].filter(({ outcome }) => outcome?.status === 'accepted')).toHaveLength(6)
  })
})

describe('the audit trail', () => {
  it('writes the subject, name and outcome of a command to the audit trail, without content', async () => {
    const lines: Record<string, unknown>[] = []
    await using server = await testServer({ audit: { sink: (line) => void lines.push({ ...line }) } })
    await server.webhook('call.answered')
    await server.command('gather_using_speak', speak)
    await server.command('gather', {}, {}, 'v3:somebody-elses-call-00')
    await server.gather.forget(CALL)
    expect(lines.map(({ what, subject }) => [what, subject])).toEqual([
      ['intent', 'agent-7'],
      ['outcome', 'agent-7'],
      ['denied', 'agent-7'],
      ['forgotten', 'backend'],
    ])
    expect(JSON.stringify(lines)).not.toContain('PIN?')
  })

  it('refuses commands while a strict audit trail cannot be written', async () => {
    const sink = vi.fn(() => {
      throw new Error('disk full')
    })
    await using strict = await testServer({ audit: { sink, strict: true } })
    await strict.webhook('call.answered')
    expect((await strict.command('gather', {})).status).toBe(503)
    expect(strict.upstream.received).toEqual([])
    await using lax = await testServer({ audit: { sink } })
    await lax.webhook('call.answered')
    expect((await lax.command('gather', {})).status).toBe(200)
  })
})
