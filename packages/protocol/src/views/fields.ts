/** The fields of an AI gather: its JSON Schema as a flat form, with the value of each field so far. */

/** A field that an AI gather asks the caller for. */
export interface FieldSpec {
  /** The path of the value in the gather's result, such as `['address', 'city']`. */
  readonly path: readonly string[]
  /** The path as one string, such as `address.city`. */
  readonly name: string
  /** The `title` of the field's schema, or words made from the field's name. */
  readonly label: string
  /** The `description` of the field's schema. */
  readonly description?: string | undefined
  /** The JSON Schema type: `string`, `number`, `integer`, `boolean`, `array`; `any` if the schema has no type. */
  readonly type: string
  /** The JSON Schema format, such as `date` or `email`. */
  readonly format?: string | undefined
  /** The allowed values, if the schema has an `enum`. */
  readonly options?: readonly unknown[] | undefined
  /** Whether the gather's schema requires the field. */
  readonly required: boolean
}

/** A field of an AI gather with its value so far. */
export interface FieldState extends FieldSpec {
  /** `heard`: the value is in the partial results. `confirmed`: it is in the final result. `missing`: in neither. */
  readonly status: 'missing' | 'heard' | 'confirmed'
  /** The value so far, of any JSON type; `undefined` if it is `missing`. */
  readonly value: unknown
}

type Schema = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object nested deeper than this is shown as one field, because an agent cannot read a deeply nested form. */
const MAX_DEPTH = 4

/** Returns the fields of an AI gather's `parameters`, nested objects flattened. A malformed schema yields no field. */
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

/** Turns a property name into a label: `dateOfBirth` and `date_of_birth` become `Date of birth`. */
function inWords(key: string): string {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .trim()
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Returns each field with its value from the partial results (`heard`) or the final result (`confirmed`). */
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
