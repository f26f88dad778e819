/** Drafts of the fields of an AI gather, and the JSON Schema built from them. */
import type { AIParameters } from '@callgather/protocol'

/** The types of AI gather fields that a caller can answer by telephone. */
export const fieldTypes: readonly FieldType[] = ['string', 'number', 'integer', 'boolean', 'date', 'email', 'enum']

/** The type of a field of an AI gather. */
export type FieldType = 'string' | 'number' | 'integer' | 'boolean' | 'date' | 'email' | 'enum'

/** A draft of one field of an AI gather. */
export interface FieldDraft {
  /** Identifies the field, because two fields may have equal names while the agent edits them. */
  readonly id: number
  /** The label of the field, such as "Date of birth". */
  readonly name: string
  readonly type: FieldType
  /** The choices of an `enum` field, separated by commas. */
  readonly options: string
  readonly required: boolean
}

/** The problem of a field, as the key of a UI string. */
export type FieldProblem = 'builder.unnamed' | 'builder.duplicate' | 'builder.noOptions'

/** Converts a field's label to a property name: `Date of birth` → `date_of_birth`. Keeps letters of any script. */
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

/** Returns the problem of each field, in the order of `fields`; `null` for a valid field. */
export function fieldProblems(fields: readonly FieldDraft[]): (FieldProblem | null)[] {
  const names = fields.map((field) => propertyName(field.name))
  return fields.map((field, index) => {
    const name = names[index]
    if (name === undefined || name === '') return 'builder.unnamed'
    if (names.indexOf(name) !== index) return 'builder.duplicate'
    return field.type === 'enum' && optionsOf(field.options).length < 2 ? 'builder.noOptions' : null
  })
}

/** Builds the JSON Schema of the fields, for the `parameters` of `gather_using_ai`. */
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
