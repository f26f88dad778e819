/**
 * Reads events as stores keep them. A record that cannot be read becomes a placeholder: it costs its own call one event,
 * and the rest of that call, the list and every other call work.
 */
import { type CallEvent, type CallRecord, readEvent, writeEvent } from '@callgather/protocol'

/** The type of the event that stands in for a record that cannot be read. */
export const UNREADABLE_RECORD = 'unreadable:record'

/** The records after a number, from the texts that a store keeps. */
export function readStored(texts: readonly string[], after: number): CallRecord[] {
  let at = '1970-01-01T00:00:00.000000Z'
  return texts.map((text, index) => {
    const seq = after + 1 + index
    const event = parse(text) ?? placeholder(seq, at)
    at = event.occurred_at
    return { seq, event }
  })
}

/** The same texts, with a placeholder for each that cannot be read. */
export function repairStored(texts: readonly string[], after: number): readonly string[] {
  if (texts.every((text) => parse(text) !== null)) return texts
  return readStored(texts, after).map(({ event }, index) => {
    return event.event_type === UNREADABLE_RECORD ? writeEvent(event) : (texts[index] ?? '')
  })
}

function parse(text: string): CallEvent | null {
  try {
    const event = readEvent(text)
    return isEvent(event) ? event : null
  } catch {
    return null
  }
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''

const isEvent = ({ id, event_type, occurred_at, payload }: CallEvent): boolean =>
  [id, event_type, occurred_at].every(isText) && typeof payload === 'object' && payload !== null

/** At the time of the record before it, so that it stands in its place. */
const placeholder = (seq: number, at: string): CallEvent => ({
  id: `unreadable:${seq}`,
  event_type: UNREADABLE_RECORD,
  occurred_at: at,
  payload: {},
})
