/**
 * A JSON Schema as the list of things to ask for. Each leaf is a slot, in the order the schema is written; objects are
 * walked into, arrays of objects are walked item by item as the caller names them. Which slots are required depends on
 * what was answered already: an optional address, once begun, needs its street.
 */
import type { Choice } from '../understand/choices.ts'
import type { Draft } from './draft.ts'
import { pointer, touched } from './draft.ts'
import {
  constantsOf,
  isSchema,
  type JsonSchema,
  number,
  propertiesOf,
  requiredOf,
  resolve,
  text,
  typeOf,
} from './json-schema.ts'

/** How an answer is listened to. */
export type Kind =
  | 'text'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'date'
  | 'time'
  | 'date-time'
  | 'email'
  | 'phone'
  | 'code'
  | 'uri'

/** One thing to ask for. */
export interface Slot {
  /** Its JSON Pointer: the key under which its answer is kept. */
  id: string
  path: readonly (string | number)[]
  kind: Kind
  /** The schema one answer must conform to: of the leaf, or of one item when `list`. */
  schema: JsonSchema
  /** In a caller's words: "date of birth". */
  label: string
  description: string | undefined
  /** What it belongs to, outermost first: ["delivery address"]. */
  within: readonly string[]
  choices: readonly Choice[]
  required: boolean
  /** Several answers, kept as an array. */
  list: { least: number; most: number } | undefined
}

/** An array of objects that can grow by another item. */
export interface Group {
  id: string
  label: string
  count: number
  least: number
  most: number
  required: boolean
}

/** What a schema asks for now, given the answers so far. */
export interface Walk {
  slots: Slot[]
  groups: Group[]
  /** Values the schema leaves no choice about (`const`, an empty object), to be filled in unasked. */
  constants: { path: readonly (string | number)[]; value: unknown }[]
}

/** Walks a schema; `items` says how many items each array of objects (by pointer) has so far. */
export function walk(root: JsonSchema, draft: Draft, items: Readonly<Record<string, number>>): Walk {
  const out: Walk = { slots: [], groups: [], constants: [] }
  visit({ schema: root, path: [], required: true, within: [], key: '' })
  return out

  function visit(at: {
    schema: JsonSchema
    path: readonly (string | number)[]
    required: boolean
    within: readonly string[]
    key: string
  }): void {
    if (at.path.length > 12) return
    const schema = resolve(at.schema, root)
    const type = typeOf(schema)
    const label = labelOf(schema, at.key)
    if ('const' in schema) {
      if (at.required) out.constants.push({ path: at.path, value: schema.const })
      return
    }
    if (type === 'object') {
      const properties = propertiesOf(schema)
      const begun = at.required || touched(draft, at.path)
      if (begun && at.path.length > 0) out.constants.push({ path: at.path, value: {} })
      const required = new Set(requiredOf(schema))
      const within = at.path.length === 0 || typeof at.path.at(-1) === 'number' ? at.within : [...at.within, label]
      for (const [key, property] of properties) {
        visit({ schema: property, path: [...at.path, key], required: begun && required.has(key), within, key })
      }
      return
    }
    if (type === 'array') {
      const item = isSchema(schema.items) ? resolve(schema.items, root) : {}
      const least = number(schema, 'minItems') ?? 0
      const most = number(schema, 'maxItems') ?? Number.POSITIVE_INFINITY
      if (typeOf(item) !== 'object') {
        out.slots.push(
          slotOf({
            ...at,
            schema: item,
            label,
            description: text(schema, 'description') ?? text(item, 'description'),
            list: { least: Math.max(1, least), most },
          }),
        )
        return
      }
      const id = pointer(at.path)
      const count = Math.max(items[id] ?? 0, at.required ? Math.max(1, least) : touched(draft, at.path) ? 1 : 0)
      const one = singular(label)
      out.groups.push({ id, label: one, count, least, most, required: at.required })
      for (let index = 0; index < count; index += 1) {
        visit({
          schema: item,
          path: [...at.path, index],
          required: true,
          within: [...at.within, count > 1 || index > 0 ? `${one} ${index + 1}` : one],
          key: at.key,
        })
      }
      return
    }
    out.slots.push(slotOf({ ...at, schema, label, description: text(schema, 'description'), list: undefined }))
  }
}

function slotOf(at: {
  schema: JsonSchema
  path: readonly (string | number)[]
  required: boolean
  within: readonly string[]
  label: string
  description: string | undefined
  list: Slot['list']
}): Slot {
  const choices = choicesOf(at.schema)
  return {
    id: pointer(at.path),
    path: at.path,
    kind: kindOf(at.schema, `${at.label} ${at.path.at(-1) ?? ''}`, choices),
    schema: at.schema,
    label: at.label,
    description: at.description,
    within: at.within,
    choices,
    required: at.required,
    list: at.list,
  }
}

function choicesOf(schema: JsonSchema): Choice[] {
  const constants = constantsOf(schema)
  if (constants !== undefined)
    return constants.map(({ value, title }) => ({ value, label: title ?? spoken(String(value)) }))
  if (!Array.isArray(schema.enum)) return []
  return schema.enum
    .filter((value) => value !== null)
    .map((value: unknown) => ({ value, label: spoken(String(value)) }))
}

function kindOf(schema: JsonSchema, named: string, choices: readonly Choice[]): Kind {
  const type = typeOf(schema)
  if (choices.length > 0) return type === 'boolean' ? 'boolean' : 'choice'
  if (type === 'boolean' || type === 'integer' || type === 'number') return type
  const format = text(schema, 'format')
  if (format === 'date' || format === 'date-time' || format === 'time' || format === 'email') return format
  if (format === 'idn-email') return 'email'
  if (format === 'uri' || format === 'url' || format === 'uri-reference' || format === 'iri') return 'uri'
  if (format === 'phone' || format === 'tel') return 'phone'
  if (format !== undefined || schema.pattern !== undefined)
    return /phone|mobile|\bcell\b/i.test(named) ? 'phone' : 'code'
  if (/\be-?mail\b/i.test(named)) return 'email'
  if (/phone|mobile|\bcell(?:ular)?\b|call ?back number/i.test(named)) return 'phone'
  if (/\b(?:number|code|pin|zip|postcode|postal code|id|reference|account|digits)\b/i.test(named)) return 'code'
  return 'text'
}

function labelOf(schema: JsonSchema, key: string): string {
  const title = text(schema, 'title')
  if (title === undefined) return spoken(key)
  // A title in a form's capitals, said aloud: "Date of Birth" is "date of birth", "PIN" stays "PIN".
  return title.replace(/\b[A-Z][a-z]+\b/g, (word) => word.toLowerCase()).replace(/[:.?]+$/, '')
}

/** A name from code as it is said: `first_name`, `firstName` and `first-name` are "first name". */
function spoken(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .replace(/\b[A-Z][a-z]+\b/g, (word) => word.toLowerCase())
}

/** "passengers" → "passenger", "allergies" → "allergy". */
function singular(label: string): string {
  return label.replace(/ies$/, 'y').replace(/(?<=[^s])s$/, '')
}
