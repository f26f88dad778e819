import { describe, expect, it } from 'vitest'
import { Caller } from '../caller.test-kit.ts'
import type { AiSettings } from '../settings.ts'
import { aiGather } from './machine.ts'

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
  it('understands two answers in one sentence', () => {
    const caller = gather({ parameters: person, greeting: 'Hello, can you tell me your age and where you live?' })
    caller.say("Hello, I'm 29 and I live in Paris?")
    expect(result(caller)).toMatchObject({ result: { age: 29, city: 'Paris' }, status: 'valid' })
    expect(result(caller).message_history).toEqual([
      { role: 'assistant', content: 'Hello, can you tell me your age and where you live?' },
      { role: 'user', content: "Hello, I'm 29 and I live in Paris?" },
    ])
  })

  it('asks for what is missing, one thing after the other, and says back what it understood', () => {
    const caller = gather({ parameters: booking, greeting: 'Thanks for calling.' })
    caller.say('Anna Smith', 'the fourteenth of May nineteen ninety-one', 'Thursday at ten').listen()
    expect(caller.heard).toEqual([
      'Thanks for calling.',
      'What is your patient name?',
      'Thank you, Anna Smith. What is your date of birth?',
      'Got it, 14 May 1991. What time would you prefer?',
    ])
    expect(result(caller).result).toEqual({ name: 'Anna Smith', dob: '1991-05-14', time: '2026-11-26T10:00:00Z' })
  })

  it('emits in the documented order, updates and partial results only when asked for', () => {
    const caller = gather({
      parameters: person,
      greeting: 'How old are you?',
      gather_ended_speech: 'Thank you.',
      send_partial_results: true,
      send_message_history_updates: true,
    })
    caller.say('29', 'Paris').listen()
    expect(caller.order).toEqual([
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
    expect(plain.order).toEqual(['call.conversation.created', 'call.ai_gather.ended', 'call.conversation.ended'])
  })

  it('sends full snapshots and cumulative partial results', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?', send_partial_results: true }).say(
      '29',
      'Paris',
    )
    const partial = caller.events
      .filter(({ event_type }) => event_type === 'call.ai_gather.partial_results')
      .map(({ payload }) => payload.partial_results)
    expect(partial).toEqual([{ age: 29 }, { age: 29, city: 'Paris' }])
  })

  it('ends with the first value when nothing is required', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' }, city: { type: 'string' } }, []),
      greeting: 'Tell me something.',
    }).say('29')
    expect(result(caller)).toMatchObject({ result: { age: 29 }, status: 'valid' })
  })

  it('plays nothing at the start without a greeting, and opens the conversation after a pause', () => {
    const caller = gather({ parameters: person })
    expect(caller.heard).toEqual([])
    expect(caller.wait().heard).toEqual(['How old are you?'])
  })

  it('knows what was said before', () => {
    const caller = gather({
      parameters: person,
      message_history: [
        { role: 'assistant', content: 'Hi.' },
        { role: 'user', content: 'Hello.' },
      ],
    })
    expect(caller.heard).toEqual(['How old are you?'])
    caller.say('29', 'Paris')
    expect(result(caller).message_history).toMatchObject([
      { content: 'Hi.' },
      { content: 'Hello.' },
      { content: 'How old are you?' },
      { content: '29' },
      {},
      {},
    ])
  })

  it('tells how long it lasted and with which models', () => {
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

describe('corrections', () => {
  it.each([
    ['I said 29, not 39', { age: 29 }],
    ['no, 29', { age: 29 }],
    ['sorry, I meant twenty nine', { age: 29 }],
    ['actually my age is 29', { age: 29 }],
  ])('%j changes the age', (words, expected) => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).say('39', words, 'Paris')
    expect(result(caller).result).toMatchObject(expected)
    expect(
      caller.heard.some(
        (text) =>
          text.startsWith('Sorry, I have changed that') || text.startsWith('Got it') || text.startsWith('Thanks'),
      ),
    ).toBe(true)
  })

  it('"no, Tuesday" changes the day and keeps the hour', () => {
    const caller = gather({
      parameters: object({ time: { type: 'string', format: 'date-time' }, name: { type: 'string' } }),
      greeting: 'When?',
    })
    caller.say('Thursday at ten', 'no, Tuesday', 'Anna')
    expect(result(caller).result).toEqual({ time: '2026-11-24T10:00:00Z', name: 'Anna' })
  })

  it('takes an answer back that was only called wrong, and asks again', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).say('39', "no, that's wrong")
    expect(caller.listen().last).toBe('Sorry about that. How old are you?')
    caller.say('29', 'Paris')
    expect(result(caller).result).toEqual({ age: 29, city: 'Paris' })
  })

  it('a bare "no" answers a yes-or-no question and corrects nothing', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' }, vegan: { type: 'boolean' } }),
      greeting: 'How old are you?',
    }).say('39', 'no')
    expect(result(caller).result).toEqual({ age: 39, vegan: false })
  })

  it('puts the halves of a date and time together', () => {
    const caller = gather({
      parameters: object({ when: { type: 'string', format: 'date-time' } }),
      greeting: 'When?',
    }).say('tomorrow')
    expect(caller.listen().last).toBe('23 November 2026. At what time?')
    expect(result(caller.say('ten')).result).toEqual({ when: '2026-11-23T10:00:00Z' })
  })
})

