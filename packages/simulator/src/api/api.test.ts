/** Tests every endpoint and error of the simulated Telnyx API through the official SDK. */
import Telnyx from 'telnyx'
import { describe, expect, it } from 'vitest'
import { createSimulator, virtualClock } from '../index.ts'
import { testSimulator } from '../testing/simulator.test-kit.ts'

/** Returns each error of a refused request as `status code pointer`. */
async function refusal(request: Promise<unknown>): Promise<string[]> {
  const error: unknown = await request.then(
    () => new Error('The request was accepted.'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Telnyx.APIError)) throw error
  const body = error.error as {
    errors: { code: string; title: string; detail: string; source?: { pointer: string } }[]
  }
  for (const entry of body.errors) {
    expect(entry.title).not.toBe('')
    expect(entry.detail).not.toBe('')
    expect(entry.code).toMatch(/^\d{5}$/)
  }
  return body.errors.map(({ code, source }) => `${error.status} ${code} ${source?.pointer ?? ''}`.trim())
}

/** Returns the detail of each error of a refused request. */
async function detailsOf(request: Promise<unknown>): Promise<string[]> {
  const error: unknown = await request.catch((reason: unknown) => reason)
  if (!(error instanceof Telnyx.APIError)) throw new Error('The request was accepted.')
  return (error.error as { errors: { detail: string }[] }).errors.map(({ detail }) => detail)
}

