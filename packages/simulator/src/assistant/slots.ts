/**
 * Converts a JSON Schema to a list of fields in schema order. Each property of a nested object is a field; an array is one
 * field with several answers. An optional object needs its required fields once one of its fields is answered.
 */
import { type Draft, hasAnswerBelow, toJsonPointer } from './draft.ts'
import {
  constantsOf,
  isSchema,
  type JsonSchema,
  propertiesOf,
  requiredOf,
  resolve,
  text,
  typeOf,
} from './json-schema.ts'

/** One field of a schema that the AI asks the caller for. */
export interface Slot {
  /** JSON Pointer of the field, and key of its answer in the draft. */
  readonly id: string
  readonly path: readonly (string | number)[]
  readonly type: string | undefined
  /** Schema of one answer: the field's schema, or the item schema of a list. */
  readonly schema: JsonSchema
  /** Schema of the field's whole value. */
  readonly valueSchema: JsonSchema
  /** Spoken name of the field, such as "date of birth". */
  readonly label: string
  readonly description: string | undefined
  readonly choices: readonly { readonly value: unknown; readonly label: string }[]
  readonly required: boolean
  readonly isList: boolean
}

/** The fields and constants of a schema, given the answers so far. */
export interface SchemaFields {
  readonly slots: Slot[]
  /** Values of fields that need no question: `const` and empty objects. */
  readonly constants: { readonly path: Slot['path']; readonly value: unknown }[]
}

interface SchemaNode {
  readonly schema: JsonSchema
  readonly path: Slot['path']
  readonly required: boolean
  readonly parentLabels: readonly string[]
}

const MAX_DEPTH = 12

/** Lists the fields and constants of a schema. Ignores fields deeper than MAX_DEPTH. */
export function listFields(root: JsonSchema, draft: Draft): SchemaFields {
  const fields: SchemaFields = { slots: [], constants: [] }
  const { $defs, definitions } = root
  const withDefinitions = (schema: JsonSchema): JsonSchema => ({
    ...schema,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  })

  const visit = ({ schema: unresolved, path, required, parentLabels }: SchemaNode): void => {
    if (path.length > MAX_DEPTH) return
    const schema = resolve(unresolved, root)
    const labels = path.length === 0 ? parentLabels : [...parentLabels, labelOf(schema, String(path.at(-1)))]
    if ('const' in schema) {
      if (required) fields.constants.push({ path, value: schema.const })
      return
    }
    if (typeOf(schema) === 'object' && isSchema(schema.properties)) {
      const isActive = required || hasAnswerBelow(draft, path)
      if (isActive && path.length > 0) fields.constants.push({ path, value: {} })
      const names = new Set(requiredOf(schema))
      for (const [name, property] of propertiesOf(schema)) {
        visit({ schema: property, path: [...path, name], required: isActive && names.has(name), parentLabels: labels })
      }
      return
    }
    const isList = typeOf(schema) === 'array'
    const itemSchema = isList ? (isSchema(schema.items) ? resolve(schema.items, root) : {}) : schema
    fields.slots.push({
      id: toJsonPointer(path),
      path,
      type: typeOf(itemSchema),
      schema: withDefinitions(itemSchema),
      valueSchema: withDefinitions(schema),
      label: labels.join(' '),
      description: text(schema, 'description') ?? text(itemSchema, 'description'),
      choices: choicesOf(itemSchema),
      required,
      isList,
    })
  }

  visit({ schema: root, path: [], required: true, parentLabels: [] })
  return { ...fields, slots: fields.slots.filter(({ path }) => path.length > 0) }
}

function choicesOf(schema: JsonSchema): Slot['choices'] {
  const constants = constantsOf(schema)
  if (constants) return constants.map(({ value, title }) => ({ value, label: title ?? toWords(String(value)) }))
  const values: unknown[] = Array.isArray(schema.enum) ? schema.enum : []
  return values.filter((value) => value !== null).map((value) => ({ value, label: toWords(String(value)) }))
}

function labelOf(schema: JsonSchema, name: string): string {
  const title = text(schema, 'title')
  // Spoken labels are in lower case, except for acronyms: "Date of Birth" becomes "date of birth", "PIN" stays "PIN".
  return title ? lowerWords(title).replace(/[:.?]+$/, '') : toWords(name)
}

/** Converts `first_name`, `firstName` and `first-name` to "first name". */
const toWords = (name: string): string =>
  lowerWords(
    name
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replace(/[_-]+/g, ' ')
      .trim(),
  )

const lowerWords = (words: string): string => words.replace(/\b[A-Z][a-z]+\b/g, (word) => word.toLowerCase())
