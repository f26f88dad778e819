/**
 * Reads events as stores keep them: as JSON. A record that cannot be read becomes a placeholder: it costs its own call
 * one event, and the rest of that call, the list and every other call work.
 */
import type { CallEvent, CallRecord } from '@callgather/protocol'

/** The type of the event that stands in for a record that cannot be read. */
export const UNREADABLE_RECORD = 'unreadable:record'

/** The records after a number, from the texts that a store keeps. */
export const parseRecords = (texts: readonly string[], after: number): CallRecord[] =>
  toRecords(texts.map(parse), after)

/** The records after a number, from parsed JSON. */
export function toRecords(values: readonly unknown[], after: number): CallRecord[] {
  let at = '1970-01-01T00:00:00.000000Z'
  return values.map((value, index) => {
    const seq = after + 1 + index
    const event = isEvent(value) ? value : placeholder(seq, at)
    at = event.occurred_at
    return { seq, event }
  })
}

/** The same texts, with a placeholder for each that cannot be read. */
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

/** At the time of the record before it, so that it stands in its place. */
const placeholder = (seq: number, at: string): CallEvent => ({
  id: `unreadable:${seq}`,
  event_type: UNREADABLE_RECORD,
  occurred_at: at,
  payload: {},
})