describe('validation', () => {
  const speak = { payload: 'Hello', voice: 'female' }
  const parameters = { type: 'object', properties: {} }
  const rows: [command: string, body: unknown, expected: string[]][] = [
    ['gather', { minimum_digits: 0 }, ['422 90022 /minimum_digits']],
    [
      'gather',
      { minimum_digits: 129, maximum_digits: 129 },
      ['422 90022 /minimum_digits', '422 90023 /maximum_digits'],
    ],
    ['gather', { maximum_digits: 0 }, ['422 90023 /maximum_digits']],
    ['gather', { maximum_digits: '4' }, ['422 90023 /maximum_digits']],
    ['gather', { maximum_digits: 4.5 }, ['422 90023 /maximum_digits']],
    ['gather', { minimum_digits: 5, maximum_digits: 4 }, ['422 90022 /minimum_digits']],
    ['gather', { inter_digit_timeout_millis: 0 }, ['422 90026 /inter_digit_timeout_millis']],
    ['gather', { inter_digit_timeout_millis: 120_001 }, ['422 90026 /inter_digit_timeout_millis']],
    ['gather', { initial_timeout_millis: 120_001 }, ['422 90056 /initial_timeout_millis']],
    ['gather', { timeout_millis: 0 }, ['422 90025 /timeout_millis']],
    ['gather', { terminating_digit: '##' }, ['422 90007 /terminating_digit']],
    ['gather', { terminating_digit: 'A' }, ['422 90007 /terminating_digit']],
    ['gather', { valid_digits: '12x' }, ['422 90008 /valid_digits']],
    ['gather', { valid_digits: '' }, ['422 90008 /valid_digits']],
    ['gather', { client_state: 'not base64!' }, ['422 90017 /client_state']],
    ['gather', { gather_id: 'x'.repeat(41) }, ['422 10025 /gather_id']],
    ['gather', { command_id: 7 }, ['422 10026 /command_id']],
    ['gather', [], ['422 10026']],
    ['gather', null, ['422 10026']],
    ['gather_using_speak', {}, ['422 10004 /payload', '422 10004 /voice']],
    ['gather_using_speak', { voice: 'female', payload: '' }, ['422 90010 /payload']],
    ['gather_using_speak', { voice: 'female', payload: 'x'.repeat(5001) }, ['422 90010 /payload']],
    ['gather_using_speak', { ...speak, payload_type: 'html' }, ['422 90011 /payload_type']],
    ['gather_using_speak', { ...speak, language: 'tlh' }, ['422 90013 /language']],
    ['gather_using_speak', { ...speak, service_level: 'gold' }, ['422 90030 /service_level']],
    ['gather_using_speak', { ...speak, language: 'it' }, ['422 90013 /language']],
    ['gather_using_speak', { ...speak, voice: 'Bogus' }, ['422 90012 /voice']],
    [
      'gather_using_speak',
      { ...speak, voice: 'AWS.Polly.Joanna-Neural', service_level: 'basic', payload_type: 'ssml' },
      ['422 90011 /payload_type'],
    ],
    ['gather_using_speak', { ...speak, service_level: 'basic', language: 'de-DE' }, ['422 90013 /language']],
    ['gather_using_speak', { ...speak, maximum_tries: 0 }, ['422 90024 /maximum_tries']],
    ['gather_using_speak', { ...speak, voice_settings: { type: 'nonsense' } }, ['422 10032 /voice_settings/type']],
    ['gather_using_audio', {}, ['422 10004 /audio_url']],
    ['gather_using_audio', { audio_url: 'https://example.com/a.wav', media_name: 'a' }, ['422 10015 /media_name']],
    [
      'gather_using_audio',
      { media_name: 'a', invalid_audio_url: 'https://example.com/a.wav', invalid_media_name: 'b' },
      ['422 10015 /invalid_media_name'],
    ],
    ['gather_using_audio', { audio_url: 'not a url' }, ['422 10003 /audio_url']],
    ['gather_using_ai', {}, ['422 10004 /parameters']],
    ['gather_using_ai', { parameters: 'age' }, ['422 10026 /parameters']],
    ['gather_using_ai', { parameters, voice: 'female' }, ['422 90012 /voice']],
    ['gather_using_ai', { parameters, greeting: 'x'.repeat(3001) }, ['422 10025 /greeting']],
    [
      'gather_using_ai',
      { parameters, message_history: [{ role: 'robot', content: '' }] },
      ['422 10032 /message_history/0/role'],
    ],
    ['gather_using_ai', { parameters, user_response_timeout_ms: 0 }, ['422 10033 /user_response_timeout_ms']],
    ['ai_assistant_start', { assistant: {} }, ['422 10004 /assistant/id']],
    [
      'ai_assistant_start',
      { assistant: { id: 'a', dynamic_variables: { x: {} } } },
      ['422 10026 /assistant/dynamic_variables/x'],
    ],
    ['ai_assistant_start', { message_history: [{ content: 'x' }] }, ['422 10004 /message_history/0/role']],
    ['ai_assistant_add_messages', { messages: 'hi' }, ['422 10026 /messages']],
    ['ai_assistant_join', {}, ['422 10004 /conversation_id', '422 10004 /participant']],
    ['speak', { payload: 'x', voice: 'female', loop: 0 }, ['422 90009 /loop']],
    ['playback_start', {}, ['422 10004 /audio_url']],
    ['speak', { payload: 'x', voice: 'female', loop: 101 }, ['422 90009 /loop']],
    ['speak', { payload: 'x', voice: 'female', loop: 'forever' }, ['422 90009 /loop']],
    ['send_dtmf', { digits: '12z' }, ['422 90014 /digits']],
    ['send_dtmf', { digits: '12', duration_millis: 99 }, ['422 90027 /duration_millis']],
    ['transfer', { to: '+15550123', timeout_secs: 4 }, ['422 90028 /timeout_secs']],
    ['transfer', { to: '+15550123', time_limit_secs: 14_401 }, ['422 90029 /time_limit_secs']],
    [
      'transfer',
      { to: '+15550123', webhook_urls: { 'call.ansered': ['http://127.0.0.1:9/'] } },
      ['422 90057 /webhook_urls'],
    ],
    ['speak', { payload: 'x', voice: 'female', stop: 'now' }, ['422 90016 /stop']],
    ['transfer', {}, ['422 10004 /to']],
    ['transfer', { to: '' }, ['422 10004 /to']],
    ['transfer', { to: 'banana' }, ['422 10016 /to']],
    ['transfer', { to: '15550123' }, ['422 10016 /to']],
    ['bridge', { call_control_id: 'v3:unknown' }, ['422 90015 /call_control_id']],
    ['answer', {}, ['422 90102 /call_control_id']],
    ['reject', { cause: 'CALL_REJECTED' }, ['422 90102 /call_control_id']],
    ['reject', { cause: 'BORED' }, ['422 10032 /cause']],
  ]

  it.each(rows)('refuses the command %s with the body %j and the errors %j', async (command, body, expected) => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const before = test.story().length
    const request = test.client.post(`/calls/${caller.id}/actions/${command}`, { body: body as object })
    const got = await refusal(request)
    expect(expected).toEqual(expect.arrayContaining(got))
    expect(got.length).toBeGreaterThan(0)
    expect(test.story()).toHaveLength(before)
    expect(caller.view.client_state).toBeNull()
  })

  it.each([
    ['banana', ['422 10016 /to']],
    [7, ['422 10016 /to']],
    [[], ['422 10016 /to']],
    [['+15550123', '+1 555 0123'], ['422 10016 /to/1']],
  ])('the dial command refuses the target %j', async (to, expected) => {
    await using test = await testSimulator()
    const body = { to, from: '+15550199', connection_id: '1' }
    expect(await refusal(test.client.post('/calls', { body }))).toEqual(expected)
    expect(test.sim.calls()).toEqual([])
  })

  it('the dial command accepts SIP URIs, and numbers followed by keys to play', async () => {
    await using test = await testSimulator()
    for (const to of ['sip:ann@example.com', 'SIPS:ann@example.com', '+15550123,200'])
      await test.client.calls.dial({ to, from: '+15550199', connection_id: '1' })
    expect(test.sim.calls()).toHaveLength(3)
  })

  it.each([
    ['transfer', {}, "The 'to' parameter is required and cannot be blank."],
    ['transfer', { to: '' }, "The 'to' parameter is required and cannot be blank."],
    ['transfer', { to: 'banana' }, "The 'to' parameter must be in E164 format."],
    ['transfer', { to: '+15550123', webhook_url: 'here' }, 'The URL provided was invalid, malformed, or too long.'],
    ['reject', { cause: 'BORED' }, 'The value must be one of: CALL_REJECTED, USER_BUSY.'],
    ['gather', { gather_id: 'x'.repeat(41) }, 'The field must be between 1 and 40 characters long, but was 41.'],
    ['gather', { command_id: 7 }, 'The parameter must be of type string, but received type integer.'],
    ['gather', { client_state: '!' }, "The 'client_state' parameter must be a valid base64 string."],
    [
      'gather',
      { maximum_digits: 0 },
      "The 'maximum_digits' parameter must be an 'integer' with a minimum value of 1 and a maximum value of 128.",
    ],
    [
      'gather',
      { valid_digits: 'x' },
      "The 'valid_digits' parameter must be a 'string' with a value of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, *, or #.",
    ],
    [
      'speak',
      { ...speak, payload_type: 'html' },
      "The 'payload_type' parameter must be of type 'string' with a value of either text or ssml.",
    ],
    ['speak', { ...speak, payload: '' }, "The 'payload' parameter should contain between 1 and 5000 characters."],
    [
      'transfer',
      { to: '+15550123', webhook_retries_policies: { 'call.hangup': { retries_ms: [0] } } },
      'The value is outside of allowed range 1 to 60000',
    ],
  ])('the error of the command %s with the body %j has Telnyx’s detail %j', async (command, body, detail) => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const request = test.client.post(`/calls/${caller.id}/actions/${command}`, { body })
    expect(await detailsOf(request)).toEqual([detail])
  })

  it('no detail of an invalid value contains a regular expression or the words of JSON Schema', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    for (const [command, body] of rows) {
      const request = test.client.post(`/calls/${caller.id}/actions/${command}`, { body: body as object })
      for (const detail of await detailsOf(request)) expect(detail).not.toMatch(/pattern|schema|must NOT|\^|\\|"/)
    }
  })

  it('the speak command accepts voice_settings without a type, and a two-letter language of a Soniox voice', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const { actions } = test.client.calls
    const voice = 'Soniox.tts-rt-v2.Emma'
    await actions.speak(caller.id, { payload: 'Ciao', voice, language: 'it' as never })
    await actions.gatherUsingSpeak(caller.id, { payload: 'Ciao', voice, voice_settings: { speed: 1.1 } as never })
  })

  it('ignores unknown body fields of a command, or refuses them when unknownFields is refuse', async () => {
    await using lenient = await testSimulator()
    const caller = await lenient.answeredCall()
    await lenient.client.post(`/calls/${caller.id}/actions/gather`, { body: { max_digits: 4 } })
    await using strict = await testSimulator({ settings: { api: { unknownFields: 'refuse' } } })
    const other = await strict.answeredCall()
    expect(await refusal(strict.client.post(`/calls/${other.id}/actions/gather`, { body: { max_digits: 4 } }))).toEqual(
      ['422 10015 /max_digits'],
    )
  })

  it('accepts null and line breaks that Telnyx does not document, or refuses them when undocumentedValues is refuse', async () => {
    const body = { client_state: 'b25l\nb25l\n', gather_id: null }
    await using lenient = await testSimulator()
    const caller = await lenient.answeredCall()
    await lenient.client.post(`/calls/${caller.id}/actions/gather`, { body })
    expect(caller.view.client_state).toBe('b25lb25l')
    await using strict = await testSimulator({ settings: { api: { undocumentedValues: 'refuse' } } })
    const other = await strict.answeredCall()
    expect(await refusal(strict.client.post(`/calls/${other.id}/actions/gather`, { body }))).toEqual([
      '422 90017 /client_state',
      '422 10026 /gather_id',
    ])
  })

  it('refuses null in a required field as missing', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const body = { payload: null, voice: 'female' }
    expect(await refusal(test.client.post(`/calls/${caller.id}/actions/speak`, { body }))).toEqual([
      '422 10004 /payload',
    ])
  })
})

