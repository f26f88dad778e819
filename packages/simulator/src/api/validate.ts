/** Validates a command body against its schema, sets defaults, and reports all errors in Telnyx's format. */
import { Ajv2020, type ErrorObject, type SchemaObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { TelnyxError } from '../call/activity.ts'
import type { ApiSettings } from '../settings/settings.ts'
import { detailOf, requiredDetail } from './details.ts'
import { type ErrorCode, Refusal, refuse, telnyxError } from './errors.ts'
import type { FieldSchema } from './fields.ts'
import { hintFor, unknownParameters } from './parameters.ts'
import { type CommandName, schemas } from './schemas.ts'

const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strict: false, verbose: true })
addFormats.default(ajv)
ajv.addVocabulary(['code'])

const MAX_ERRORS = 20

type UndocumentedValues = ApiSettings['undocumentedValues']

/** Compiles a schema. The function returns a copy of a body with defaults, and throws a 422 `Refusal` if it is invalid. */
export function createValidator(schema: SchemaObject) {
  const isValid = ajv.compile(schema)
  return (body: unknown, undocumentedValues: UndocumentedValues): Record<string, unknown> => {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw refuse(422, '10026', 'The request body must be a JSON object.', '')
    const values: Record<string, unknown> = undocumentedValues === 'accept' ? normalise(body) : { ...body }
    if (!isValid(values)) throw new Refusal(422, summarise(isValid.errors ?? []))
    return values
  }
}

const validators = Object.fromEntries(
  Object.entries(schemas).map(([name, schema]) => [name, createValidator(schema)]),
) as Record<CommandName, ReturnType<typeof createValidator>>

/** Returns a copy of `body` with defaults. Throws a 422 `Refusal` if it is invalid. */
export function validate(
  command: CommandName,
  body: unknown,
  { unknownFields, undocumentedValues }: ApiSettings,
): Record<string, unknown> {
  const values = validators[command](body, undocumentedValues)
  const unknownNames = unknownFields === 'ignore' ? [] : unknownParameters(command, values)
  if (unknownNames.length === 0) return values
  const errors = unknownNames.map((name) =>
    telnyxError(
      '10015',
      `"${name}" is not a parameter of ${command}${hintFor(command, name)}. Check its spelling.`,
      `/${escapePointer(name)}`,
    ),
  )
  throw new Refusal(422, errors.slice(0, MAX_ERRORS))
}

/** Removes `null` fields, and the line breaks that some Base64 encoders insert into a `client_state`. */
function normalise(body: object): Record<string, unknown> {
  const values = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
  for (const field of ['client_state', 'target_leg_client_state']) {
    const state: unknown = values[field]
    if (typeof state === 'string') values[field] = state.replace(/[\r\n]/g, '')
  }
  return values
}

function summarise(errors: readonly ErrorObject[]): TelnyxError[] {
  const errorByPointer = new Map<string, TelnyxError>()
  for (const error of errors) {
    const missing = missingParameter(error)
    const pointer =
      error.keyword === 'required' ? `${error.instancePath}/${escapePointer(String(missing))}` : error.instancePath
    if (errorByPointer.has(pointer)) continue
    const entry =
      missing === null
        ? telnyxError(codeOf(error), detailOf(error), pointer)
        : telnyxError('10004', requiredDetail(missing), pointer)
    errorByPointer.set(pointer, entry)
  }
  return [...errorByPointer.values()].slice(0, MAX_ERRORS)
}

/** Returns the name of a parameter that is absent, or blank without a code of its own, and `null` for other errors. */
function missingParameter({ keyword, params, data, parentSchema, instancePath }: ErrorObject): string | null {
  if (keyword === 'required') return String(params.missingProperty)
  const { code, maxLength } = (parentSchema ?? {}) as FieldSchema
  const isBlank = data === '' && (keyword === 'minLength' || keyword === 'pattern') && maxLength === undefined
  return isBlank && !code?.startsWith('9') ? (instancePath.split('/').pop() ?? '') : null
}

const codeByKeyword: Record<string, ErrorCode> = {
  enum: '10032',
  minimum: '10033',
  maximum: '10033',
  type: '10026',
  minLength: '10025',
  maxLength: '10025',
  format: '10003',
}

const codeOf = ({ keyword, parentSchema }: ErrorObject): ErrorCode =>
  (parentSchema as FieldSchema | undefined)?.code ?? codeByKeyword[keyword] ?? '10015'

/** Escapes a property name for a JSON Pointer (RFC 6901 §3). */
const escapePointer = (name: string) => name.replace(/~/g, '~0').replace(/\//g, '~1')
