/** Reads the JSON Schema keywords that a conversation supports. Schemas are untrusted input. */

import { string } from './conversation.ts'

/** An unvalidated schema. */
export type JsonSchema = Record<string, unknown>

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the value of a keyword if it is a string, else undefined. */
export function text(schema: JsonSchema, keyword: string): string | undefined {
  return string(schema[keyword])?.trim()
}

/** Returns the property names in `required`. */
export function requiredOf(schema: JsonSchema): string[] {
  return Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : []
}

/** Returns the schemas of the properties, in schema order. */
export function propertiesOf(schema: JsonSchema): [string, JsonSchema][] {
  if (!isSchema(schema.properties)) return []
  return Object.entries(schema.properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]))
}

/** Returns the type of a schema. Of several types, returns the first that is not `null`. */
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
 * Flattens a schema: resolves local `$ref`s, merges `allOf`, and takes the first `anyOf`/`oneOf` branch that has a type,
 * `enum` or `$ref`. Keeps branches that only list constants, because these are choices.
 */
export function resolve(schema: JsonSchema, root: JsonSchema, depth = 0): JsonSchema {
  if (depth > MAX_DEPTH) return {}
  let flat = schema
  if (typeof flat.$ref === 'string') {
    const { $ref, ...siblings } = flat
    flat = { ...resolve(resolveRef(String($ref), root), root, depth + 1), ...siblings }
  }
  if (Array.isArray(flat.allOf)) {
    const { allOf, ...siblings } = flat
    flat = (Array.isArray(allOf) ? allOf : [])
      .filter(isSchema)
      .map((part) => resolve(part, root, depth + 1))
      .reduce<JsonSchema>(merge, siblings)
  }
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const branches = flat[keyword]
    if (!Array.isArray(branches) || constantsOf(flat) !== undefined) continue
    const first = branches
      .filter(isSchema)
      .find((branch) => typeOf(branch) !== undefined || branch.enum !== undefined || branch.$ref !== undefined)
    const { [keyword]: _, ...siblings } = flat
    if (first !== undefined) flat = merge(siblings, resolve(first, root, depth + 1))
  }
  return flat
}

/** Returns the options of `oneOf: [{const, title}, …]`, or undefined for any other schema. */
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

/** Merges two schemas. If both have a keyword, `base` wins; if both have a property, `addition` wins. */
function merge(base: JsonSchema, addition: JsonSchema): JsonSchema {
  return {
    ...addition,
    ...base,
    ...(isSchema(base.properties) || isSchema(addition.properties)
      ? {
          properties: {
            ...(isSchema(base.properties) ? base.properties : {}),
            ...(isSchema(addition.properties) ? addition.properties : {}),
          },
        }
      : {}),
    ...(base.required !== undefined || addition.required !== undefined
      ? { required: [...requiredOf(base), ...requiredOf(addition)] }
      : {}),
  }
}

function resolveRef(ref: string, root: JsonSchema): JsonSchema {
  if (!ref.startsWith('#')) return {}
  let node: unknown = root
  for (const step of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    node = isSchema(node) && Object.hasOwn(node, key) ? node[key] : undefined
  }
  return isSchema(node) ? node : {}
}