describe('the state of a call', () => {
  it('refuses gathers and assistants with error 90034 before the call is answered (rule L2)', async () => {
    await using test = await testSimulator()
    const caller = await test.sim.phone.dial()
    const { actions } = test.client.calls
    expect(await refusal(actions.gather(caller.id, {}))).toEqual(['422 90034'])
    expect(await refusal(actions.startAIAssistant(caller.id, {}))).toEqual(['422 90034'])
  })

  it('refuses commands on an ended call with error 90018 and on an unknown call with 90015 (rule L3)', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await caller.hangUp()
    for (const command of ['gather', 'gather_stop', 'hangup', 'answer', 'ai_assistant_stop', 'client_state_update']) {
      const method = command === 'client_state_update' ? 'put' : 'post'
      expect(await refusal(test.client[method](`/calls/${caller.id}/actions/${command}`, { body: {} }))).toEqual([
        '422 90018',
      ])
      expect(await refusal(test.client[method](`/calls/v3:unknown/actions/${command}`, { body: {} }))).toEqual([
        '422 90015 /call_control_id',
      ])
    }
    expect((await test.client.calls.retrieveStatus(caller.id)).data).toMatchObject({
      is_alive: false,
      record_type: 'call',
    })
    await test.clock.advance(600_000)
    expect(await refusal(test.client.calls.retrieveStatus(caller.id))).toEqual(['422 90015 /call_control_id'])
  })

  it('responds to commands in the wrong state with the fields of Telnyx’s errors', async () => {
    await using test = await testSimulator()
    const [ringing, ended] = [await test.sim.phone.dial(), await test.answeredCall()]
    await ended.hangUp()
    const errorsOf = async (id: string) =>
      ((await test.client.calls.actions.gather(id, {}).catch((error) => error)) as InstanceType<typeof Telnyx.APIError>)
        .error
    expect(await errorsOf(ringing.id)).toEqual({
      errors: [
        {
          code: '90034',
          title: 'Call not answered yet',
          detail: "This call can't receive this command because it has not been answered yet.",
        },
      ],
    })
    expect(await errorsOf(ended.id)).toEqual({
      errors: [
        {
          code: '90018',
          title: 'Call has already ended',
          detail: "This call is no longer active and can't receive commands.",
        },
      ],
    })
    expect(await errorsOf('v3:unknown')).toEqual({
      errors: [
        {
          code: '90015',
          title: 'Invalid Call Control ID',
          detail: 'The call_control_id provided was not valid.',
          source: { pointer: '/call_control_id' },
        },
      ],
    })
  })

  it('sends the client_state of the latest accepted command in every webhook (rule L6)', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const { actions } = test.client.calls
    await actions.gather(caller.id, { client_state: 'b25l' })
    await caller.press('1')
    await actions.updateClientState(caller.id, { client_state: 'dHdv' })
    await refusal(actions.gather(caller.id, { client_state: 'dGhyZWU=', maximum_digits: 0 }))
    await refusal(actions.stopAIAssistant(caller.id, { client_state: 'dGhyZWU=' }))
    await caller.press('#')
    await caller.hangUp()
    expect(test.emitted.map(({ payload }) => payload.client_state)).toEqual([
      null,
      null,
      'b25l',
      'dHdv',
      'dHdv',
      'dHdv',
    ])
  })

  it('ignores a second command with the same command_id within 60 s (rule L7)', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const start = () => test.client.calls.actions.startAIAssistant(caller.id, { command_id: 'once' })
    const first = await start()
    expect(first.data?.conversation_id).toMatch(/^[0-9a-f-]{36}$/)
    expect(await start()).toEqual({ data: { result: 'ok' } })
    await test.clock.advance(59_999)
    expect(await start()).toEqual({ data: { result: 'ok' } })
    await test.clock.advance(1)
    expect(await refusal(start())).toEqual(['422 90061'])
  })

  it('with duplicateCommandAnswer same, a duplicate command gets the first response again (rule L7)', async () => {
    await using test = await testSimulator({ settings: { leg: { duplicateCommandAnswer: 'same' } } })
    const caller = await test.answeredCall()
    const start = () => test.client.calls.actions.startAIAssistant(caller.id, { command_id: 'once' })
    expect(await start()).toEqual(await start())
  })

  it('runs two gathers on two legs independently (rule L9)', async () => {
    await using test = await testSimulator()
    const [a, b] = [await test.answeredCall(), await test.answeredCall()]
    await test.client.calls.actions.gather(a.id, { maximum_digits: 1 })
    await test.client.calls.actions.gather(b.id, { maximum_digits: 1 })
    await a.press('1')
    expect(b.view.collecting).toMatchObject({ kind: 'digits', digits: '' })
  })

  it('refuses gather_stop without a gather and a second gather when set to refuse (rules G17, G18)', async () => {
    await using test = await testSimulator({ settings: { gather: { stopWhenIdle: 'refuse', secondGather: 'refuse' } } })
    const caller = await test.answeredCall()
    const { actions } = test.client.calls
    expect(await refusal(actions.stopGather(caller.id, {}))).toEqual(['422 10027 /call_control_id'])
    await actions.gather(caller.id, {})
    expect(await refusal(actions.gather(caller.id, {}))).toEqual(['422 90102 /call_control_id'])
    await actions.stopGather(caller.id, {})
    expect(test.story().slice(2)).toEqual(["call.gather.ended(cancelled '')"])
  })

  it('call.gather.ended contains the gather_id of its gather command', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.gather(caller.id, { gather_id: 'pin', maximum_digits: 1 })
    await caller.press('1')
    expect(test.emitted.at(-1)?.payload.gather_id).toBe('pin')
  })

  it('the reject command ends an incoming call as busy or declined', async () => {
    await using test = await testSimulator()
    const [a, b] = [await test.sim.phone.dial(), await test.sim.phone.dial()]
    await test.client.calls.actions.reject(a.id, { cause: 'USER_BUSY' })
    await test.client.calls.actions.reject(b.id, { cause: 'CALL_REJECTED' })
    expect([a.view.hangup_cause, b.view.hangup_cause]).toEqual(['user_busy', 'call_rejected'])
  })

  it('ends an incoming call with hangup cause timeout when the program does not answer it', async () => {
    await using test = await testSimulator()
    const caller = await test.sim.phone.dial()
    await test.clock.advance(60_000)
    expect(caller.view).toMatchObject({ state: 'ended', hangup_cause: 'timeout' })
  })
})

