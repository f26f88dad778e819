/**
 * Turns a webhook into the event that is stored, relayed and folded. Keeps only known payload fields, uses one time
 * format, adds the command, and reduces a message history to its changes.
 *
 * Unlisted fields of a known type never reach a browser or a log. An unknown type keeps its payload.
 */
import { type CallEvent, type CallState, isKnownEvent, stampOf } from '@callgather/protocol'
import { telnyxEventSchemas } from '@callgather/protocol/schema'
import { asRecord } from '../base/json.ts'
import { spliceHistory } from './history.ts'
import type { Webhook } from './webhook.ts'

/**
 * Returns the event of a webhook.
 *
 * @param command_id The command that the webhook belongs to, as `correlate` found.
 */
export function normalise(webhook: Webhook, command_id: string | undefined, state: CallState): CallEvent {
  const eventOf = (payload: Record<string, unknown>): CallEvent => {
    const occurred_at = normaliseTime(webhook.occurredAt)
    const event = { id: webhook.id, event_type: webhook.eventType, occurred_at, payload }
    return command_id === undefined ? event : Object.assign(event, { command_id })
  }
  const opaque = () => markUnreadable(eventOf(withoutClientState(webhook.payload)))

  const schema = Object.hasOwn(telnyxEventSchemas, webhook.eventType)
    ? telnyxEventSchemas[webhook.eventType]
    : undefined
  if (!schema) return opaque()

  const payload = withoutNulls(webhook.payload)
  for (const field of nullable[webhook.eventType] ?? []) payload[field] ??= null
  const event = eventOf(payload)
  const { message_history: history } = payload
  if (Array.isArray(history)) payload.message_history = spliceHistory(state, command_id, stampOf(event), history)
  const parsed = schema.safeParse(event)
  // If, for example, Telnyx changed the type of a field, the event still appears, but as unreadable.
  return parsed.success ? (parsed.data as CallEvent) : opaque()
}

/** By event type: the fields that a stored event always has, with `null` where Telnyx omits them. */
const nullable: Readonly<Record<string, readonly string[]>> = {
  'call.dtmf.received': ['digit'],
  'call.gather.ended': ['status', 'digits'],
  'call.ai_gather.message_history_updated': ['message_history'],
  'call.ai_gather.partial_results': ['partial_results'],
  'call.ai_gather.ended': ['status', 'result'],
  'call.conversation_insights.generated': ['results'],
  'call.transcription': ['transcription_data'],
}

/** Removes the `null` values that Telnyx sends for unset fields; its schemas and ours omit them. */
function withoutNulls(fields: Webhook['payload']): Record<string, unknown> {
  const payload = set(fields)
  const spoken = asRecord(payload.transcription_data)
  if (spoken) payload.transcription_data = { transcript: null, is_final: null, ...set(spoken) }
  if (Array.isArray(payload.results)) payload.results = payload.results.filter((each) => asRecord(each))
  return payload
}

const set = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined))

/** Removes `client_state`, which holds our mark or the host's private data. */
function withoutClientState(payload: Webhook['payload']): Record<string, unknown> {
  const { client_state: _, ...rest } = payload
  return asRecord(rest) as Record<string, unknown>
}

/** Whether an event has a known type but an unreadable payload. */
export const isUnreadable = ({ event_type }: CallEvent): boolean => event_type.startsWith(UNREADABLE)

const UNREADABLE = 'unreadable:'

/** Renames an event with a known type and an unreadable payload, so that the fold ignores it. */
function markUnreadable(event: CallEvent): CallEvent {
  return isKnownEvent(event)
    ? ({ ...(event as CallEvent), event_type: `${UNREADABLE}${event.event_type}` } as CallEvent)
    : event
}

/**
 * Formats a time as ISO 8601 in UTC with exactly six decimals, so that times compare as text. `Date` would drop
 * Telnyx's microseconds.
 */
export function normaliseTime(text: string): string {
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z$/.exec(text)
  // Telnyx's own format needs no conversion.
  if (match?.[2]?.length === 6) return text
  if (match) return `${match[1]}.${(match[2] ?? '').padEnd(6, '0').slice(0, 6)}Z`
  return formatTime(Date.parse(text))
}

/** Formats a time of our own clock, in milliseconds, as `normaliseTime` does. */
export const formatTime = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, -1)}000Z`
