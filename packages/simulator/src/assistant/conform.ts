/** Validates values against a JSON Schema with Ajv. A gather ends `valid` only if Ajv accepts its result. */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { JsonSchema } from './json-schema.ts'

const compiledBySchema = new WeakMap<JsonSchema, ValidateFunction | Error>()
const compiledByText = new Map<string, ValidateFunction | Error>()
const MAX_CACHED_SCHEMAS = 200

/** Returns all validation errors of a value, or an empty list when the value conforms to the schema. */
export function validationErrors(schema: JsonSchema, value: unknown): ErrorObject[] {
  const validate = compile(schema)
  // A schema that does not compile rejects every value.
  if (validate instanceof Error)
    return [{ keyword: 'schema', instancePath: '', schemaPath: '', params: {}, message: validate.message }]
  return validate(value) === true ? [] : [...(validate.errors ?? [])]
}

/** Returns an error message for `parameters` that Ajv cannot compile, otherwise undefined. */
export function describeInvalidSchema(parameters: JsonSchema): string | undefined {
  const validate = compile(parameters)
  return validate instanceof Error ? `parameters is not a valid JSON Schema: ${validate.message}` : undefined
}

function compile(schema: JsonSchema): ValidateFunction | Error {
  const cached = compiledBySchema.get(schema)
  if (cached !== undefined) return cached
  // Compilation takes milliseconds, and most programs send the same schema for every call.
  const text = JSON.stringify(schema)
  const validate = compiledByText.get(text) ?? compileUncached(schema)
  if (compiledByText.size >= MAX_CACHED_SCHEMAS) compiledByText.clear()
  compiledByText.set(text, validate)
  compiledBySchema.set(schema, validate)
  return validate
}

function compileUncached(schema: JsonSchema): ValidateFunction | Error {
  try {
    // Use one Ajv instance per schema, because two schemas may have the same `$id`. Instances without meta-schemas are cheap.
    const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false, meta: false, validateSchema: false })
    formats.default(ajv)
    const { $schema: _dialect, $id: _id, ...plain } = schema
    return ajv.compile(plain)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
