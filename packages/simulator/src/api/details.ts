/** Telnyx's sentences for invalid values of a body: from its error catalogue and the examples of its specification. */
import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FieldSchema } from './fields.ts'

/** Sentences of the error catalogue that the schema of a parameter does not determine. */
const sentenceByCode: Readonly<Record<string, (name: string) => string>> = {
  '10016': (name) => `The '${name}' parameter must be in E164 format.`,
  '90007': (name) => `The '${name}' parameter must be a 'string' with a value of ${DIGITS}, *, or #.`,
  '90008': (name) => `The '${name}' parameter must be a 'string' with a value of ${DIGITS}, *, or #.`,
  '90009': (name) =>
    `The '${name}' parameter must either be 'infinity' or an 'integer' with a minimum value of 1 and a maximum value of 100.`,
  '90014': (name) =>
    `The '${name}' parameter must be a 'string' made of a combination of either ${DIGITS}, A, B, C, D, w, W, * or #.`,
  '90017': (name) => `The '${name}' parameter must be a valid base64 string.`,
  '90025': (name) =>
    `The '${name}' parameter must be an 'integer' with a minimum and a maximum value accepted by command`,
  '90028': (name) =>
    `The '${name}' parameter must be an 'integer' with a minimum and a maximum value accepted by command`,
  '90057': () => 'The webhook_urls json keys must be valid call control event types.',
}
const DIGITS = '0, 1, 2, 3, 4, 5, 6, 7, 8, 9'

const disjunction = new Intl.ListFormat('en-GB', { type: 'disjunction' })

/** Returns Telnyx's sentence for a parameter that is absent or blank. */
export const requiredDetail = (name: string): string => `The '${name}' parameter is required and cannot be blank.`

/** Returns Telnyx's sentence for a parameter that has an error code and a list of values. */
export const choiceDetail = (name: string, values: readonly string[]): string =>
  `The '${name}' parameter must be of type 'string' with a value of either ${disjunction.format(values)}.`

/** Describes an invalid value as Telnyx does. */
export function detailOf({ keyword, instancePath, parentSchema, data }: ErrorObject): string {
  const name = instancePath.split('/').findLast((part) => !/^\d+$/.test(part)) ?? ''
  const schema = (parentSchema ?? {}) as FieldSchema
  const { type, enum: values, minimum, maximum, minLength = 0, maxLength, minItems = 0, maxItems } = schema
  const code: string = schema.code ?? ''
  const sentence = sentenceByCode[code]
  if (sentence) return sentence(name)
  const hasOwnCode = code.startsWith('9')
  if (hasOwnCode && type === 'integer')
    return `The '${name}' parameter must be an 'integer' with a minimum value of ${minimum} and a maximum value of ${maximum}.`
  if (hasOwnCode && values) return choiceDetail(name, values)
  if (hasOwnCode && maxLength !== undefined)
    return `The '${name}' parameter should contain between ${minLength} and ${maxLength} characters.`
  switch (keyword) {
    case 'type':
      return `The parameter must be of type ${disjunction.format([type].flat())}, but received type ${typeOf(data)}.`
    case 'enum':
      return `The value must be one of: ${(values as unknown[]).join(', ')}.`
    case 'minimum':
    case 'maximum':
      return maximum === undefined
        ? `The value must be at least ${minimum}.`
        : `The value is outside of allowed range ${minimum} to ${maximum}`
    case 'minLength':
    case 'maxLength':
      return `The field must be between ${minLength} and ${maxLength} characters long, but was ${String(data).length}.`
    case 'format':
      return 'The URL provided was invalid, malformed, or too long.'
    case 'minItems':
    case 'maxItems':
      return `The '${name}' parameter must have between ${minItems} and ${maxItems} items.`
    default:
      return `The '${name}' parameter is not valid.`
  }
}

/** Names the JSON type of a value. */
function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