describe('sound', () => {
  it('plays speak and playback_start in turn, and playback_stop stops only the current sound', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    const { actions } = test.client.calls
    await actions.speak(caller.id, { payload: 'First.', voice: 'female' })
    await actions.startPlayback(caller.id, { audio_url: 'https://example.com/a.wav', loop: 'infinity' })
    await actions.speak(caller.id, { payload: 'Last.', voice: 'female' })
    await test.clock.advance(3_600_000)
    expect(caller.view.speaking?.text).toBe('https://example.com/a.wav')
    await actions.stopPlayback(caller.id, { stop: 'current' })
    expect(caller.view.speaking?.text).toBe('Last.')
    await caller.hangUp()
    expect(test.story().slice(2)).toEqual([
      'call.speak.started',
      'call.speak.ended(completed)',
      'call.playback.started(https://example.com/a.wav)',
      'call.playback.ended(cancelled https://example.com/a.wav)',
      'call.speak.started',
      'call.speak.ended(call_hangup)',
      'call.hangup(normal_clearing)',
    ])
  })

  it('a key during a gather stops the current sound and removes the queued prompt', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.speak(caller.id, { payload: 'A long story.', voice: 'female' })
    await test.client.calls.actions.gatherUsingAudio(caller.id, { media_name: 'menu', maximum_digits: 1 })
    await caller.press('1')
    await test.clock.settle()
    expect(test.story().slice(2)).toEqual([
      'call.speak.started',
      'call.dtmf.received(1)',
      'call.speak.ended(completed)',
      'call.gather.ended(valid 1)',
    ])
  })
})

