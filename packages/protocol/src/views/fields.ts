/** The fields of an AI gather: its JSON Schema laid out as a form, and what has been heard of each. */

/** One thing an AI gather is to find out. */
export interface FieldSpec {
  /** Where the value stands in the result, such as `['address', 'city']`. */
  readonly path: readonly string[]
  /** The path as one string, such as `address.city`. */
  readonly name: string
  /** The schema's `title`, or the name in words. */
  readonly label: string
  readonly description?: string | undefined
  /** The JSON Schema type: `string`, `number`, `integer`, `boolean`, `array`; `any` if it does not say. */
  readonly type: string
  /** The JSON Schema format, such as `date` or `email`. */
  readonly format?: string | undefined
  /** The values allowed, where the schema lists them. */
  readonly options?: readonly unknown[] | undefined
  readonly required: boolean
}

/** A field and what is known of it. */
export interface FieldState extends FieldSpec {
  /** `heard`: in the partial results. `confirmed`: in the final result. */
  readonly status: 'missing' | 'heard' | 'confirmed'
  readonly value: unknown
}

type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Deeper schemas than this are shown as one field, because a deeply nested form is unreadable on a call. */
const MAX_DEPTH = 4

/** The fields that a gather's `parameters` ask for, nested objects laid flat. Anything malformed yields no field. */
export function fieldsOf(parameters: unknown): FieldSpec[] {
  return isObject(parameters) ? walk(parameters, [], true, 0) : []
}

function walk(schema: Schema, path: readonly string[], parentRequired: boolean, depth: number): FieldSpec[] {
  if (!isObject(schema.properties)) return []
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(schema.properties).flatMap(([key, property]) => {
    if (!isObject(property)) return []
    const here = [...path, key]
    const needed = parentRequired && required.includes(key)
    if (isObject(property.properties) && depth < MAX_DEPTH) return walk(property, here, needed, depth + 1)
    return [fieldSpec(property, here, key, needed)]
  })
}

function fieldSpec(property: Schema, path: readonly string[], key: string, required: boolean): FieldSpec {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  return {
    path,
    name: path.join('.'),
    label: text(property.title) ?? inWords(key),
    description: text(property.description),
    type: text(property.type) ?? 'any',
    format: text(property.format),
    options: Array.isArray(property.enum) ? property.enum : undefined,
    required,
  }
}

/** `dateOfBirth`, `date_of_birth` → `Date of birth`. */
function inWords(key: string): string {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Each field with what has been heard, and confirmed, of it. */
export function fieldStates(parameters: unknown, heard: unknown, confirmed: unknown): FieldState[] {
  return fieldsOf(parameters).map((field) => {
    const final = valueAt(confirmed, field.path)
    if (final !== undefined && final !== null) return { ...field, status: 'confirmed', value: final }
    const partial = valueAt(heard, field.path)
    if (partial !== undefined && partial !== null) return { ...field, status: 'heard', value: partial }
    return { ...field, status: 'missing', value: undefined }
  })
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}
