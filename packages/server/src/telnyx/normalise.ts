/**
 * From a webhook to the event that is stored, relayed and folded: only payload fields a console needs, one form of
 * time, the command it belongs to, and of a message history only what changed.
 *
 * What is not on the list of a known type never reaches a browser or a log. A type we do not know is kept as it came.
 */
import { type CallEvent, type CallState, isKnownEvent, stampOf } from '@callgather/protocol'
import { type opaqueEventSchema, telnyxEventSchemas } from '@callgather/protocol/schema'
import type { Marker } from './client-state.ts'
import { correlate } from './correlate.ts'
import { readHistory, spliceHistory } from './history.ts'
import { asRecord, type Webhook } from './webhook.ts'

const schemas: Readonly<Record<string, Pick<typeof opaqueEventSchema, 'safeParse'>>> = telnyxEventSchemas

/** The event of a webhook, given what is known of its call so far. */
export function normalise(webhook: Webhook, marker: Marker | null, state: CallState): CallEvent {
  const occurred_at = normaliseTime(webhook.occurredAt)
  const command_id = correlate(webhook, occurred_at, marker, state)
  const cause = command_id === undefined ? {} : { command_id }
  const envelope = { id: webhook.id, event_type: webhook.eventType, occurred_at, ...cause }
  const opaque = () => renamed({ ...envelope, payload: withoutOurs(webhook.payload) })

  const schema = Object.hasOwn(schemas, webhook.eventType) ? schemas[webhook.eventType] : undefined
  if (!schema) return opaque()

  const { message_history, ...fields } = withoutNulls(webhook.payload)
  const history = readHistory(message_history)
  const stamp = stampOf({ ...envelope, payload: {} })
  const payload = history ? { ...fields, message_history: spliceHistory(state, command_id, stamp, history) } : fields
  const parsed = schema.safeParse({ ...envelope, payload })
  // Telnyx changed a field's type, say: show that it happened, as an event of a type we cannot read.
  return parsed.success ? (parsed.data as CallEvent) : opaque()
}

/** Fields whose `null` says something: there is no result, no reason; the digits are hidden. */
const meaningful: ReadonlySet<string> = new Set(['result', 'reason', 'digits', 'digit'])

/** Telnyx sends `null` for what is not set; its schemas, and ours, leave it out. */
function withoutNulls(payload: Webhook['payload']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(payload).filter(([key, value]) => value !== null || meaningful.has(key)))
}

/** A payload less what is only for us: our mark rides in `client_state`, theirs is theirs. */
function withoutOurs(payload: Webhook['payload']): Record<string, unknown> {
  const { client_state: _, ...rest } = payload
  return asRecord(rest) as Record<string, unknown>
}

/** An event whose type the fold knows, but whose payload it could not read, must not meet the fold under that name. */
function renamed(event: CallEvent): CallEvent {
  return isKnownEvent(event)
    ? ({ ...(event as CallEvent), event_type: `unreadable:${event.event_type}` } as CallEvent)
    : event
}

/**
 * ISO 8601 in UTC with exactly six decimals, so that times compare as text. `Date` would drop Telnyx's microseconds.
 */
export function normaliseTime(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z$/.exec(text)
  // As Telnyx writes it: nothing is to be made anew.
  if (match?.[2]?.length === 6) return text
  if (match) return `${match[1]}.${(match[2] ?? '').padEnd(6, '0').slice(0, 6)}Z`
  return timeOf(Date.parse(text))
}

/** A moment of our own clock in the same form. */
export const timeOf = (millis: number): string => `${new Date(millis).toISOString().slice(0, -1)}000Z`