describe('more than one leg', () => {
  it('dials simulated callees that answer, are busy, decline, or do not answer', async () => {
    await using test = await testSimulator({
      settings: { leg: { callees: { '+15551': 'busy', '+15552': 'reject', '+15553': 'no_answer' } } },
    })
    const dial = async (to: string) =>
      (await test.client.calls.dial({ to, from: '+15550199', connection_id: '1' })).data?.call_control_id ?? ''
    const ids = [await dial('+15550'), await dial('+15551'), await dial('+15552'), await dial('+15553')]
    await test.clock.advance(30_000)
    const views = ids.map((id) => test.sim.calls().find((call) => call.id === id))
    expect(views.map((view) => view?.hangup_cause ?? view?.state)).toEqual([
      'answered',
      'user_busy',
      'call_rejected',
      'timeout',
    ])
    expect(test.emitted[0]?.payload).toMatchObject({ direction: 'outgoing', state: 'bridging', connection_id: '1' })
  })

  it('responds to dial with is_alive false, as Telnyx does, and reports the call as alive from then on', async () => {
    await using test = await testSimulator()
    const { data } = await test.client.calls.dial({ to: '+15550', from: '+15550199', connection_id: '1' })
    expect(data?.is_alive).toBe(false)
    expect((await test.client.calls.retrieveStatus(data?.call_control_id ?? '')).data?.is_alive).toBe(true)
  })

  it('hangs up the other legs when the first of several dialled numbers answers', async () => {
    await using test = await testSimulator({ settings: { leg: { callees: { '+15551': 'no_answer' } } } })
    await test.client.calls.dial({ to: ['+15551', '+15552'], from: '+15550199', connection_id: '1' })
    await test.clock.advance(5000)
    expect(test.sim.calls().map(({ state, hangup_cause }) => hangup_cause ?? state)).toEqual([
      'originator_cancel',
      'answered',
    ])
  })

  it('an outgoing call rings at a phone that waits for it, and the phone answers or declines the call', async () => {
    await using test = await testSimulator()
    const waiting = test.sim.phone.nextCall({ to: '+15557' })
    await test.client.calls.dial({ to: '+15557', from: '+15550199', connection_id: '1', timeout_secs: 60 })
    const callee = await waiting
    await test.clock.advance(10_000)
    expect(callee.view.state).toBe('ringing')
    await callee.answer()
    expect(callee.view.state).toBe('answered')
    const again = test.sim.phone.nextCall()
    await test.client.calls.dial({ to: '+15557', from: '+15550199', connection_id: '1' })
    await (await again).decline('busy')
    expect(test.story().at(-1)).toBe('call.hangup(user_busy)')
  })

  it('transfer dials a new leg in the same session, bridges both legs, and ends them together', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.calls.actions.transfer(caller.id, {
      to: '+15558',
      client_state: 'bWluZQ==',
      target_leg_client_state: 'dGhlaXJz',
    })
    await test.clock.advance(5000)
    const [, target] = test.sim.calls()
    expect(target).toMatchObject({
      to: '+15558',
      from: '+15550199',
      state: 'answered',
      client_state: 'dGhlaXJz',
      bridged_with: caller.id,
      call_session_id: caller.view.call_session_id,
    })
    await caller.hangUp()
    await test.clock.settle()
    expect(test.story().slice(2)).toEqual([
      'call.initiated',
      'call.answered',
      'call.bridged',
      'call.bridged',
      'call.hangup(normal_clearing)',
      'call.hangup(normal_clearing)',
    ])
    expect(test.emitted[2]?.payload.client_state).toBe('dGhlaXJz')
  })

  it('keeps the call answered when its transfer target does not answer', async () => {
    await using test = await testSimulator({ settings: { leg: { callees: { '+15558': 'busy' } } } })
    const caller = await test.answeredCall()
    await test.client.calls.actions.transfer(caller.id, { to: '+15558' })
    await test.clock.advance(5000)
    expect(caller.view).toMatchObject({ state: 'answered', bridged_with: null })
  })

  it('a bridged call with park_after_unbridge stays answered after the other call hangs up', async () => {
    await using test = await testSimulator()
    const [a, b] = [await test.answeredCall(), await test.answeredCall()]
    await test.client.calls.actions.bridge(a.id, { call_control_id_to_bridge_with: b.id, park_after_unbridge: 'self' })
    expect([a.view.bridged_with, b.view.bridged_with]).toEqual([b.id, a.id])
    await b.hangUp()
    expect(a.view).toMatchObject({ state: 'answered', bridged_with: null })
  })

  it('cancels the active gather when an answering machine is detected (rule G20)', async () => {
    await using test = await testSimulator({ settings: { leg: { callees: { '+15559': 'machine' } } } })
    const { data } = await test.client.calls.dial({
      to: '+15559',
      from: '+15550199',
      connection_id: '1',
      answering_machine_detection: 'detect',
    })
    await test.clock.advance(2000)
    await test.client.calls.actions.gather(data?.call_control_id ?? '', {})
    await test.clock.advance(3000)
    expect(test.story().slice(-2)).toEqual(['call.machine.detection.ended', "call.gather.ended(cancelled_amd '')"])
  })

  it('reports answering-machine detection only on request, with premium results for premium detection', async () => {
    await using test = await testSimulator({ settings: { leg: { callees: { '+15559': 'machine' } } } })
    const dial = (to: string, answering_machine_detection?: 'premium' | 'disabled') =>
      test.client.calls.dial({
        to,
        from: '+15550199',
        connection_id: '1',
        ...(answering_machine_detection && { answering_machine_detection }),
      })
    await dial('+15550')
    await dial('+15559', 'disabled')
    await dial('+15559', 'premium')
    await dial('+15550', 'premium')
    await test.clock.advance(10_000)
    const detected = test.emitted.filter(({ event_type }) => event_type.includes('machine'))
    expect(detected.map(({ event_type, payload }) => `${event_type} ${payload.result}`)).toEqual([
      'call.machine.premium.detection.ended machine',
      'call.machine.premium.detection.ended human_residence',
      'call.machine.premium.greeting.ended beep_detected',
    ])
  })

  it('hangs up an outgoing call after time_limit_secs', async () => {
    await using test = await testSimulator()
    await test.client.calls.dial({ to: '+15550', from: '+15550199', connection_id: '1', time_limit_secs: 30 })
    await test.clock.advance(40_000)
    expect(test.story().at(-1)).toBe('call.hangup(time_limit)')
  })

  it('sends call.transcription for caller speech when the answer command enables transcription', async () => {
    await using test = await testSimulator()
    const caller = await test.sim.phone.dial()
    await test.client.calls.actions.answer(caller.id, { transcription: true })
    await caller.say('Hello?')
    expect(test.emitted.at(-1)).toMatchObject({
      event_type: 'call.transcription',
      payload: { transcription_data: { transcript: 'Hello?', is_final: true } },
    })
  })
})

