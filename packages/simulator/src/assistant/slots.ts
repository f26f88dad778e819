/**
 * A JSON Schema as the list of fields to ask for, in the order it is written. Objects are walked into; an array is one
 * field with several answers. An optional object, once begun, needs its own required fields.
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

/** One field to ask for. */
export interface Slot {
  /** Its JSON Pointer: the key under which its answer is kept. */
  readonly id: string
  readonly path: readonly (string | number)[]
  readonly type: string | undefined
  /** What one answer must conform to: the field's schema, or that of one item of a list. */
  readonly schema: JsonSchema
  /** What the whole value must conform to. */
  readonly valueSchema: JsonSchema
  /** In a caller's words: "date of birth". */
  readonly label: string
  readonly description: string | undefined
  readonly choices: readonly { readonly value: unknown; readonly label: string }[]
  readonly required: boolean
  readonly isList: boolean
}

/** What a schema asks for now, given the answers so far. */
export interface SchemaFields {
  readonly slots: Slot[]
  /** Values the schema leaves no choice about (`const`, an empty object), filled in unasked. */
  readonly constants: { readonly path: Slot['path']; readonly value: unknown }[]
}

interface SchemaNode {
  readonly schema: JsonSchema
  readonly path: Slot['path']
  readonly required: boolean
  readonly parentLabels: readonly string[]
}

const MAX_DEPTH = 12

/** Walks a schema. */
export function listFields(root: JsonSchema, draft: Draft): SchemaFields {
  const found: SchemaFields = { slots: [], constants: [] }
  const { $defs, definitions } = root
  const withDefinitions = (schema: JsonSchema): JsonSchema => ({
    ...schema,
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
  })

  const visit = ({ schema: given, path, required, parentLabels }: SchemaNode): void => {
    if (path.length > MAX_DEPTH) return
    const schema = resolve(given, root)
    const labels = path.length === 0 ? parentLabels : [...parentLabels, labelOf(schema, String(path.at(-1)))]
    if ('const' in schema) {
      if (required) found.constants.push({ path, value: schema.const })
      return
    }
    if (typeOf(schema) === 'object' && isSchema(schema.properties)) {
      const isBegun = required || hasAnswerBelow(draft, path)
      if (isBegun && path.length > 0) found.constants.push({ path, value: {} })
      const names = new Set(requiredOf(schema))
      for (const [name, property] of propertiesOf(schema)) {
        visit({ schema: property, path: [...path, name], required: isBegun && names.has(name), parentLabels: labels })
      }
      return
    }
    const isList = typeOf(schema) === 'array'
    const one = isList ? (isSchema(schema.items) ? resolve(schema.items, root) : {}) : schema
    found.slots.push({
      id: toJsonPointer(path),
      path,
      type: typeOf(one),
      schema: withDefinitions(one),
      valueSchema: withDefinitions(schema),
      label: labels.join(' '),
      description: text(schema, 'description') ?? text(one, 'description'),
      choices: choicesOf(one),
      required,
      isList,
    })
  }

  visit({ schema: root, path: [], required: true, parentLabels: [] })
  return { ...found, slots: found.slots.filter(({ path }) => path.length > 0) }
}

function choicesOf(schema: JsonSchema): Slot['choices'] {
  const constants = constantsOf(schema)
  if (constants) return constants.map(({ value, title }) => ({ value, label: title ?? toWords(String(value)) }))
  const values: unknown[] = Array.isArray(schema.enum) ? schema.enum : []
  return values.filter((value) => value !== null).map((value) => ({ value, label: toWords(String(value)) }))
}

function labelOf(schema: JsonSchema, name: string): string {
  const title = text(schema, 'title')
  // A title in a form's capitals, said aloud: "Date of Birth" is "date of birth", "PIN" stays "PIN".
  return title ? lowerWords(title).replace(/[:.?]+$/, '') : toWords(name)
}

/** A name from code as it is said: `first_name`, `firstName` and `first-name` are "first name". */
const toWords = (name: string): string =>
  lowerWords(
    name
      .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
      .replace(/[_-]+/g, ' ')
      .trim(),
  )

const lowerWords = (words: string): string => words.replace(/\b[A-Z][a-z]+\b/g, (word) => word.toLowerCase())
