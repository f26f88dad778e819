import { describe, expect, it } from 'vitest'
import { aiGather } from './ai-gather.ts'
import { Caller } from './caller.test-kit.ts'
import type { AiSettings } from './settings.ts'

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const person = object({ age: { type: 'integer' }, city: { type: 'string' } })
const booking = object({
  name: { type: 'string', title: 'Patient name' },
  dob: { type: 'string', format: 'date', title: 'Date of birth' },
  time: { type: 'string', format: 'date-time', title: 'Preferred time' },
})

const gather = (params: Record<string, unknown>, settings: Partial<AiSettings> = {}) =>
  new Caller(aiGather, params, settings)
const result = (caller: { payload(type: string): Record<string, unknown> }) => caller.payload('call.ai_gather.ended')

describe('a gather from greeting to result', () => {
  it('an AI gather takes speech verbatim for a string field and extracts the number for an integer field', () => {
    const caller = gather({ parameters: person, greeting: 'Hello, how old are you?' }).say(
      "I'm 29",
      'in Paris, I think',
    )
    expect(result(caller)).toMatchObject({ result: { age: 29, city: 'in Paris, I think' }, status: 'valid' })
    expect(result(caller).message_history).toEqual([
      { role: 'assistant', content: 'Hello, how old are you?' },
      { role: 'user', content: "I'm 29" },
      { role: 'assistant', content: 'Got it: 29. What is your city?' },
      { role: 'user', content: 'in Paris, I think' },
    ])
  })

  it.each([
    'I do not know',
    'it is not working',
    'Thanks bye',
    'I need clearance for knee surgery',
    'yes',
    'no',
    'hello',
    'sorry',
  ])('an AI gather takes the speech %j verbatim as the answer to a string field', (words) => {
    const parameters = object({ reason: { type: 'string', description: 'The reason, transcribed verbatim' } })
    expect(result(gather({ parameters, greeting: 'Why?' }).say(words)).result).toEqual({ reason: words })
  })

  it('an AI gather takes several answers from speech that is a JSON object', () => {
    const caller = gather({ parameters: person, greeting: 'Hello.' }).say('{"city":"Paris","age":29,"other":1}')
    expect(result(caller)).toMatchObject({ status: 'valid', result: { age: 29, city: 'Paris' } })
  })

  it('an AI gather asks for each missing field in turn and reads answers back', () => {
    const caller = gather({ parameters: booking, greeting: 'Thanks for calling.' })
    caller.say('Anna Smith', 'the 14th of May 1991', '26 November 2026 10:00').listen()
    expect(caller.heard).toEqual([
      'Thanks for calling.',
      'What is your patient name?',
      'Got it: Anna Smith. What is your date of birth?',
      'Got it: 1991-05-14. What is your preferred time?',
    ])
    expect(result(caller).result).toEqual({ name: 'Anna Smith', dob: '1991-05-14', time: '2026-11-26T10:00:00Z' })
  })

  it('emits AI gather events in the documented order, with requested history updates and partial results', () => {
    const caller = gather({
      parameters: person,
      greeting: 'How old are you?',
      gather_ended_speech: 'Thank you.',
      send_partial_results: true,
      send_message_history_updates: true,
    })
    caller.say('29', 'Paris').listen()
    expect(caller.eventTypes).toEqual([
      'call.conversation.created',
      'call.ai_gather.message_history_updated', // the greeting
      'call.ai_gather.message_history_updated', // 29
      'call.ai_gather.partial_results',
      'call.ai_gather.message_history_updated', // the next question
      'call.ai_gather.message_history_updated', // Paris
      'call.ai_gather.partial_results',
      'call.ai_gather.message_history_updated', // the ended speech
      'call.ai_gather.ended',
      'call.conversation.ended',
    ])
    expect(caller.heard.at(-1)).toBe('Thank you.')
    const plain = gather({ parameters: person, greeting: 'How old are you?' }).say('29', 'Paris')
    expect(plain.eventTypes).toEqual(['call.conversation.created', 'call.ai_gather.ended', 'call.conversation.ended'])
  })

  it('call.ai_gather.partial_results contains all answers of the AI gather so far', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?', send_partial_results: true }).say(
      '29',
      'Paris',
    )
    const partial = caller.events
      .filter(({ event_type }) => event_type === 'call.ai_gather.partial_results')
      .map(({ payload }) => payload.partial_results)
    expect(partial).toEqual([{ age: 29 }, { age: 29, city: 'Paris' }])
  })

  it('ends an AI gather after the first answer when no field is required', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' }, city: { type: 'string' } }, []),
      greeting: 'Tell me something.',
    }).say('29')
    expect(result(caller)).toMatchObject({ result: { age: 29 }, status: 'valid' })
  })

  it('an AI gather without a greeting asks its first question after a pause', () => {
    const caller = gather({ parameters: person })
    expect(caller.heard).toEqual([])
    expect(caller.wait().heard).toEqual(['What is your age?'])
  })

  it('an AI gather continues the message_history of its command', () => {
    const caller = gather({
      parameters: person,
      message_history: [
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'Hello.' },
      ],
    })
    expect(caller.heard).toEqual(['What is your age?'])
    caller.say('29', 'Paris')
    expect(result(caller).message_history).toMatchObject([
      { content: 'Hi.' },
      { content: 'Hello.' },
      { content: 'What is your age?' },
      { content: '29' },
      {},
      {},
    ])
  })

  it('call.conversation.ended reports the duration and the models of an AI gather', () => {
    const caller = gather({
      parameters: person,
      greeting: 'Age?',
      voice: 'AWS.Polly.Joanna-Neural',
      assistant: { model: 'openai/gpt-4o' },
      transcription: { model: 'deepgram/nova-3' },
    })
    caller.say('29')
    caller.now += 4200
    caller.say('Paris')
    expect(caller.payload('call.conversation.ended')).toMatchObject({
      duration_sec: 4,
      llm_model: 'openai/gpt-4o',
      stt_model: 'deepgram/nova-3',
      tts_provider: 'aws',
      tts_model_id: 'Polly',
      tts_voice_id: 'Joanna-Neural',
      calling_party_type: 'pstn',
      reason: null,
    })
  })
})