describe('the rest of the API', () => {
  it('GET /v2/call_events and GET /v2/webhook_deliveries return their lists in pages', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await caller.press('123456789*0#')
    await test.clock.settle()
    const events = await test.client.callEvents.list({ filter: { leg_id: caller.view.call_leg_id, type: 'webhook' } })
    expect(events.data.map(({ name }) => name).slice(0, 3)).toEqual([
      'call.initiated',
      'call.answered',
      'call.dtmf.received',
    ])
    const page = await test.client.webhookDeliveries.list({ 'page[size]': 5 } as never)
    expect(page.data).toHaveLength(5)
    expect(page.meta).toMatchObject({ total_results: 14, total_pages: 3 })
    const all: string[] = []
    for await (const delivery of test.client.webhookDeliveries.list()) all.push(delivery.id ?? '')
    expect(new Set(all).size).toBe(14)
    const one = await test.client.webhookDeliveries.retrieve(all[0] ?? '')
    expect(one.data).toMatchObject({
      status: 'delivered',
      attempts: [{ status: 'delivered', http: { response: { status: 200 } } }],
    })
  })

  it('GET /v2/call_events filters by time, includes whole events, and lists one day without a leg filter', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.clock.advance(1000)
    const since = new Date(test.clock.now()).toISOString()
    await caller.press('7')
    await test.clock.settle()
    const { callEvents, webhookDeliveries } = test.client
    const { data } = await callEvents.list({ filter: { occurred_at: { gte: since } } })
    expect(data.map(({ metadata }) => metadata)).toEqual([test.emitted.at(-1)])
    expect((await webhookDeliveries.list({ filter: { started_at: { gte: since } } })).data).toHaveLength(1)
    await test.clock.advance(86_400_000)
    const types = async (filter: Parameters<typeof callEvents.list>[0]) =>
      (await callEvents.list(filter)).data.map(({ name }) => name)
    expect(await types({})).not.toContain('call.initiated')
    expect(await types({ filter: { leg_id: caller.view.call_leg_id } })).toContain('call.initiated')
  })

  it('accepts each simulated command from the official Telnyx SDK', async () => {
    await using test = await testSimulator()
    const { actions } = test.client.calls
    const caller = await test.sim.phone.dial()
    const ok = { data: { result: 'ok' } }
    expect(await actions.answer(caller.id, {})).toEqual(ok)
    expect(await actions.sendDtmf(caller.id, { digits: '1w2A#' })).toEqual(ok)
    expect(await actions.speak(caller.id, { payload: 'Hello', voice: 'male' })).toEqual(ok)
    expect(await actions.startPlayback(caller.id, { media_name: 'hold' })).toEqual(ok)
    expect(await actions.stopPlayback(caller.id, { stop: 'all' })).toEqual(ok)
    expect(await actions.gather(caller.id, {})).toEqual(ok)
    expect(await actions.gatherUsingSpeak(caller.id, { payload: 'PIN', voice: 'female' })).toEqual(ok)
    expect(await actions.gatherUsingAudio(caller.id, { media_name: 'pin' })).toEqual(ok)
    expect(await actions.stopGather(caller.id, {})).toEqual(ok)
    const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(await actions.gatherUsingAI(caller.id, { parameters: { type: 'object', properties: {} } })).toEqual({
      data: { result: 'ok', conversation_id: uuid },
    })
    expect(await actions.stopAIAssistant(caller.id, {})).toEqual(ok)
    expect(await actions.startAIAssistant(caller.id, {})).toEqual({ data: { result: 'ok', conversation_id: uuid } })
    expect(await actions.addAIAssistantMessages(caller.id, {})).toEqual(ok)
    expect(await actions.updateClientState(caller.id, { client_state: 'eA==' })).toEqual(ok)
    expect(await actions.transfer(caller.id, { to: '+15550' })).toEqual(ok)
    expect(await actions.hangup(caller.id, {})).toEqual(ok)
  })

  it('GET /v2/public_key returns the public key of the webhook signatures', async () => {
    await using test = await testSimulator()
    expect(await test.client.get('/public_key')).toMatchObject({ data: { public: test.sim.publicKey } })
  })

  it('accepts a trailing slash on every API path', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    await test.client.post('/calls/', { body: { to: '+15550', from: '+15550199', connection_id: '1' } })
    await test.client.post(`/calls/${caller.id}/actions/gather/`, { body: {} })
    await test.client.get(`/calls/${caller.id}/`)
    const headers = { authorization: 'Bearer KEY' }
    expect((await test.sim.fetch(new URL('/_sim/calls/', test.sim.url), { headers })).status).toBe(200)
  })

  it('responds to unknown endpoints with 404 in Telnyx’s error format', async () => {
    await using test = await testSimulator()
    const caller = await test.answeredCall()
    expect(await refusal(test.client.post(`/calls/${caller.id}/actions/siprec_start`, { body: {} }))).toEqual([
      '404 10005',
    ])
    expect(await refusal(test.client.get(`/calls/${caller.id}/actions/gather`))).toEqual(['404 10005'])
    expect(await refusal(test.client.messages.sendLongCode({ to: '+1', from: '+1', text: 'x' }))).toEqual(['404 10005'])
    expect(await refusal(test.client.post('/calls/a/b/c/d/e/f', { body: {} }))).toEqual(['404 10005'])
  })

  it('responds with 401 to a request without an API key, or with a key that is not in apiKeys', async () => {
    await using test = await testSimulator({ settings: { api: { apiKeys: ['right'] } } })
    const as = (apiKey: string | null) =>
      new Telnyx({ apiKey, baseURL: test.sim.url, fetch: test.sim.fetch, maxRetries: 0 })
    expect(await refusal(as('wrong').get('/public_key'))).toEqual(['401 10009'])
    expect(await refusal(as(null).get('/public_key'))).toEqual(['401 10009'])
    await as('right').get('/public_key')
  })

  it('counts requests in the rate limit headers, and with enforceRateLimit refuses excess requests with 429', async () => {
    await using sim = await createSimulator({
      clock: virtualClock(),
      settings: { api: { rateLimit: 2, enforceRateLimit: true } },
    })
    const get = () => sim.fetch(`${sim.url}/public_key`, { headers: { authorization: 'Bearer KEY' } })
    const answers = [await get(), await get(), await get()]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(answers.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['1', '0', '0'])
    expect(answers[0]?.headers.get('x-ratelimit-limit')).toBe('2')
    expect(Number(answers[2]?.headers.get('x-ratelimit-reset'))).toBeLessThanOrEqual(60)
    expect(await answers[2]?.json()).toMatchObject({ errors: [{ code: '10011', title: 'Too many requests' }] })
    await sim.clock?.advance(60_000)
    expect((await get()).status).toBe(200)
  })
})