describe('callers who do not answer', () => {
  it('is asked again when they ask, given time when they need it, told why when they wonder', () => {
    const caller = gather({
      parameters: object({ code: { type: 'string', description: 'The code on your letter.' } }),
      greeting: 'What is your code?',
    })
    expect(caller.say('sorry?').listen().last).toBe('What is the code on your letter?')
    expect(caller.say('hang on a second').listen().last).toBe('Of course, take your time.')
    expect(caller.say('why do you need that?').listen().last).toBe(
      'I am asking for this: The code on your letter. What is the code on your letter?',
    )
    expect(caller.over).toBe(false)
  })

  it('a refusal of a required field is asked about once more, then ends the gather invalid with what there is', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).say('29', "I'd rather not say")
    expect(caller.listen().last).toMatch(/^I understand, but I do need your city/)
    caller.say('none of your business').listen()
    expect(result(caller)).toMatchObject({ status: 'invalid', result: { age: 29 } })
  })

  it('an optional field is passed over, and takes its default if it has one', () => {
    const parameters = object(
      { pet: { type: 'string', default: 'none' }, town: { type: 'string' }, age: { type: 'integer' } },
      ['age'],
    )
    const caller = gather({ parameters, greeting: 'Hello.' }).say('I have no idea', 'skip', '29')
    expect(result(caller)).toMatchObject({ status: 'valid', result: { pet: 'none', age: 29 } })
  })

  it('refusing a question of an optional object refuses the object', () => {
    const parameters = object(
      { address: object({ street: { type: 'string' }, town: { type: 'string' } }), age: { type: 'integer' } },
      ['age'],
    )
    const caller = gather({ parameters, greeting: 'Hello.' }).say("I'd rather not say", '29')
    expect(result(caller)).toMatchObject({ status: 'valid', result: { age: 29 } })
  })

  it('silence is met by asking again, then by giving up', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?', user_response_timeout_ms: 4000 })
    const start = caller.now
    expect(caller.wait().last).toBe('Are you still there? How old are you?')
    expect(caller.now - start).toBe(4000)
    expect(caller.wait().last).toMatch(/^I am afraid I cannot hear you/)
    caller.wait()
    expect(result(caller)).toMatchObject({ status: 'invalid', result: {} })
    expect(caller.over).toBe(true)
  })

  it('tells that there is nothing by null, if told so', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }, { emptyResult: 'null' }).feed({
      type: 'stop',
    })
    expect(result(caller)).toMatchObject({ status: 'invalid', result: null })
  })

  it('gives up as the real platform was seen to, if told so', () => {
    const caller = gather(
      { parameters: person, greeting: 'How old are you?' },
      { silencesBeforeGivingUp: 1, gaveUpStatus: 'client_error' },
    )
      .say('29')
      .wait()
    expect(result(caller)).toMatchObject({ status: 'client_error', result: null })
  })

  it('an answer breaks the run of silences', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }, { silencesBeforeGivingUp: 2 })
      .wait()
      .say('29')
      .wait()
    expect(caller.over).toBe(false)
  })

  it('says what is wrong with an answer it understood', () => {
    const caller = gather({
      parameters: object({ guests: { type: 'integer', minimum: 1, maximum: 8 } }),
      greeting: 'Hello.',
    }).say('twelve')
    expect(caller.listen().last).toBe('It has to be between 1 and 8. How many guests?')
  })

  it('does not ask for ever', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' })
      .say('blue', 'green', 'red', 'purple')
      .listen()
    expect(result(caller)).toMatchObject({ status: 'invalid', result: {} })
  })
})