describe('callers who do not answer', () => {
  it('an AI gather skips an optional field after two misunderstood answers', () => {
    const parameters = object({ guests: { type: 'integer' }, town: { type: 'string' } }, ['town'])
    const caller = gather({ parameters, greeting: 'Hello.' }).say('many', 'quite a few', 'Bonn')
    expect(result(caller)).toMatchObject({ status: 'valid', result: { town: 'Bonn' } })
  })

  it('an AI gather repeats its question after silence, and gives up after the third silence', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?', user_response_timeout_ms: 4000 })
    const start = caller.now
    expect(caller.wait().lastSpeech).toBe('Are you still there? What is your age?')
    expect(caller.now - start).toBe(4000)
    expect(caller.wait().lastSpeech).toMatch(/^I am afraid I cannot hear you/)
    caller.wait()
    expect(result(caller)).toMatchObject({ status: 'invalid', result: {} })
    expect(caller.isOver).toBe(true)
  })

  it('an AI gather that collected nothing ends with a null result when emptyResult is null', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }, { emptyResult: 'null' }).feed({
      type: 'stop',
    })
    expect(result(caller)).toMatchObject({ status: 'invalid', result: null })
  })

  it('an AI gather gives up with client_error when gaveUpStatus is client_error', () => {
    const caller = gather(
      { parameters: person, greeting: 'How old are you?' },
      { silencesBeforeGivingUp: 1, gaveUpStatus: 'client_error' },
    )
      .say('29')
      .wait()
    expect(result(caller)).toMatchObject({ status: 'client_error', result: null })
  })

  it('an AI gather resets its silence count after an answer', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }, { silencesBeforeGivingUp: 2 })
      .wait()
      .say('29')
      .wait()
    expect(caller.isOver).toBe(false)
  })

  it('an AI gather explains the expected format after an invalid answer', () => {
    const caller = gather({
      parameters: object({ guests: { type: 'integer', minimum: 1, maximum: 8 } }),
      greeting: 'Hello.',
    }).say('twelve')
    expect(caller.listen().lastSpeech).toBe(
      'Sorry, I did not catch that. Please say a number between 1 and 8. What is your guests?',
    )
  })

  it('an AI gather gives up after misunderstandingsBeforeGivingUp invalid answers', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' })
      .say('blue', 'green', 'red', 'purple')
      .listen()
    expect(result(caller)).toMatchObject({ status: 'invalid', result: {} })
  })
})