describe('faults of the API', () => {
  const gather = async (faults: Parameters<typeof testSimulator>[0]) => {
    const test = await testSimulator({ ...faults, seed: 1 })
    const caller = await test.answeredCall()
    return { test, caller, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() }
  }
  const only = ['gather']

  it('the apiError fault responds with 500 and does not run the command', async () => {
    await using run = await gather({ faults: { apiError: { rate: 1, only } } })
    expect(await refusal(run.test.client.calls.actions.gather(run.caller.id, {}))).toEqual(['500 10007'])
    expect(run.caller.view.collecting).toBeNull()
  })

  it('the apiRateLimit fault responds to a command with 429', async () => {
    await using run = await gather({ faults: { apiRateLimit: { rate: 1, only } } })
    expect(await refusal(run.test.client.calls.actions.gather(run.caller.id, {}))).toEqual(['429 10011'])
  })

  it('the apiAnswerLost fault runs the command without a response, and command_id deduplicates the retry', async () => {
    await using run = await gather({ faults: { apiAnswerLost: { rate: 1, only, times: 1 } } })
    const client = new Telnyx({ apiKey: 'KEY', baseURL: run.test.sim.url, maxRetries: 1 })
    await client.calls.actions.gather(run.caller.id, { command_id: 'once' })
    expect(run.test.story()).toEqual(['call.initiated', 'call.answered'])
    expect(run.caller.view.collecting).not.toBeNull()
  })

  it('the apiReset fault closes the connection without running the command, with and without a socket', async () => {
    await using run = await gather({ faults: { apiReset: { rate: 1, only } } })
    const overSocket = new Telnyx({ apiKey: 'KEY', baseURL: run.test.sim.url, maxRetries: 0 })
    await expect(overSocket.calls.actions.gather(run.caller.id, {})).rejects.toBeInstanceOf(Telnyx.APIConnectionError)
    await expect(run.test.client.calls.actions.gather(run.caller.id, {})).rejects.toBeInstanceOf(
      Telnyx.APIConnectionError,
    )
    expect(run.caller.view.collecting).toBeNull()
  })

  it('the apiLatency fault delays the response to a command', async () => {
    await using run = await gather({ faults: { apiLatency: { rate: 1, only, ms: 700 } } })
    let answered = false
    const asked = run.test.client.calls.actions.gather(run.caller.id, {}).then(() => {
      answered = true
    })
    await run.test.clock.advance(699)
    expect(answered).toBe(false)
    await run.test.clock.advance(1)
    await asked
  })
})