describe('interruptions, stop, hangup', () => {
  it('an interruption silences the assistant and is heard', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' }).interrupt(
      '29',
    )
    expect(caller.effects).toContainEqual({ do: 'silence' })
    expect(result(caller).result).toEqual({ age: 29 })
  })

  it('with interruptions off, what is said over the assistant is not heard', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' } }),
      greeting: 'How old are you?',
      interruption_settings: { enable: false },
    }).interrupt('29')
    expect(caller.effects).not.toContainEqual({ do: 'silence' })
    expect(caller.over).toBe(false)
    expect(result(caller.say('30')).result).toEqual({ age: 30 })
  })

  it.each([
    ['stop', null],
    ['hangup', 'customer_disconnect'],
  ] as const)('%s ends it invalid with what there is', (type, reason) => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).say('29').feed({ type })
    expect(caller.order.slice(-2)).toEqual(['call.ai_gather.ended', 'call.conversation.ended'])
    expect(result(caller)).toMatchObject({ status: 'invalid', result: { age: 29 } })
    expect(caller.payload('call.conversation.ended').reason).toBe(reason)
    expect(caller.over).toBe(true)
  })

  it('a hangup over the last words does not undo a result that is complete', () => {
    const caller = gather({
      parameters: object({ age: { type: 'integer' } }),
      greeting: 'How old are you?',
      gather_ended_speech: 'Thank you very much.',
    })
      .say('29')
      .feed({ type: 'hangup' })
    expect(result(caller)).toMatchObject({ status: 'valid', result: { age: 29 } })
    expect(caller.order.filter((type) => type === 'call.ai_gather.ended')).toHaveLength(1)
  })

  it('after its end it does nothing more', () => {
    const caller = gather({ parameters: object({ age: { type: 'integer' } }), greeting: 'How old are you?' }).say('29')
    const before = caller.effects.length
    caller
      .feed({ type: 'said', text: 'hello?' })
      .feed({ type: 'hangup' })
      .feed({ type: 'woke', name: 'user-response' })
      .feed({ type: 'stop' })
    expect(caller.effects).toHaveLength(before)
  })

  it('keys are the call’s own affair', () => {
    const caller = gather({ parameters: person, greeting: 'How old are you?' }).listen()
    const before = caller.effects.length
    caller.feed({ type: 'key', digit: '5' })
    expect(caller.effects).toHaveLength(before)
  })
})