describe('interruptions, stop, hangup', () => {
  it('an AI gather stops speaking when the caller interrupts, and takes the answer', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' }).interrupt(
      '29',
    )
    expect(caller.effects).toContainEqual({ do: 'stop-sound' })
    expect(result(caller).result).toEqual({ age: 29 })
  })

  it('an AI gather without interruptions ignores what the caller says while it speaks', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' } }),
      greeting: 'How old are you?',
      interruption_settings: { enable: false },
    }).interrupt('29')
    expect(caller.effects).not.toContainEqual({ do: 'stop-sound' })
    expect(caller.isOver).toBe(false)
    expect(result(caller.say('30')).result).toEqual({ age: 30 })
  })

  it.each([
    ['stop', null],
    ['hangup', 'customer_disconnect'],
  ] as const)('ends an AI gather as invalid with its partial result on %s', (type, reason) => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).say('29').feed({ type })
    expect(caller.eventTypes.slice(-2)).toEqual(['call.ai_gather.ended', 'call.conversation.ended'])
    expect(result(caller)).toMatchObject({ status: 'invalid', result: { age: 29 } })
    expect(caller.payload('call.conversation.ended').reason).toBe(reason)
    expect(caller.isOver).toBe(true)
  })

  it('an AI gather keeps its valid result when the caller hangs up during the closing words', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' } }),
      greeting: 'How old are you?',
      gather_ended_speech: 'Thank you very much.',
    })
      .say('29')
      .feed({ type: 'hangup' })
    expect(result(caller)).toMatchObject({ status: 'valid', result: { age: 29 } })
    expect(caller.eventTypes.filter((type) => type === 'call.ai_gather.ended')).toHaveLength(1)
  })

  it('ignores every input after an AI gather has ended', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' }).say('29')
    const before = caller.effects.length
    caller
      .feed({ type: 'said', text: 'hello?' })
      .feed({ type: 'hangup' })
      .feed({ type: 'timer', name: 'user-response' })
      .feed({ type: 'stop' })
    expect(caller.effects).toHaveLength(before)
  })

  it('an AI gather ignores keys that the caller presses', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).listen()
    const before = caller.effects.length
    caller.feed({ type: 'key', digit: '5' })
    expect(caller.effects).toHaveLength(before)
  })
})

describe('messages added from outside', () => {
  it('ai_assistant_add_messages fills the field of an AI gather that a message names', () => {
    const caller = gather({ parameters: booking, greeting: 'Hello.', send_partial_results: true }).listen()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'system', content: "The caller's patient name is Anna Smith." }],
      trigger_response: false,
    })
    expect(caller.payload('call.ai_gather.partial_results').partial_results).toEqual({ name: 'Anna Smith' })
    expect(caller.feed({ type: 'messages', messages: [], trigger_response: true }).lastSpeech).toBe(
      'What is your date of birth?',
    )
  })

  it('an AI gather speaks an added message in its next reply', () => {
    const caller = gather({ parameters: booking, greeting: 'Hello.' }).listen()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'system', content: 'Offer Thursday first.' }],
      trigger_response: false,
    })
    expect(caller.say('Anna').listen().lastSpeech).toBe(
      'Got it: Anna. A colleague adds: Offer Thursday first. What is your date of birth?',
    )
  })

  it('an added message with trigger_response interrupts the AI gather, which replies immediately', () => {
    const caller = gather({ parameters: booking, greeting: 'A very long greeting.' })
    caller.feed({
      type: 'messages',
      messages: [{ role: 'user', content: 'Apologise for the wait.' }],
      trigger_response: true,
    })
    expect(caller.lastSpeech).toBe('A colleague adds: Apologise for the wait. What is your patient name?')
  })
})

