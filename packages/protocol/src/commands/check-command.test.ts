import { describe, expect, it } from 'vitest'
import { checkCommand } from './check-command.ts'
import type { CommandName } from './command-name.ts'

const refusals = (name: CommandName, body: unknown) => {
  const checked = checkCommand(name, body)
  return checked.ok ? [] : checked.errors.map((error) => [checked.status, error.code, error.source?.pointer])
}

describe('checkCommand', () => {
  it.each([
    ['gather', {}],
    ['gather', { terminating_digit: '', valid_digits: '0123456789#*', gather_id: 'one' }],
    ['gather_using_speak', { payload: 'Your PIN, please.', voice: 'female', maximum_digits: 4, language: 'en-GB' }],
    ['gather_using_audio', { media_name: 'menu', maximum_tries: 2, client_state: 'aGVsbG8=' }],
    [
      'gather_using_ai',
      { parameters: { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] } },
    ],
    ['gather_stop', { command_id: 'c0ffee' }],
    ['ai_assistant_start', { assistant: { id: 'assistant-1', dynamic_variables: { a: 1 } }, greeting: 'Hello.' }],
    ['ai_assistant_stop', {}],
    ['ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Be brief.' }], trigger_response: true }],
  ] as const)('checkCommand accepts a valid body of %s', (name, body) => {
    expect(checkCommand(name, body)).toEqual({ ok: true, body })
  })

  it('checkCommand rejects a number out of range with the error code of its parameter', () => {
    expect(refusals('gather', { maximum_digits: 0 })).toEqual([[422, '90023', '/maximum_digits']])
    expect(refusals('gather', { inter_digit_timeout_millis: 120_001 })).toEqual([
      [422, '90026', '/inter_digit_timeout_millis'],
    ])
  })

  it('checkCommand rejects a body without a required parameter and names the parameter', () => {
    expect(refusals('gather_using_speak', { payload: 'Hello.' })).toEqual([[422, '10004', '/voice']])
    expect(refusals('gather_using_audio', {})).toEqual([[422, '10004', '/audio_url']])
    expect(refusals('gather_using_ai', {})).toEqual([[422, '10004', '/parameters']])
  })

  it('checkCommand rejects an unknown parameter with 400 and names the parameter', () => {
    expect(refusals('gather', { max_digits: 4 })).toEqual([[400, '10015', '/max_digits']])
  })

  it('checkCommand rejects parameters that conflict with each other', () => {
    expect(refusals('gather', { minimum_digits: 6, maximum_digits: 4 })).toEqual([[422, '10027', '/minimum_digits']])
    expect(refusals('gather_using_audio', { audio_url: 'https://a.example/x.mp3', media_name: 'x' })).toEqual([
      [422, '10027', '/media_name'],
    ])
  })

  it('checkCommand rejects wrong types, formats and lengths with specific error codes', () => {
    expect(refusals('gather', { maximum_digits: '4' })).toEqual([[422, '10026', '/maximum_digits']])
    expect(refusals('gather', { terminating_digit: 'x' })).toEqual([[422, '90007', '/terminating_digit']])
    expect(refusals('gather', { valid_digits: 'abc' })).toEqual([[422, '90008', '/valid_digits']])
    expect(refusals('gather', { client_state: 'not base64!' })).toEqual([[422, '90017', '/client_state']])
    expect(refusals('gather_using_speak', { payload: 'x'.repeat(3001), voice: 'male' })).toEqual([
      [422, '90010', '/payload'],
    ])
    expect(refusals('gather_using_speak', { payload: 'Hi.', voice: 'male', payload_type: 'html' })).toEqual([
      [422, '10032', '/payload_type'],
    ])
    expect(refusals('gather', 'not an object')).toEqual([[422, '10026', '/']])
  })

  it('checkCommand never quotes the rejected body in its errors', () => {
    const secret = '4111111111111111'
    const body = { payload: secret.repeat(300), voice: 7, terminating_digit: secret, nested: secret }
    const checked = checkCommand('gather_using_speak', body)
    expect(checked.ok).toBe(false)
    expect(JSON.stringify(checked)).not.toContain(secret)
  })
})
