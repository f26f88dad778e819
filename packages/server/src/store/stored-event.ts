/**
 * Reads stored events from JSON. An unreadable record becomes a placeholder, so that the rest of its call still works.
 */
import type { CallEvent, CallRecord } from '@callgather/protocol'

/** The event type of the placeholder for an unreadable record. */
export const UNREADABLE_RECORD = 'unreadable:record'

/** Parses the JSON of stored events into the records after a sequence number. */
export const parseRecords = (texts: readonly string[], after: number): CallRecord[] =>
  toRecords(texts.map(parse), after)

/** Turns parsed JSON into the records after a sequence number. */
export function toRecords(values: readonly unknown[], after: number): CallRecord[] {
  let at = '1970-01-01T00:00:00.000000Z'
  return values.map((value, index) => {
    const seq = after + 1 + index
    const event = isEvent(value) ? value : placeholder(seq, at)
    at = event.occurred_at
    return { seq, event }
  })
}

/** Returns the same JSON texts, but with a placeholder for each unreadable text. */
export function repairEvents(texts: readonly string[], after: number): readonly string[] {
  if (texts.every((text) => isEvent(parse(text)))) return texts
  return parseRecords(texts, after).map(({ event }) => JSON.stringify(event))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isEvent(value: unknown): value is CallEvent {
  if (typeof value !== 'object' || value === null) return false
  const { id, event_type, occurred_at, payload }: Partial<Record<keyof CallEvent, unknown>> = value
  const isText = (each: unknown) => typeof each === 'string' && each !== ''
  return [id, event_type, occurred_at].every(isText) && typeof payload === 'object' && payload !== null
}

/** Returns the placeholder for an unreadable record. It has the time of the record before it, to keep its order. */
const placeholder = (seq: number, at: string): CallEvent => ({
  id: `unreadable:${seq}`,
  event_type: UNREADABLE_RECORD,
  occurred_at: at,
  payload: {},
})
