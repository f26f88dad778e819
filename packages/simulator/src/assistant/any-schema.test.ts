import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aiGather } from './ai-gather.ts'
import { Caller } from './caller.test-kit.ts'

interface Field {
  readonly schema: Record<string, unknown>
  readonly said: string
  readonly value: unknown
}

const words = ['blue', 'garden', 'yes', 'no', 'sorry', 'i do not know', 'goodbye', 'velvet']
const field: fc.Arbitrary<Field> = fc.oneof(
  fc.constantFrom(...words).map((said) => ({ schema: { type: 'string' }, said, value: said })),
  fc.nat(9999).map((value) => ({ schema: { type: 'integer', minimum: 0 }, said: `it is ${value}`, value })),
  fc.nat(999).map((value) => ({ schema: { type: 'number' }, said: `${value}.5`, value: value + 0.5 })),
  fc.boolean().map((value) => ({ schema: { type: 'boolean' }, said: value ? 'yes' : 'no', value })),
  fc
    .constantFrom('alpha', 'bravo', 'charlie')
    .map((value) => ({ schema: { enum: ['alpha', 'bravo', 'charlie'] }, said: `the ${value} one please`, value })),
  fc
    .date({ min: new Date('1930-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10))
    .map((value) => ({ schema: { type: 'string', format: 'date' }, said: value, value })),
  fc.subarray(['ham', 'olives', 'cheese'], { minLength: 1 }).map((value) => ({
    schema: { type: 'array', items: { type: 'string' } },
    said: value.join(', '),
    value,
  })),
)

interface Task {
  readonly parameters: Record<string, unknown>
  /** The expected field of each question, by JSON Pointer. */
  readonly answers: ReadonlyMap<string, Field>
}

const task: fc.Arbitrary<Task> = fc
  .record({ fields: fc.array(field, { minLength: 1, maxLength: 6 }), isNested: fc.boolean() })
  .map(({ fields, isNested }) => {
    const entries = fields.map((each, index) => [`field${index}`, each] as const)
    const flat = {
      type: 'object',
      properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
      required: entries.map(([name]) => name),
    }
    const answers = new Map(entries.map(([name, each]) => [`${isNested ? '/outer' : ''}/${name}`, each]))
    const nested = { type: 'object', properties: { outer: flat }, required: ['outer'] }
    return { parameters: isNested ? nested : flat, answers }
  })

const conforms = (schema: Record<string, unknown>, value: unknown): boolean => {
  const ajv = new Ajv2020({ strict: false, logger: false, meta: false, validateSchema: false })
  formats.default(ajv)
  return ajv.validate(schema, value)
}

describe('an AI gather of any schema', () => {
  it('ends an AI gather of any schema as valid with the caller’s answers', () => {
    fc.assert(
      fc.property(task, ({ parameters, answers }) => {
        const caller = new Caller(aiGather, { parameters, greeting: 'Hello.' }).listen()
        for (let turns = 0; !caller.isOver && turns < 20; turns++) {
          caller.say(answers.get(caller.state.openSlotId ?? '')?.said ?? 'no').listen()
        }
        const ended = caller.payload('call.ai_gather.ended')
        expect(ended.status).toBe('valid')
        expect(conforms(parameters, ended.result)).toBe(true)
        for (const [id, { value }] of answers) expect(caller.state.draft[id]?.value).toEqual(value)
      }),
      { numRuns: 150 },
    )
  })

  it('ends an AI gather after any input, and as valid only when the result conforms to the schema', () => {
    const said = fc.oneof(
      fc.constantFrom('yes', 'no', '12', 'alpha', '{"field0":1}', '{"__proto__":1}', '[1]', 'null', ''),
      fc.string({ maxLength: 60 }),
    )
    const input = fc.oneof(
      { weight: 6, arbitrary: said.map((text) => ({ type: 'said' as const, text })) },
      { weight: 3, arbitrary: fc.constant({ type: 'sound-ended' as const }) },
      { weight: 1, arbitrary: fc.constant({ type: 'timer' as const, name: 'user-response' }) },
      {
        weight: 1,
        arbitrary: said.map((content) => ({
          type: 'messages' as const,
          messages: [{ role: 'system' as const, content }],
          trigger_response: content.length % 2 === 0,
        })),
      },
    )
    fc.assert(
      fc.property(task, fc.array(input, { maxLength: 40 }), ({ parameters }, inputs) => {
        const run = () => {
          const caller = new Caller(aiGather, { parameters, greeting: 'Hello.', gather_ended_speech: 'Thanks.' })
          for (const each of inputs) each.type === 'sound-ended' ? caller.listen() : caller.feed(each)
          return caller.listen().feed({ type: 'hangup' })
        }
        const caller = run()
        expect(caller.eventTypes.filter((type) => type === 'call.ai_gather.ended')).toHaveLength(1)
        expect(caller.eventTypes.filter((type) => type === 'call.conversation.ended')).toHaveLength(1)
        const { status, result } = caller.payload('call.ai_gather.ended')
        if (status === 'valid') expect(conforms(parameters, result)).toBe(true)
        expect(JSON.stringify(run().effects)).toBe(JSON.stringify(caller.effects))
      }),
      { numRuns: 150 },
    )
  })
})
