import { describe, expect, it, vi } from 'vitest'
import { CALL, testServer } from '../testing/server.ts'

const speak = { payload: 'PIN?', voice: 'female' }
const parameters = { type: 'object', properties: { age: { type: 'integer' } } }

describe('what a browser may not set', () => {
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
  it('is refused by its path, and nothing is sent', async () => {
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

  it('may be allowed by name, or supplied by a template that cannot be changed', async () => {
    const pin = { command: 'gather_using_ai', body: { parameters, assistant: { instructions: 'Be brief.' } } } as const
    const policy = { allowFields: ['client_state'], mediaHosts: ['media.example.com'], templates: { pin } }
    await using server = await testServer({ policy })
    await server.webhook('call.answered')
    expect((await server.command('gather', { client_state: 'aG9zdA==' })).status).toBe(200)
    expect((await server.command('gather_using_audio', { audio_url: 'https://media.example.com/a.mp3' })).status).toBe(
      200,
    )
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

describe('how often commands may come', () => {
  it('is bounded for each subject, except for what ends something', async () => {
    await using server = await testServer({ limits: { commandsPerSecond: 1, commandBurst: 2 } })
    await server.webhook('call.answered')
    const statuses: number[] = []
    for (let count = 0; count < 3; count++) statuses.push((await server.command('gather', {})).status)
    expect(statuses).toEqual([200, 200, 429])
    expect((await server.command('gather_stop', {})).status).toBe(200)
    const other = `Bearer ${await server.ticket({ subject: 'agent-8' })}`
    expect((await server.command('gather', {}, { authorization: other })).status).toBe(200)
  })
})

describe('the audit trail', () => {
  it('says who did what and what became of it, in a chain, without content', async () => {
    const { createHash } = await import('node:crypto')
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
    let previous = '0'.repeat(64)
    for (const { hash, ...line } of lines) {
      expect(line.previous).toBe(previous)
      expect(createHash('sha256').update(JSON.stringify(line)).digest('hex')).toBe(hash)
      previous = String(hash)
    }
  })

  it('holds commands back while it cannot be written, where it is strict', async () => {
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
