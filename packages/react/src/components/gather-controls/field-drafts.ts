/** The fields an AI gather is to collect, as drafted in the field builder, and the JSON Schema they amount to. */
import type { AIParameters } from '@callgather/protocol'

/** The types offered: those a person can answer on the telephone. */
export const fieldTypes: readonly FieldType[] = ['string', 'number', 'integer', 'boolean', 'date', 'email', 'enum']

/** The type of a field. */
export type FieldType = 'string' | 'number' | 'integer' | 'boolean' | 'date' | 'email' | 'enum'

/** A field as drafted. */
export interface FieldDraft {
  /** Identifies the row while names are still equal. */
  readonly id: number
  /** As a person writes it: "Date of birth". */
  readonly name: string
  readonly type: FieldType
  /** The choices of an `enum`, separated by commas. */
  readonly options: string
  readonly required: boolean
}

/** What is wrong with a field; `null` if nothing. */
export type FieldProblem = 'builder.unnamed' | 'builder.duplicate' | 'builder.noOptions'

/** A name for a property: `Date of birth` → `date_of_birth`. Letters of any script are kept. */
export function propertyName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
}

const optionsOf = (options: string) => [
  ...new Set(
    options
      .split(/[,،、]/)
      .map((option) => option.trim())
      .filter((option) => option !== ''),
  ),
]

/** What is wrong with each field, in order. */
export function fieldProblems(fields: readonly FieldDraft[]): (FieldProblem | null)[] {
  const names = fields.map((field) => propertyName(field.name))
  return fields.map((field, index) => {
    const name = names[index]
    if (name === undefined || name === '') return 'builder.unnamed'
    if (names.indexOf(name) !== index) return 'builder.duplicate'
    return field.type === 'enum' && optionsOf(field.options).length < 2 ? 'builder.noOptions' : null
  })
}

/** The JSON Schema of the fields: what `gather_using_ai` takes as `parameters`. */
export function schemaOf(fields: readonly FieldDraft[]): AIParameters {
  const named = fields.filter((field) => propertyName(field.name) !== '')
  return {
    type: 'object',
    properties: Object.fromEntries(named.map((field) => [propertyName(field.name), propertyOf(field)])),
    required: [...new Set(named.filter((field) => field.required).map((field) => propertyName(field.name)))],
  }
}

function propertyOf({ name, type, options }: FieldDraft): Record<string, unknown> {
  const title = name.trim()
  switch (type) {
    case 'date':
    case 'email':
      return { type: 'string', format: type, title }
    case 'enum':
      return { type: 'string', enum: optionsOf(options), title }
    default:
      return { type, title }
  }
}
