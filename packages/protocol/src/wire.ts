/**
 * How an event is kept and crosses the socket: as a row without names. In a conversation, which is most of what is
 * relayed, names, ids and times would weigh three times what is said; nothing of it is left out here, it is only
 * written short.
 *
 * `[type, id, at, command, payload]`: known types by number, UUIDs in 22 characters, the time in microseconds. Whatever
 * does not fit the short form stands in full, so every event comes out exactly as it went in. Stores keep the text of
 * the row, so that a long log is sent without being read; all that people read has the long form.
 */
import type { CallEvent, HistorySplice } from './event.ts'
import type { CallEventFrame, CallRecord, WatchReply, WireEventFrame, WireWatchReply } from './socket.ts'

/** An event, short. Its number is not in it: rows stand in the order of the log, and whoever sends them says where. */
export type WireEvent = readonly [
  /** A place in `wireTypes`; the name itself of a type that is not there. */
  type: number | string,
  id: string,
  /** Microseconds since 1970; text where the time is not in the usual form. */
  at: number | string,
  /** The `command_id`; 0 where there is none. */
  command: string | 0,
  payload: unknown,
]

/** Types by number. Only ever appended to: a number once given keeps its meaning. */
export const wireTypes = [
  'call.initiated',
  'call.answered',
  'call.bridged',
  'call.hold',
  'call.unhold',
  'call.hangup',
  'call.dtmf.received',
  'call.gather.ended',
  'call.ai_gather.message_history_updated',
  'call.ai_gather.partial_results',
  'call.ai_gather.ended',
  'call.conversation.created',
  'call.conversation.ended',
  'call.conversation_insights.generated',
  'call.playback.started',
  'call.playback.ended',
  'call.speak.started',
  'call.speak.ended',
  'call.transcription',
  'command.requested',
  'command.accepted',
  'command.refused',
  'command.unknown',
  'call.closed',
] as const

const typeNumbers = new Map<string, number>(wireTypes.map((type, number) => [type, number]))

/** Writes an event short. */
export function encodeEvent({ id, event_type, occurred_at, command_id, payload }: CallEvent): WireEvent {
  return [
    typeNumbers.get(event_type) ?? event_type,
    shortId(id),
    shortTime(occurred_at),
    command_id === undefined ? 0 : shortId(command_id),
    shortPayload(payload),
  ]
}

/** Reads a short event. Logs that an older version began hold events in full, which stand as they are. */
export function decodeEvent(written: WireEvent | CallEvent): CallEvent {
  if (!isRow(written)) return written
  const [type, id, at, command, payload] = written
  return {
    id: longId(id),
    event_type: typeof type === 'number' ? (wireTypes[type] ?? `unknown:${type}`) : type,
    occurred_at: typeof at === 'number' ? longTime(at) : at,
    ...(command === 0 ? {} : { command_id: longId(command) }),
    payload: longPayload(payload),
  } as CallEvent
}

/** The text of an event, as stores keep it. */
export const writeEvent = (event: CallEvent): string => JSON.stringify(encodeEvent(event))

/** Reads the text of an event. */
export const readEvent = (text: string): CallEvent => decodeEvent(JSON.parse(text) as WireEvent | CallEvent)

const isRow = (written: WireEvent | CallEvent): written is WireEvent => Array.isArray(written)

/**
 * Reads what a server says on one socket. Frames name their log by a channel, a number which the answer to `call:watch`
 * has announced; on another socket it stands for something else.
 */
export class WireReader {
  readonly #logs = new Map<number, { readonly call_id: string; readonly epoch: string }>()

  /**
   * Reads the answer to a `call:watch`. To be called before anything else that comes on the socket is read: the next
   * frame may be one of this channel.
   */
  reply(callId: string, reply: WireWatchReply): WatchReply {
    if (!reply.ok) return reply
    const { channel, events, ...rest } = reply
    const rows = JSON.parse(events) as WireEvent[]
    this.#logs.set(channel, { call_id: callId, epoch: reply.cursor.epoch })
    return { ...rest, records: numbered(reply.cursor.seq - rows.length + 1, rows) }
  }

  /** Reads a frame; `null` if its channel was not announced here, or is no longer listened to. */
  frame([channel, first, ...rows]: WireEventFrame): CallEventFrame | null {
    const log = this.#logs.get(channel)
    return log ? { ...log, records: numbered(first, rows) } : null
  }

