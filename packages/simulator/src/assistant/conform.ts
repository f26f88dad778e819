/** Does a value conform to a schema? The judge is Ajv; nothing is called `valid` that it does not pass. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { JsonSchema } from './json-schema.ts'

const compiledBySchema = new WeakMap<JsonSchema, ValidateFunction | Error>()
const compiledByText = new Map<string, ValidateFunction | Error>()
const MAX_CACHED_SCHEMAS = 200

/** Everything that is wrong with a value, nothing when it conforms. */
export function validationErrors(schema: JsonSchema, value: unknown): ErrorObject[] {
  const validate = compile(schema)
  // A schema that cannot be compiled accepts nothing: what it means is unknown.
  if (validate instanceof Error)
    return [{ keyword: 'schema', instancePath: '', schemaPath: '', params: {}, message: validate.message }]
  return validate(value) === true ? [] : [...(validate.errors ?? [])]
}

/** Why these `parameters` cannot be gathered, in words, or undefined when they can. */
export function describeInvalidSchema(parameters: JsonSchema): string | undefined {
  const validate = compile(parameters)
  return validate instanceof Error
    ? `parameters is not a JSON Schema that can be followed: ${validate.message}`
    : undefined
}

function compile(schema: JsonSchema): ValidateFunction | Error {
  const known = compiledBySchema.get(schema)
  if (known !== undefined) return known
  // Compiling costs milliseconds, and a program sends the same schema for every call.
  const text = JSON.stringify(schema)
  const made = compiledByText.get(text) ?? compileUncached(schema)
  if (compiledByText.size >= MAX_CACHED_SCHEMAS) compiledByText.clear()
  compiledByText.set(text, made)
  compiledBySchema.set(schema, made)
  return made
}

function compileUncached(schema: JsonSchema): ValidateFunction | Error {
  try {
    // A fresh instance for each: two callers' schemas may carry the same `$id`. Without the meta-schemas it is cheap to make.
    const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false, meta: false, validateSchema: false })
    formats.default(ajv)
    const { $schema: _dialect, $id: _id, ...plain } = schema
    return ajv.compile(plain)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