describe('every shape of schema', () => {
  const ends = (parameters: Record<string, unknown>, says: string[], expected: unknown) => {
    const caller = gather({ parameters, greeting: 'Hello.' })
      .say(...says)
      .listen()
    expect(result(caller)).toMatchObject({ status: 'valid' })
    expect(result(caller).result).toEqual(expected)
  }

  it('an AI gather asks for the fields of nested objects', () => {
    ends(
      object({ address: object({ street: { type: 'string' }, zip: { type: 'string', pattern: '^\\d{5}$' } }) }),
      ['5 Main Street', '1 2 3 4 5'],
      { address: { street: '5 Main Street', zip: '12345' } },
    )
  })

  it('an AI gather collects several answers for a list', () => {
    ends(object({ toppings: { type: 'array', items: { type: 'string' } } }), ['ham, olives and extra cheese'], {
      toppings: ['ham', 'olives', 'extra cheese'],
    })
    ends(object({ sizes: { type: 'array', items: { enum: ['small', 'large', 'huge'] } } }), ['small and huge'], {
      sizes: ['small', 'huge'],
    })
    ends(object({ ages: { type: 'array', items: { type: 'integer' }, maxItems: 2 } }), ['29 and 31'], {
      ages: [29, 31],
    })
  })

  it('an AI gather accepts a list of objects as JSON', () => {
    const parameters = object({
      passengers: { type: 'array', items: object({ name: { type: 'string' }, age: { type: 'integer' } }) },
    })
    ends(parameters, ['Anna and Ben', '[{"name":"Anna","age":29}]'], { passengers: [{ name: 'Anna', age: 29 }] })
  })

  it('an AI gather resolves $ref, const, nullable types, titled options and allOf of its schema', () => {
    ends(
      {
        $defs: {
          size: {
            oneOf: [
              { const: 's', title: 'Small' },
              { const: 'l', title: 'Large' },
            ],
          },
        },
        allOf: [object({ size: { $ref: '#/$defs/size' } })],
        ...object({ kind: { const: 'order' }, note: { type: ['string', 'null'] } }),
      },
      ['null', 'the large one'],
      { kind: 'order', note: 'null', size: 'l' },
    )
  })

  it('an AI gather asks for a field that an if/then rule of its schema requires', () => {
    const parameters = {
      ...object({ delivery: { type: 'boolean' }, street: { type: 'string' } }, ['delivery']),
      if: { properties: { delivery: { const: true } } },
      // biome-ignore lint/suspicious/noThenProperty: `then` is a JSON Schema keyword.
      then: { required: ['street'] },
    }
    ends(parameters, ['yes', '5 Main Street'], { delivery: true, street: '5 Main Street' })
  })

  it('ends an AI gather immediately when its schema has no fields', () => {
    ends(object({}), [], {})
  })

  it('an AI gather collects a property named __proto__ without changing any prototype', () => {
    const parameters = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"integer"},"constructor":{"type":"string"}},"required":["__proto__","constructor"]}',
    )
    const caller = gather({ parameters, greeting: 'Hello.' }).say('29', 'Anna').listen()
    expect(JSON.stringify(result(caller).result)).toBe('{"__proto__":29,"constructor":"Anna"}')
    expect(Reflect.get({}, 'age')).toBeUndefined()
  })
})
