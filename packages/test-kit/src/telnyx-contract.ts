/**
 * Validates the webhooks of a test against Telnyx's OpenAPI 3.1 document, whose path is in `CALLGATHER_TELNYX_CONTRACT`.
 * Without that variable it warns once.
 */
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const path = process.env.CALLGATHER_TELNYX_CONTRACT

interface Schema {
  $ref?: string
  enum?: string[]
  properties?: Record<string, Schema>
}

let validators: Map<string, ValidateFunction> | null = null

function load(): Map<string, ValidateFunction> {
  if (validators) return validators
  validators = new Map()
  if (path === undefined) {
    console.warn('CALLGATHER_TELNYX_CONTRACT is not set, so webhooks are not validated against the official contract.')
    return validators
  }
  const contract = JSON.parse(readFileSync(path, 'utf8')) as { components: { schemas: Record<string, Schema> } }
  allowNullClientState(contract)
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'telnyx', ...contract })
  const { schemas } = contract.components
  const property = (schema: Schema | undefined, name: string): Schema | undefined => {
    const found = schema?.properties?.[name]
    return found?.$ref ? schemas[found.$ref.split('/').pop() ?? ''] : found
  }
  for (const [name, schema] of Object.entries(schemas))
    for (const type of property(property(schema, 'data'), 'event_type')?.enum ?? [])
      validators.set(type, ajv.compile({ $ref: `telnyx#/components/schemas/${name}` }))
  return validators
}

/** Telnyx sends `client_state: null`, but its schemas allow only a string. */
function allowNullClientState(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'client_state' && typeof value === 'object' && value !== null && 'type' in value)
      value.type = ['string', 'null']
    else allowNullClientState(value)
  }
}

/** Keys that every payload of a call must have. The schemas require almost none, so validation alone would prove little. */
const COMMON = ['call_control_id', 'connection_id', 'call_leg_id', 'call_session_id', 'client_state']

/** Throws when an event does not match the contract. Checks only the common keys of a type that the contract lacks. */
export function expectContract(
  event: { readonly event_type: string; readonly payload: object },
  meta: unknown = { attempt: 1, delivered_to: 'http://localhost' },
): void {
  const validate = load().get(event.event_type)
  const hasCommon = event.event_type.startsWith('call.') && event.event_type !== 'call.conversation_insights.generated'
  for (const key of hasCommon ? COMMON : [])
    if (!(key in event.payload)) throw new Error(`${event.event_type} has no ${key}.`)
  if (validate && !validate({ data: event, meta }))
    throw new Error(
      `${event.event_type} does not match the contract: ${JSON.stringify(validate.errors)}\n${JSON.stringify(event, null, 2)}`,
    )
}
