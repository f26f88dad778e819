/**
 * Whatever schema is asked for, a caller who answers truthfully gets a `valid` result that conforms to it and says what
 * the caller said; and no caller, however strange, gets the machine to call a result `valid` that does not conform.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Caller } from '../caller.test-kit.ts'
import { dateAloud, timeAloud } from '../questions.ts'
import { aiGather } from './machine.ts'
import { walked } from './progress.ts'

interface Field {
  schema: Record<string, unknown>
  /** What the caller says, and the value that must come of it. */
  answers: { said: string; value: unknown }[]
}

const words = ['blue', 'garden', 'river', 'lamp', 'cloud', 'paper', 'stone', 'velvet']
const number = fc.integer({ min: 0, max: 9999 })
const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 7, maxLength: 12 }).map((all) => all.join(''))

const field: fc.Arbitrary<Field> = fc.oneof(
  fc
    .subarray(words, { minLength: 1, maxLength: 3 })
    .map((said) => ({ schema: { type: 'string' }, answers: [{ said: said.join(' '), value: said.join(' ') }] })),
  number.map((value) => ({ schema: { type: 'integer', minimum: 0 }, answers: [{ said: `it is ${value}`, value }] })),
  fc
    .integer({ min: 1, max: 999 })
    .map((value) => ({ schema: { type: 'number' }, answers: [{ said: `${value}.5`, value: value + 0.5 }] })),
  fc.boolean().map((value) => ({ schema: { type: 'boolean' }, answers: [{ said: value ? 'yes' : 'no', value }] })),
  fc.constantFrom('alpha', 'bravo', 'charlie').map((value) => ({
    schema: { enum: ['alpha', 'bravo', 'charlie'] },
    answers: [{ said: `the ${value} one please`, value }],
  })),
  fc
    .record({
      year: fc.integer({ min: 1930, max: 2040 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 28 }),
    })
    .map(({ year, month, day }) => ({
      schema: { type: 'string', format: 'date' },
      answers: [
        {
          said: dateAloud(year, month, day),
          value: `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`,
        },
      ],
    })),
  fc
    .record({ hour: fc.integer({ min: 1, max: 23 }), minute: fc.constantFrom(0, 5, 15, 30, 45) })
    .map(({ hour, minute }) => ({
      schema: { type: 'string', format: 'time' },
      answers: [
        {
          said: timeAloud(hour, minute),
          value: `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00Z`,
        },
      ],
    })),
  fc.constantFrom(...words).map((word) => ({
    schema: { type: 'string', format: 'email' },
    answers: [{ said: `${word} at example dot com`, value: `${word}@example.com` }],
  })),
  digits.map((value) => ({
    schema: { type: 'string', format: 'phone' },
    answers: [{ said: value.split('').join(' '), value }],
  })),
  fc.subarray(words, { minLength: 1, maxLength: 4 }).map((value) => ({
    schema: { type: 'array', items: { type: 'string' } },
    answers: [{ said: value.join(', '), value }],
  })),
)

/** Names that say nothing about their kind, so that only the schema does. */
const names = ['lorem', 'ipsum', 'dolor', 'amet', 'tempor', 'labore']

interface Task {
  parameters: Record<string, unknown>
  /** By JSON Pointer. */
  answers: Map<string, Field['answers'][number]>
}

const task: fc.Arbitrary<Task> = fc
  .record({ fields: fc.array(field, { minLength: 1, maxLength: 6 }), nested: fc.boolean() })
  .map(({ fields, nested }) => {
    const entries = fields.map((one, index) => [names[index] ?? '', one] as const)
    const flat = {
      type: 'object',
      properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
      required: entries.map(([name]) => name),
    }
    const answers = new Map(
      entries.flatMap(([name, one]) =>
        one.answers.map((answer) => [`${nested ? '/outer' : ''}/${name}`, answer] as const),
      ),
    )
    return { parameters: nested ? { type: 'object', properties: { outer: flat }, required: ['outer'] } : flat, answers }
  })

const conforms = (schema: Record<string, unknown>, value: unknown): boolean => {
  const ajv = new Ajv2020({ strict: false, logger: false, meta: false, validateSchema: false })
  formats.default(ajv)
  ajv.addFormat('phone', true)
  return ajv.validate(schema, value)
}

describe('any schema', () => {
  it('a truthful caller gets a valid result that says what was said', () => {
    fc.assert(
      fc.property(task, ({ parameters, answers }) => {
        const caller = new Caller(aiGather, { parameters, greeting: 'Hello.' }).listen()
        for (let turns = 0; !caller.over && turns < 20; turns += 1) {
          const { asked } = caller.state
          const answer = asked !== undefined && 'slot' in asked ? answers.get(asked.slot) : undefined
          caller.say(answer?.said ?? 'no').listen()
        }
        const ended = caller.payload('call.ai_gather.ended')
        expect(ended.status).toBe('valid')
        expect(conforms(parameters, ended.result)).toBe(true)
        for (const slot of walked(caller.state).slots)
          expect(caller.state.draft[slot.id]?.value).toEqual(answers.get(slot.id)?.value)
      }),
      { numRuns: 150 },
    )
  })

  it('a strange caller never gets a valid result that does not conform, nor an endless call', () => {
    const strange = fc.oneof(
      fc.constantFrom(
        'yes',
        'no',
        'sorry?',
        "I'd rather not say",
        'no, Tuesday',
        'I said 29, not 39',
        'and also blue',
        'hang on',
        'why?',
        '12',
        'alpha',
        'tomorrow at ten',
        'my lorem is stone',
        "that's wrong",
        '',
      ),
      fc.string({ maxLength: 60 }),
    )
    const input = fc.oneof(
      { weight: 6, arbitrary: strange.map((text) => ({ type: 'said' as const, text })) },
      { weight: 3, arbitrary: fc.constant({ type: 'spoken' as const }) },
      { weight: 1, arbitrary: fc.constant({ type: 'woke' as const, name: 'user-response' }) },
      {
        weight: 1,
        arbitrary: strange.map((content) => ({
          type: 'messages' as const,
          messages: [{ role: 'system' as const, content }],
          trigger_response: content.length % 2 === 0,
        })),
      },
    )
    fc.assert(
      fc.property(task, fc.array(input, { maxLength: 40 }), ({ parameters }, inputs) => {
        const caller = new Caller(aiGather, { parameters, greeting: 'Hello.', gather_ended_speech: 'Thanks.' })
        for (const one of inputs) one.type === 'spoken' ? caller.listen() : caller.feed(one)
        caller.listen().feed({ type: 'hangup' })
        expect(caller.over).toBe(true)
        expect(caller.order.filter((type) => type === 'call.ai_gather.ended')).toHaveLength(1)
        expect(caller.order.filter((type) => type === 'call.conversation.ended')).toHaveLength(1)
        const { status, result } = caller.payload('call.ai_gather.ended')
        if (status === 'valid') expect(conforms(parameters, result)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  it('two runs of one conversation are the same to the letter', () => {
    fc.assert(
      fc.property(task, fc.array(fc.string({ maxLength: 40 }), { maxLength: 8 }), ({ parameters }, says) => {
        const run = () => {
          const caller = new Caller(aiGather, {
            parameters,
            greeting: 'Hello.',
            send_partial_results: true,
            send_message_history_updates: true,
          })
          for (const text of says) caller.say(text)
          return JSON.stringify(caller.effects)
        }
        expect(run()).toBe(run())
      }),
      { numRuns: 50 },
    )
  })
})
