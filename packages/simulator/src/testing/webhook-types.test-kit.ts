/** Compares webhooks with the types of the official SDK, which are generated from Telnyx's specification. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WebhookEvent } from '../index.ts'

interface Field {
  isRequired: boolean
  /** The values of a closed list, or `null` for other types. */
  values: readonly string[] | null
}

/** Fields that Telnyx sends, by reports of users, or describes in words, although its types lack them. */
const UNTYPED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'call.gather.ended': ['gather_id'],
  'call.hangup': ['end_time'],
  'call.recording.saved': ['call_control_id', 'format', 'from', 'recording_id', 'to'],
}

/** Event types that Telnyx describes in words only. */
const UNTYPED_EVENTS: ReadonlySet<string> = new Set(['call.conversation.created'])

const declarations = new Map<string, string>()

function read(path: string): string {
  const known = declarations.get(path)
  if (known !== undefined) return known
  const text = readFileSync(fileURLToPath(import.meta.resolve(`telnyx/resources/${path}`)).replace(/\.m?js$/, '.d.ts'))
  declarations.set(path, text.toString())
  return text.toString()
}

/** Reads the fields of an interface. The SDK's declarations are generated, so their layout is uniform. */
function fieldsOf(source: string, indent: string, name: string): ReadonlyMap<string, Field> {
  const [, body = ''] =
    new RegExp(`^${indent}(?:export )?interface ${name} \\{\n([\\s\\S]*?)^${indent}\\}`, 'm').exec(source) ?? []
  const lines = body.matchAll(new RegExp(`^${indent}    (\\w+)(\\??): (.*)$`, 'gm'))
  return new Map(
    Array.from(lines, ([, field = '', optional, type = '']) => [
      field,
      { isRequired: optional === '', values: /^'[^;]*';$/.test(type) ? (type.match(/'([^']*)'/g) ?? []) : null },
    ]),
  )
}

let payloads: Map<string, ReadonlyMap<string, Field>> | null = null

/** Returns the payload fields of each event type of the SDK. */
export function payloadTypes(): ReadonlyMap<string, ReadonlyMap<string, Field>> {
  if (payloads) return payloads
  payloads = new Map()
  const source = read('webhooks')
  for (const [, name = '', body = ''] of source.matchAll(/^export interface (\w+) \{\n([\s\S]*?)^\}/gm)) {
    const types = /^ {4}event_type\??: (.*);$/m.exec(body)?.[1]?.match(/[\w.]+/g) ?? []
    const elsewhere = /^ {4}payload\??: MessagesAPI\.(\w+);$/m.exec(body)?.[1]
    const namespace = source.split(`export declare namespace ${name} {\n`)[1] ?? ''
    const fields = elsewhere
      ? fieldsOf(read('messages/messages'), '', elsewhere)
      : fieldsOf(namespace, '    ', 'Payload')
    for (const type of types) payloads.set(type, fields)
  }
  return payloads
}

/** Throws when an event has a field, or a value of a closed list, that the SDK's type lacks, or lacks a required field. */
export function expectSdkType({ event_type, payload }: WebhookEvent): void {
  if (UNTYPED_EVENTS.has(event_type)) return
  const fields = payloadTypes().get(event_type)
  if (!fields) throw new Error(`The SDK has no webhook type for ${event_type}.`)
  for (const [name, value] of Object.entries(payload)) {
    if (UNTYPED_FIELDS[event_type]?.includes(name)) continue
    const field = fields.get(name)
    if (!field) throw new Error(`The SDK's type of ${event_type} has no field ${name}.`)
    if (field.values && !field.values.includes(`'${value}'`))
      throw new Error(`The SDK's type of ${event_type} does not allow ${name} ${JSON.stringify(value)}.`)
  }
  for (const [name, { isRequired }] of fields)
    if (isRequired && !(name in payload)) throw new Error(`${event_type} lacks the required field ${name}.`)
}
