import { checkCommand } from '@callgather/protocol/schema'
import { describe, expect, test } from 'vitest'
import { bodyOf, emptyDraft, fieldOf, withPreset, withValue } from './draft.ts'
import { fieldProblems, propertyName, schemaOf } from './field-drafts.ts'
import { defaultPresets } from './parameters.ts'

const field = { id: 1, name: 'Name', type: 'string', options: '', required: true } as const

describe('a draft of a gather', () => {
  test('the command body of a draft omits empty fields, so that the defaults of Telnyx apply', () => {
    expect(bodyOf({ ...emptyDraft, values: { payload: 'Hello', voice: 'female', maximum_digits: ' ' } })).toEqual({
      payload: 'Hello',
      voice: 'female',
    })
  })

  test('the command body of a draft keeps an invalid number as text, and validation reports its field', () => {
    const body = bodyOf({ ...emptyDraft, purpose: 'gather', values: { minimum_digits: '4', maximum_digits: 'six' } })
    expect(body).toEqual({ minimum_digits: 4, maximum_digits: 'six' })
    const check = checkCommand('gather', body)
    expect(check.ok ? null : fieldOf(check.errors[0].source?.pointer)).toBe('maximum_digits')
  })

  test('a draft sends an empty `terminating_digit` for "none" and omits it for an empty field', () => {
    expect(bodyOf({ ...emptyDraft, purpose: 'gather', values: { terminating_digit: 'none' } })).toEqual({
      terminating_digit: '',
    })
    expect(bodyOf({ ...emptyDraft, purpose: 'gather', values: { terminating_digit: '' } })).toEqual({})
  })

  test('the command body of an AI gather omits short voice names, which Telnyx refuses', () => {
    const fields = [{ id: 1, name: 'Age', type: 'integer', options: '', required: true } as const]
    const draft = { ...emptyDraft, purpose: 'gather_using_ai', fields } as const
    expect(bodyOf(draft)).not.toHaveProperty('voice')
    expect(bodyOf({ ...draft, values: { voice: 'Telnyx.NaturalHD.Astra' } }).voice).toBe('Telnyx.NaturalHD.Astra')
  })

  test.each(defaultPresets.map((preset) => [preset.name, preset] as const))(
    'the preset "%s" builds a valid command with and without a spoken prompt',
    (_, preset) => {
      const draft = withPreset(emptyDraft, preset)
      expect(checkCommand('gather_using_speak', bodyOf(draft)).ok).toBe(true)
      expect(checkCommand('gather', bodyOf({ ...draft, purpose: 'gather' })).ok).toBe(true)
    },
  )

  test('only the presets "pin" and "card" set the mask of the draft', () => {
    const masked = defaultPresets.filter((preset) => withPreset(emptyDraft, preset).mask !== null)
    expect(masked.map((preset) => [preset.name, preset.mask])).toEqual([
      ['pin', 'digits'],
      ['card', 'allButLast4'],
    ])
  })

  test('a draft holds durations in seconds and its command has them in milliseconds', () => {
    const preset = { name: 'slow', label: 'Slow', prompt: 'Take your time.', values: { timeout_millis: '90500' } }
    const draft = withPreset(emptyDraft, preset)
    expect(draft.values.timeout_millis).toBe('90.5')
    expect(bodyOf(draft).timeout_millis).toBe(90_500)
  })

  test('a preset with fields builds an AI gather with the prompt as its greeting', () => {
    const preset = { name: 'visit', label: 'Visit', prompt: 'Which day?', values: {}, fields: [field] }
    const body = bodyOf(withPreset(emptyDraft, preset))
    expect(body).toMatchObject({ greeting: 'Which day?', parameters: { properties: { name: { title: 'Name' } } } })
    expect(checkCommand('gather_using_ai', body).ok).toBe(true)
  })

  test('a draft keeps the label of its preset until its prompt is rewritten', () => {
    const draft = withPreset(emptyDraft, { name: 'pin', label: 'PIN', prompt: 'Your PIN?', values: {} })
    expect(withValue(draft, 'maximum_digits', '6').label).toBe('PIN')
    expect(withValue(draft, 'payload', 'Your birthday?').label).toBeNull()
  })

  test('changing a value of a draft clears the selected preset', () => {
    const [preset] = defaultPresets
    if (!preset) throw new Error('`defaultPresets` is empty.')
    expect(withValue(withPreset(emptyDraft, preset), 'maximum_digits', '6').preset).toBeNull()
  })
})

describe('the fields of an AI gather', () => {
  test('the fields of an AI gather become a JSON Schema that passes validation', () => {
    const schema = schemaOf([
      { ...field, name: 'Patient name' },
      { ...field, name: 'Date of birth', type: 'date' },
      { ...field, name: 'Day', type: 'enum', options: 'Monday, Tuesday, Monday', required: false },
    ])
    expect(schema).toEqual({
      type: 'object',
      properties: {
        patient_name: { type: 'string', title: 'Patient name' },
        date_of_birth: { type: 'string', format: 'date', title: 'Date of birth' },
        day: { type: 'string', enum: ['Monday', 'Tuesday'], title: 'Day' },
      },
      required: ['patient_name', 'date_of_birth'],
    })
    expect(checkCommand('gather_using_ai', { parameters: schema }).ok).toBe(true)
  })

  test('the property name of an AI gather field keeps letters of any script', () => {
    expect(propertyName('Straße & Nr.')).toBe('straße_nr')
    expect(propertyName('生年月日')).toBe('生年月日')
  })

  test('reports AI gather fields that have no name, a duplicate name or an enum with fewer than two options', () => {
    expect(
      fieldProblems([
        { ...field, name: 'Day' },
        { ...field, name: ' day ' },
        { ...field, name: ' ' },
        { ...field, name: 'Size', type: 'enum', options: 'small' },
      ]),
    ).toEqual([null, 'builder.duplicate', 'builder.unnamed', 'builder.noOptions'])
  })
})
