import { describe, expect, it } from 'vitest'
import { fieldStates, fieldsOf } from './fields.ts'

const parameters = {
  type: 'object',
  properties: {
    full_name: { type: 'string', description: 'As on the card' },
    dateOfBirth: { type: 'string', format: 'date', title: 'Date of birth' },
    address: {
      type: 'object',
      properties: { city: { type: 'string' }, zip: { type: 'string' } },
      required: ['city'],
    },
  },
  required: ['full_name', 'address'],
}

describe('fieldsOf', () => {
  it('fieldsOf flattens nested objects and derives a label for each field', () => {
    expect(fieldsOf(parameters).map((field) => [field.name, field.label, field.required])).toEqual([
      ['full_name', 'Full name', true],
      ['dateOfBirth', 'Date of birth', false],
      ['address.city', 'City', true],
      ['address.zip', 'Zip', false],
    ])
  })

  it.each([undefined, null, 'text', [], {}, { properties: 7 }, { properties: { a: 7 } }])(
    'fieldsOf returns no field for the malformed schema %j',
    (malformed) => {
      expect(fieldsOf(malformed)).toEqual([])
    },
  )
})

describe('fieldStates', () => {
  it('fieldStates distinguishes missing, heard and confirmed fields', () => {
    const states = fieldStates(parameters, { full_name: 'Ann', address: { city: 'Paris' } }, { full_name: 'Anne' })
    expect(states.map((field) => [field.name, field.status, field.value])).toEqual([
      ['full_name', 'confirmed', 'Anne'],
      ['dateOfBirth', 'missing', undefined],
      ['address.city', 'heard', 'Paris'],
      ['address.zip', 'missing', undefined],
    ])
  })

  it('fieldStates accepts false and 0 as field values, but not null', () => {
    const schema = { properties: { member: { type: 'boolean' }, age: { type: 'integer' }, note: { type: 'string' } } }
    const states = fieldStates(schema, { member: false, age: 0, note: null }, null)
    expect(states.map((field) => field.status)).toEqual(['heard', 'heard', 'missing'])
  })

  it('fieldStates ignores values that an object inherits from its prototype', () => {
    const schema = { properties: { constructor: { type: 'string' }, toString: { type: 'string' } } }
    expect(fieldStates(schema, {}, {}).map((field) => field.status)).toEqual(['missing', 'missing'])
  })
})
