/**
 * From a webhook to the event that is stored, relayed and folded: only payload fields a console needs, one form of
 * time, the command it belongs to, and of a message history only what changed.
 *
 * What is not on the list of a known type never reaches a browser or a log. A type we do not know is kept as it came.
 */
import { type CallEvent, type CallState, isKnownEvent, stampOf } from '@callgather/protocol'
import { telnyxEventSchemas } from '@callgather/protocol/schema'
import { asRecord } from '../base/json.ts'
import { readHistory, spliceHistory } from './history.ts'
import type { Webhook } from './webhook.ts'

/**
 * The event of a webhook, given what is known of its call so far.
 *
 * @param command_id The command that the webhook belongs to, as `correlate` found.
 */
export function normalise(webhook: Webhook, command_id: string | undefined, state: CallState): CallEvent {
  const occurred_at = normaliseTime(webhook.occurredAt)
  const cause = command_id === undefined ? {} : { command_id }
  const envelope = { id: webhook.id, event_type: webhook.eventType, occurred_at, ...cause }
  const opaque = () => markUnreadable({ ...envelope, payload: withoutClientState(webhook.payload) })

  const schema = Object.hasOwn(telnyxEventSchemas, webhook.eventType)
    ? telnyxEventSchemas[webhook.eventType]
    : undefined
  if (!schema) return opaque()

  const { message_history, ...fields } = withoutNulls(webhook.payload)
  const history = readHistory(message_history)
  const stamp = stampOf({ ...envelope, payload: {} })
  const payload = {
    ...nullFields(webhook.eventType),
    ...fields,
    ...(history ? { message_history: spliceHistory(state, command_id, stamp, history) } : set({ message_history })),
  }
  const parsed = schema.safeParse({ ...envelope, payload })
  // Telnyx changed a field's type, say: show that it happened, as an event of a type we cannot read.
  return parsed.success ? (parsed.data as CallEvent) : opaque()
}

/** Telnyx requires no payload field. These are the ones that every event of a type has here, `null` where missing. */
const nullable: Readonly<Record<string, readonly string[]>> = {
  'call.dtmf.received': ['digit'],
  'call.gather.ended': ['status', 'digits'],
  'call.ai_gather.message_history_updated': ['message_history'],
  'call.ai_gather.partial_results': ['partial_results'],
  'call.ai_gather.ended': ['status', 'result'],
  'call.conversation_insights.generated': ['results'],
  'call.transcription': ['transcription_data'],
}

const nullFields = (eventType: string) => Object.fromEntries((nullable[eventType] ?? []).map((field) => [field, null]))

/** Telnyx sends `null` for what is not set, at any depth; its schemas, and ours, leave it out. */
function withoutNulls({ transcription_data, results, ...payload }: Webhook['payload']): Record<string, unknown> {
  const spoken = asRecord(transcription_data)
  return {
    ...set(payload),
    ...(spoken
      ? { transcription_data: { transcript: null, is_final: null, ...set(spoken) } }
      : set({ transcription_data })),
    ...(Array.isArray(results) ? { results: results.filter((each) => asRecord(each)) } : set({ results })),
  }
}

const set = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined))

/** A payload less what is only for us: our mark rides in `client_state`, theirs is theirs. */
function withoutClientState(payload: Webhook['payload']): Record<string, unknown> {
  const { client_state: _, ...rest } = payload
  return asRecord(rest) as Record<string, unknown>
}

/** Whether an event's type is known and its payload could not be read. */
export const isUnreadable = ({ event_type }: CallEvent): boolean => event_type.startsWith(UNREADABLE)

const UNREADABLE = 'unreadable:'

/** An event whose type the fold knows, but whose payload it could not read, must not meet the fold under that name. */
function markUnreadable(event: CallEvent): CallEvent {
  return isKnownEvent(event)
    ? ({ ...(event as CallEvent), event_type: `${UNREADABLE}${event.event_type}` } as CallEvent)
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
  return formatTime(Date.parse(text))
}

/** A moment of our own clock in the same form. */
export const formatTime = (millis: number): string => `${new Date(millis).toISOString().slice(0, -1)}000Z`
