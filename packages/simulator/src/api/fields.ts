/** Builders for the JSON Schemas of request bodies. */
import type { SchemaObject } from 'ajv'
import type { ErrorCode } from './errors.ts'

/** A JSON Schema (2020-12) with Telnyx's error code for invalid values. */
export interface FieldSchema extends SchemaObject {
  code?: ErrorCode
}

export const text: FieldSchema = { type: 'string' }
export const flag: FieldSchema = { type: 'boolean' }
export const record: FieldSchema = { type: 'object' }
export const object = (properties: Record<string, FieldSchema>, ...required: string[]): FieldSchema => ({
  type: 'object',
  properties,
  required,
})
export const list = (items: FieldSchema): FieldSchema => ({ type: 'array', items })
export const headers = list(object({ name: text, value: text }, 'name', 'value'))

/** Matches padded Base64 (RFC 4648 §4). */
export const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

const common = {
  client_state: { type: 'string', pattern: BASE64, code: '90017' },
  command_id: text,
} satisfies Record<string, FieldSchema>

export const oneOf = (...values: string[]): FieldSchema => ({ type: 'string', enum: values })
export const nonEmptyText: FieldSchema = { type: 'string', minLength: 1 }
export const integer = (minimum: number, maximum: number, defaultValue: number, code?: ErrorCode): FieldSchema => ({
  type: 'integer',
  minimum,
  maximum,
  default: defaultValue,
  ...(code === undefined ? {} : { code }),
})
export const url: FieldSchema = { type: 'string', format: 'uri' }

/** Creates the schema of a command body. */
export const body = <Fields extends Record<string, FieldSchema>>(required: string[], fields: Fields) => ({
  type: 'object' as const,
  required,
  properties: { ...common, ...fields },
})
