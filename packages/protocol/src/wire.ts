/**
 * How a record crosses the socket: as a row without names. In a conversation, which is most of what is relayed, names,
 * ids and times would weigh three times what is said; nothing of it is left out here, it is only written short.
 *
 * `[seq, type, id, at, command, payload]`: known types by number, UUIDs in 22 characters, the time in microseconds.
 * Whatever does not fit the short form stands in full, so every record comes out exactly as it went in. The log itself,
 * and all that people read, keep the long form.
 */
import type { CallEvent, HistorySplice } from './event.ts'
import type { CallEventFrame, CallRecord, WatchReply, WireEventFrame, WireWatchReply } from './socket.ts'

/** A record, short. */
export type WireRecord = readonly [
  seq: number,
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

/** Writes a record short. */
export function encodeRecord({ seq, event }: CallRecord): WireRecord {
  const { id, event_type, occurred_at, command_id } = event
  return [
    seq,
    typeNumbers.get(event_type) ?? event_type,
    shortId(id),
    shortTime(occurred_at),
    command_id === undefined ? 0 : shortId(command_id),
    shortPayload(event.payload),
  ]
}

/** Reads a short record. */
export function decodeRecord([seq, type, id, at, command, payload]: WireRecord): CallRecord {
  const event = {
    id: longId(id),
    event_type: typeof type === 'number' ? (wireTypes[type] ?? `unknown:${type}`) : type,
    occurred_at: typeof at === 'number' ? longTime(at) : at,
    ...(command === 0 ? {} : { command_id: longId(command) }),
    payload: longPayload(payload),
  }
  return { seq, event: event as CallEvent }
}

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
    const { channel, records, ...rest } = reply
    this.#logs.set(channel, { call_id: callId, epoch: reply.cursor.epoch })
    return { ...rest, records: records.map(decodeRecord) }
  }

  /** Reads a frame; `null` if its channel was not announced here, or is no longer listened to. */
  frame([channel, ...records]: WireEventFrame): CallEventFrame | null {
    const log = this.#logs.get(channel)
    return log ? { ...log, records: records.map(decodeRecord) } : null
  }

  /** Listens no longer to a call. */
  forget(callId: string): void {
    for (const [channel, { call_id }] of this.#logs) if (call_id === callId) this.#logs.delete(channel)
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A UUID as 22 base64url characters; any other id behind a `=`, which none of those can begin with. */
function shortId(id: string): string {
  if (!UUID.test(id)) return `=${id}`
  const hex = `${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}${id.slice(19, 23)}${id.slice(24)}0`
  let short = ''
  for (let at = 0; at < 33; at += 3) {
    const bits = Number.parseInt(hex.slice(at, at + 3), 16)
    short += `${DIGITS[bits >> 6]}${DIGITS[bits & 63]}`
  }
  return short
}

function longId(short: string): string {
  if (short.startsWith('=')) return short.slice(1)
  let hex = ''
  for (let at = 0; at < 22; at += 2) {
    const bits = (DIGITS.indexOf(short[at] ?? '') << 6) | DIGITS.indexOf(short[at + 1] ?? '')
    hex += bits.toString(16).padStart(3, '0')
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/

function shortTime(at: string): number | string {
  if (!TIME.test(at)) return at
  const micros = Date.parse(`${at.slice(0, -4)}Z`) * 1000 + Number(at.slice(-4, -1))
  // Some dates that have the form do not exist, and read as others.
  return micros >= 0 && longTime(micros) === at ? micros : at
}

function longTime(micros: number): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString()
  return `${text.slice(0, -1)}${String(micros % 1000).padStart(3, '0')}Z`
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
  const { message_history: splice, ...rest } = payload as { message_history?: Partial<HistorySplice> }
  return (
    Object.keys(rest).length === 0 &&
    typeof splice?.length === 'number' &&
    typeof splice.from === 'number' &&
    Object.keys(splice).length === 3 &&
    Array.isArray(splice.messages) &&
    splice.messages.every((each) => Object.keys(each).length === 2 && typeof each.content === 'string')
  )
}
