import { describe, expect, it } from 'vitest'
import { question } from './questions.ts'
import { walk } from './schema/slots.ts'

const ask = (name: string, schema: Record<string, unknown>) =>
  walk({ type: 'object', properties: { [name]: schema } }, {}, {}).slots.map((slot) => question(slot))[0]

describe('questions from a schema', () => {
  it.each([
    ['age', { type: 'integer' }, 'How old are you?'],
    ['firstName', { type: 'string' }, 'What is your first name, please?'],
    ['date_of_birth', { type: 'string', format: 'date' }, 'What is your date of birth?'],
    ['x', { type: 'string', title: 'Preferred time' }, 'What time would you prefer?'],
    ['guests', { type: 'integer' }, 'How many guests?'],
    ['nights', { type: 'integer', title: 'Number of nights' }, 'How many nights?'],
    ['size', { enum: ['small', 'large'] }, 'What is your size? You can say small or large.'],
    ['has_insurance', { type: 'boolean' }, 'Do you have insurance?'],
    [
      'vip',
      { type: 'boolean', description: 'Whether the caller is a member of the club.' },
      'Are you a member of the club?',
    ],
    ['vip', { type: 'boolean', description: 'Whether the customer has an allergy' }, 'Do you have an allergy?'],
    ['vip', { type: 'boolean', description: 'Whether the customer wants a receipt' }, 'Do you want a receipt?'],
    ['age', { type: 'integer', description: 'The age of the customer.' }, 'What is your age?'],
    ['city', { type: 'string', description: "The caller's home city" }, 'What is your home city?'],
    ['city', { type: 'string', description: 'Where do you live?' }, 'Where do you live?'],
    ['city', { type: 'string', description: 'Ask for their home town' }, 'Could you tell me your home town?'],
    ['toppings', { type: 'array', items: { type: 'string' } }, 'What toppings should I note? You can name several.'],
    [
      'address',
      { type: 'object', title: 'Delivery address', properties: { street: { type: 'string' } } },
      'For the delivery address: what is your street?',
    ],
  ])('asks for %s %j', (name, schema, expected) => {
    expect(ask(name, schema)).toBe(expected)
  })
})
