/** Creates the smallest value that conforms to a JSON Schema, for replies without a language model. */
import { constantsOf, isSchema, type JsonSchema, propertiesOf, requiredOf, resolve, typeOf } from './json-schema.ts'

const MAX_DEPTH = 6

const byFormat: Record<string, string> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'simulated@example.com',
  uri: 'https://example.com',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** Returns a value for a schema. Patterns and conditions are not considered. */
export function sampleOf(schema: JsonSchema, root: JsonSchema = schema, depth = 0): unknown {
  const flat = resolve(schema, root)
  const [constant] = constantsOf(flat) ?? []
  if ('const' in flat) return flat.const
  if (Array.isArray(flat.enum)) return flat.enum[0]
  if (constant) return constant.value
  const { minItems, minLength, minimum, exclusiveMinimum, format } = flat
  switch (typeOf(flat)) {
    case 'object': {
      const required = requiredOf(flat)
      const isShown = (name: string) => depth < MAX_DEPTH || required.includes(name)
      const properties = depth > 2 * MAX_DEPTH ? [] : propertiesOf(flat).filter(([name]) => isShown(name))
      return Object.fromEntries(properties.map(([name, property]) => [name, sampleOf(property, root, depth + 1)]))
    }
    case 'array': {
      const items = isSchema(flat.items) ? flat.items : {}
      return Array.from({ length: typeof minItems === 'number' ? minItems : 0 }, () => sampleOf(items, root, depth + 1))
    }
    case 'integer':
    case 'number':
      if (typeof exclusiveMinimum === 'number') return exclusiveMinimum + 1
      return typeof minimum === 'number' ? minimum : 0
    case 'boolean':
      return false
    case 'string':
      return byFormat[String(format)] ?? 'simulated'.padEnd(typeof minLength === 'number' ? minLength : 0, '.')
    default:
      return null
  }
}