describe('messages added from outside', () => {
  it('a field that is named is filled', () => {
    const caller = gather({ parameters: booking, greeting: 'Hello.', send_partial_results: true }).listen()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'system', content: "The caller's patient name is Anna Smith." }],
      trigger_response: false,
    })
    expect(caller.payload('call.ai_gather.partial_results').partial_results).toEqual({ name: 'Anna Smith' })
    expect(caller.feed({ type: 'messages', messages: [], trigger_response: true }).last).toBe(
      'What is your date of birth?',
    )
  })

  it('an order is carried out in the next reply', () => {
    const caller = gather({ parameters: booking, greeting: 'Hello.' }).listen()
    caller.feed({
      type: 'messages',
      messages: [{ role: 'system', content: 'Offer Thursday first.' }],
      trigger_response: false,
    })
    expect(caller.say('Anna').listen().last).toBe(
      'Thank you, Anna. I can offer you Thursday first. What is your date of birth?',
    )
  })

  it('trigger_response answers at once, over whatever is being said', () => {
    const caller = gather({ parameters: booking, greeting: 'A very long greeting.' })
    caller.feed({
      type: 'messages',
      messages: [{ role: 'user', content: 'Apologise for the wait.' }],
      trigger_response: true,
    })
    expect(caller.last).toBe('I am sorry about the wait. What is your patient name?')
  })
})

describe('every shape of schema', () => {
  const ends = (
    parameters: Record<string, unknown>,
    says: string[],
    expected: unknown,
    settings: Partial<AiSettings> = {},
  ) => {
    const caller = gather({ parameters, greeting: 'Hello.' }, settings)
      .say(...says)
      .listen()
    expect(result(caller)).toMatchObject({ status: 'valid' })
    expect(result(caller).result).toEqual(expected)
  }

  it('nested objects', () => {
    ends(
      object({ address: object({ street: { type: 'string' }, zip: { type: 'string', pattern: '^\\d{5}$' } }) }),
      ['5 Main Street', 'one two three four five'],
      { address: { street: '5 Main Street', zip: '12345' } },
    )
  })

  it('lists', () => {
    ends(object({ toppings: { type: 'array', items: { type: 'string' } } }), ['ham, olives and also extra cheese'], {
      toppings: ['ham', 'olives', 'extra cheese'],
    })
    ends(object({ sizes: { type: 'array', items: { enum: ['small', 'large', 'huge'] } } }), ['small and huge'], {
      sizes: ['small', 'huge'],
    })
    ends(object({ ages: { type: 'array', items: { type: 'integer' }, maxItems: 2 } }), ['29, 31 and 40'], {
      ages: [29, 31],
    })
  })

  it('lists of objects, item by item', () => {
    const parameters = object({
      passengers: { type: 'array', items: object({ name: { type: 'string' }, age: { type: 'integer' } }) },
    })
    ends(
      parameters,
      ['Anna', '29', 'yes', 'Ben', '31', 'no'],
      {
        passengers: [
          { name: 'Anna', age: 29 },
          { name: 'Ben', age: 31 },
        ],
      },
      { askForMoreItems: true },
    )
    ends(parameters, ['Anna', '29'], { passengers: [{ name: 'Anna', age: 29 }] })
  })

  it('references, constants, nullable types, titled options, combined schemas', () => {
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
      ["I'd rather not say", 'the large one'],
      { kind: 'order', note: null, size: 'l' },
    )
  })

  it('rules across properties send it back to asking', () => {
    const parameters = {
      ...object({ delivery: { type: 'boolean' }, street: { type: 'string' } }, ['delivery']),
      if: { properties: { delivery: { const: true } } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
      then: { required: ['street'] },
    }
    ends(parameters, ['yes', '5 Main Street'], { delivery: true, street: '5 Main Street' })
  })

  it('nothing to ask', () => {
    ends(object({}), [], {})
  })

  it('a property named like a part of every object reaches no prototype', () => {
    const parameters = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"integer"},"constructor":{"type":"string"}},"required":["__proto__","constructor"]}',
    )
    const caller = gather({ parameters, greeting: 'Hello.' }).say('29', 'Anna').listen()
    expect(JSON.stringify(result(caller).result)).toBe('{"__proto__":29,"constructor":"Anna"}')
    expect(Reflect.get({}, 'age')).toBeUndefined()
  })
})