  /** Listens no longer to a call. */
  forget(callId: string): void {
    for (const [channel, { call_id }] of this.#logs) if (call_id === callId) this.#logs.delete(channel)
  }
}

const numbered = (first: number, rows: readonly WireEvent[]): CallRecord[] =>
  rows.map((row, index) => ({ seq: first + index, event: decodeEvent(row) }))

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Where a UUID has a digit and not a hyphen. */
const PLACES = Array.from({ length: 36 }, (_, place) => place).filter((place) => ![8, 13, 18, 23].includes(place))

const HEX = '0123456789abcdef'
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The value of each digit, by its character code. */
const valuesOf = (digits: string) =>
  Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, digits.indexOf(String.fromCharCode(code))))
const hexValues = valuesOf(HEX)
const base64Values = valuesOf(BASE64URL)
/** Every twelve bits, as three digits and as two: looked up, because every event has an id or two. */
const hexOf = Array.from({ length: 4096 }, (_, bits) => bits.toString(16).padStart(3, '0'))
const base64Of = Array.from({ length: 4096 }, (_, bits) => `${BASE64URL[bits >> 6]}${BASE64URL[bits & 63]}`)

/** A UUID as 22 base64url characters; any other id behind a `=`, which none of those can begin with. */
function shortId(id: string): string {
  if (!UUID.test(id)) return `=${id}`
  const digit = (index: number) => hexValues[id.charCodeAt(PLACES[index] ?? -1)] ?? 0
  let short = ''
  for (let at = 0; at < 33; at += 3) short += base64Of[(digit(at) << 8) | (digit(at + 1) << 4) | digit(at + 2)]
  return short
}

function longId(short: string): string {
  if (short.startsWith('=')) return short.slice(1)
  const digit = (index: number) => base64Values[short.charCodeAt(index)] ?? 0
  let hex = ''
  for (let at = 0; at < 22; at += 2) hex += hexOf[(digit(at) << 6) | digit(at + 1)]
  // Joined, here and below: a text put together by a template is kept as a tree of its pieces, six times as large.
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/

function shortTime(at: string): number | string {
  if (!TIME.test(at)) return at
  const millis = Date.parse(`${at.slice(0, -4)}Z`)
  const micros = millis * 1000 + Number(at.slice(-4, -1))
  // Some dates that have the form do not exist, and read as others; some are too far away for a number.
  const isExact = Number.isSafeInteger(micros) && new Date(millis).getUTCDate() === Number(at.slice(8, 10))
  return micros >= 0 && isExact ? micros : at
}

function longTime(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString()
  return [text.slice(0, -1), String(micros % 1000).padStart(3, '0'), 'Z'].join('')
}

/** Roles by number. Only ever appended to. */
const roles = ['assistant', 'user', 'system', 'tool'] as const

/** A payload whose only field is a history's change is written as that change, in a row. */
function shortPayload(payload: CallEvent['payload']): unknown {
  if (!isOnlySplice(payload)) return payload
  const { from, length, messages } = payload.message_history
  const row: (number | string)[] = [length, from]
  for (const { role, content } of messages) {
    const number = (roles as readonly string[]).indexOf(role)
    row.push(number === -1 ? role : number, content)
  }
  return row
}

function longPayload(payload: unknown): unknown {
  if (!Array.isArray(payload)) return payload
  const [length, from, ...rest] = payload as [number, number, ...(number | string)[]]
  const messages = []
  for (let index = 0; index + 1 < rest.length; index += 2) {
    const role = rest[index] as number | string
    messages.push({ role: typeof role === 'number' ? (roles[role] ?? 'unknown') : role, content: rest[index + 1] })
  }
  return { message_history: { length, from, messages } }
}

function isOnlySplice(payload: object): payload is { message_history: HistorySplice } {
  const { message_history: splice } = payload as { message_history?: Partial<HistorySplice> }
  return (
    Object.keys(payload).length === 1 &&
    typeof splice?.length === 'number' &&
    typeof splice.from === 'number' &&
    Object.keys(splice).length === 3 &&
    Array.isArray(splice.messages) &&
    splice.messages.every((each) => Object.keys(each).length === 2 && typeof each.content === 'string')
  )
}
