/** The drafted fields of an AI gather and their JSON Schema. */
import type { AIParameters } from '@callgather/protocol'

/** The field types that a caller can answer by telephone. */
export const fieldTypes: readonly FieldType[] = ['string', 'number', 'integer', 'boolean', 'date', 'email', 'enum']

/** The type of a field. */
export type FieldType = 'string' | 'number' | 'integer' | 'boolean' | 'date' | 'email' | 'enum'

/** A draft of a field. */
export interface FieldDraft {
  /** Identifies the row, because names may be equal while the agent edits. */
  readonly id: number
  /** The label, such as "Date of birth". */
  readonly name: string
  readonly type: FieldType
  /** The choices of an `enum`, separated by commas. */
  readonly options: string
  readonly required: boolean
}

/** The problem of a field, as a string key. */
export type FieldProblem = 'builder.unnamed' | 'builder.duplicate' | 'builder.noOptions'

/** Converts a label to a property name: `Date of birth` → `date_of_birth`. Keeps letters of any script. */
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

/** The problem of each field, in order; `null` for a valid field. */
export function fieldProblems(fields: readonly FieldDraft[]): (FieldProblem | null)[] {
  const names = fields.map((field) => propertyName(field.name))
  return fields.map((field, index) => {
    const name = names[index]
    if (name === undefined || name === '') return 'builder.unnamed'
    if (names.indexOf(name) !== index) return 'builder.duplicate'
    return field.type === 'enum' && optionsOf(field.options).length < 2 ? 'builder.noOptions' : null
  })
}

/** The JSON Schema of the fields, for `parameters` of `gather_using_ai`. */
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
