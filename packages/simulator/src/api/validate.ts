/** Validates a command body against its schema, sets defaults, and reports all errors in Telnyx's format. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { TelnyxError } from '../call/activity.ts'
import type { ApiSettings } from '../settings/settings.ts'
import { type ErrorCode, Refusal, refuse, telnyxError } from './errors.ts'
import { hintFor, unknownParameters } from './parameters.ts'
import { type CommandName, type FieldSchema, schemas } from './schemas.ts'

const ajv = new Ajv2020({ allErrors: true, useDefaults: true, strict: false, verbose: true })
addFormats.default(ajv)
ajv.addVocabulary(['code'])

const validators = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, ajv.compile(schema)]))

const MAX_ERRORS = 20

/** Returns a copy of `body` with defaults. Throws a 422 `Refusal` if it is invalid. */
export function validate(
  command: CommandName,
  body: unknown,
  { unknownFields, undocumentedValues }: ApiSettings,
): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw refuse(422, '10026', 'The request body must be a JSON object.', '')
  const validator = validators[command]
  const values: Record<string, unknown> = undocumentedValues === 'accept' ? normalise(body) : { ...body }
  if (validator && !validator(values)) throw new Refusal(422, summarise(validator.errors ?? []))
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
    const pointer =
      error.keyword === 'required'
        ? `${error.instancePath}/${escapePointer(String(error.params.missingProperty))}`
        : error.instancePath
    if (!errorByPointer.has(pointer)) errorByPointer.set(pointer, telnyxError(codeOf(error), detailOf(error), pointer))
  }
  return [...errorByPointer.values()].slice(0, MAX_ERRORS)
}

const codeByKeyword: Record<string, ErrorCode> = {
  required: '10004',
  enum: '10032',
  minimum: '10033',
  maximum: '10033',
  type: '10026',
  minLength: '10025',
  maxLength: '10025',
}

function codeOf({ keyword, parentSchema }: ErrorObject): ErrorCode {
  // All missing fields get the same error code.
  if (keyword === 'required') return '10004'
  return (parentSchema as FieldSchema | undefined)?.code ?? codeByKeyword[keyword] ?? '10015'
}

/** Details for values whose schema would print as a pattern or a long list. */
const detailByCode: Readonly<Record<string, string>> = {
  '10016': 'The phone number must be in +E.164 format, such as +15550123.',
  '90009': "loop must be 'infinity' or an integer from 1 to 100.",
  '90014': 'digits must consist of 0 to 9, A to D, w, W, * and #.',
  '90057': 'The keys of webhook_urls must be event types of Call Control, such as call.hangup.',
}

function detailOf({ keyword, instancePath, params, message, parentSchema }: ErrorObject): string {
  const name = instancePath.split('/').pop() ?? ''
  const detail = detailByCode[String(parentSchema?.code)]
  if (detail !== undefined) return detail
  switch (keyword) {
    case 'required':
      return `The ${String(params.missingProperty)} parameter is required.`
    case 'enum':
      return `${name} must be one of: ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ')}.`
    default:
      return `${name || 'The request body'} ${message ?? 'is not valid'}.`
  }
}

/** Escapes a property name for a JSON Pointer (RFC 6901 §3). */
const escapePointer = (name: string) => name.replace(/~/g, '~0').replace(/\//g, '~1')
