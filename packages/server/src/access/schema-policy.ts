/** Restricts the JSON Schema of an AI gather to plain keywords without external references. */
import { asRecord } from '../base/json.ts'

/** Keywords whose value is a schema, or a list of schemas. */
const schemaKeywords = new Set([
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
])

/** Keywords whose value maps names to schemas. */
const namedSchemaKeywords = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'])

/** JSON Schema keywords whose value is plain data, not a subschema. */
const dataKeywords = new Set([
  'type',
  'required',
  'title',
  'description',
  '$comment',
  'enum',
  'const',
  'default',
  'examples',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
  'dependentRequired',
  'nullable',
  'deprecated',
  'readOnly',
  'writeOnly',
])

const MAX_DEPTH = 32
const DIALECT = /^https?:\/\/json-schema\.org\/[\w/.-]+#?$/

/** Finds the keywords that a client may not use, as paths and reasons. */
export function findSchemaFaults(at: readonly string[], schema: unknown): [path: readonly string[], detail: string][] {
  if (at.length > MAX_DEPTH) return [[at, 'The schema is nested too deeply. Reduce its depth.']]
  if (Array.isArray(schema))
    return schema.flatMap((each: unknown, index) => findSchemaFaults([...at, String(index)], each))
  return Object.entries(asRecord(schema) ?? {}).flatMap(([key, value]) => {
    const here = [...at, key]
    if (schemaKeywords.has(key)) return findSchemaFaults(here, value)
    if (namedSchemaKeywords.has(key)) {
      return Object.entries(asRecord(value) ?? {}).flatMap(([name, each]) => findSchemaFaults([...here, name], each))
    }
    if (dataKeywords.has(key)) return []
    if (key === '$ref' && typeof value === 'string' && value.startsWith('#')) return []
    if (key === '$schema' && typeof value === 'string' && DIALECT.test(value)) return []
    return [[here, 'This is not an allowed keyword of JSON Schema, or it refers to another document. Remove it.']]
  })
}
