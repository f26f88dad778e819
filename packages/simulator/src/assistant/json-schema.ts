/** The part of JSON Schema a conversation can follow, read defensively: the schema comes from outside. */

import { string } from './conversation.ts'

/** A schema as it came; every keyword is unknown until looked at. */
export type JsonSchema = Record<string, unknown>

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A string keyword, or undefined. */
export function text(schema: JsonSchema, keyword: string): string | undefined {
  return string(schema[keyword])?.trim()
}

/** The names in `required`. */
export function requiredOf(schema: JsonSchema): string[] {
  return Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : []
}

/** The properties in the order they are written. */
export function propertiesOf(schema: JsonSchema): [string, JsonSchema][] {
  if (!isSchema(schema.properties)) return []
  return Object.entries(schema.properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]))
}

/** The schema's type; of several, the first that is not `null`. */
export function typeOf(schema: JsonSchema): string | undefined {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  const named = types.find((type) => typeof type === 'string' && type !== 'null')
  if (typeof named === 'string') return named
  if (isSchema(schema.properties)) return 'object'
  if (schema.items !== undefined) return 'array'
  return undefined
}

const MAX_DEPTH = 16

/**
 * One schema instead of several: follows `$ref` within the document, folds `allOf` in, and takes the first branch of
 * `anyOf`/`oneOf` that is not `null` (unless they only list constants, which are choices).
 */
export function resolve(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  if (depth > MAX_DEPTH) return {}
  let flat = schema
  if (typeof flat.$ref === 'string') {
    const { $ref, ...beside } = flat
    flat = { ...resolve(resolveRef(String($ref), root), root, depth + 1), ...beside }
  }
  if (Array.isArray(flat.allOf)) {
    const { allOf, ...beside } = flat
    flat = (Array.isArray(allOf) ? allOf : [])
      .filter(isSchema)
      .map((part) => resolve(part, root, depth + 1))
      .reduce<JsonSchema>(merge, beside)
  }
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = flat[keyword]
    if (!Array.isArray(branches) || constantsOf(flat) !== undefined) continue
    const first = branches
      .filter(isSchema)
      .find((branch) => typeOf(branch) !== undefined || branch.enum !== undefined || branch.$ref !== undefined)
    const { [keyword]: _, ...beside } = flat
    if (first !== undefined) flat = merge(beside, resolve(first, root, depth + 1))
  }
  return flat
}

/** `oneOf: [{const, title}, …]`, the way to give options titles. */
export function constantsOf(schema: JsonSchema): { value: unknown; title: string | undefined }[] | undefined {
  for (const keyword of ['oneOf', 'anyOf'] as const) {
    const branches = schema[keyword]
    if (!Array.isArray(branches)) continue
    const options = branches.filter(isSchema).filter((branch) => branch.type !== 'null')
    if (options.length > 0 && options.every((option) => 'const' in option)) {
      return options.map((option) => ({ value: option.const, title: text(option, 'title') }))
    }
  }
  return undefined
}

function merge(one: JsonSchema, other: JsonSchema): JsonSchema {
  return {
    ...other,
    ...one,
    ...(isSchema(one.properties) || isSchema(other.properties)
      ? {
          properties: {
            ...(isSchema(one.properties) ? one.properties : {}),
            ...(isSchema(other.properties) ? other.properties : {}),
          },
        }
      : {}),
    ...(one.required !== undefined || other.required !== undefined
      ? { required: [...requiredOf(one), ...requiredOf(other)] }
      : {}),
  }
}

function resolveRef(ref: string, root: JsonSchema): JsonSchema {
  if (!ref.startsWith('#')) return {}
  let at: unknown = root
  for (const step of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isSchema(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }
  return isSchema(at) ? at : {}
}
