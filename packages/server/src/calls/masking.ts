/**
 * Hides what a caller gives in confidence, by structure and before anything is written: not a pattern that looks like
 * a card number, but every field that can carry input, of every event that falls within a sensitive gather.
 *
 * A window opens when the sensitive command is logged, before Telnyx has it, and closes 30 s after its end. An event is
 * in it by its own time or by the time it arrives. Our mark in `client_state` says the same where the log cannot: after
 * a restart with an empty store, and on another node. Where neither says anything, and the server knows of sensitive
 * gathers at all, what might be input is hidden.
 */
import { type CallState, type CommandState, callEndedAt, isDigitGather, type Mask, rulesOf } from '@callgather/protocol'
import type { Marker } from '../telnyx/client-state.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'
import { normaliseTime, timeOf } from '../telnyx/normalise.ts'
import { asRecord, type Webhook } from '../telnyx/webhook.ts'

/** How long after a sensitive gather has ended input is still hidden, in milliseconds. */
export const MASK_GRACE_MILLIS = 30_000

/** Fewest digits of which four may be shown: of a PIN they would be all. */
const LAST4_FROM = 8

const strictness: Readonly<Record<Mask, number>> = { allButLast4: 1, digits: 2, all: 3 }

/** The stricter of two; a gather can be made more sensitive by whoever starts it, never less. */
export function strictest(one: Mask | undefined, other: Mask | undefined): Mask | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return strictness[one] >= strictness[other] ? one : other
}

/** What is known when a webhook is judged. */
export interface MaskContext {
  readonly state: CallState
  readonly marker: Marker | null
  /** When the webhook arrived, in milliseconds. */
  readonly now: number
  /** Whether the server knows of sensitive gathers at all: then ignorance hides. */
  readonly closed: boolean
}

/** How much of a webhook may be shown: `undefined` for all of it. */
export function maskOf(webhook: Webhook, { state, marker, now, closed }: MaskContext): Mask | undefined {
  const at = normaliseTime(webhook.occurredAt)
  let mask = maskAt(state, at, now)
  const own = marker ? state.commands.get(marker.commandId) : undefined
  // The mark speaks where the log does not know its command.
  if (marker?.mask && !own?.request) mask = strictest(mask, marker.mask)
  // What belongs to a conversation that was sensitive stays so, however late it comes.
  if (own?.request?.mask && carriesHistory(webhook)) mask = strictest(mask, own.request.mask)
  const ignorant = state.initiated === null && state.commands.size === 0 && marker === null
  return mask ?? (closed && ignorant ? 'digits' : undefined)
}

/** Whether a command's window holds a moment, by the event's time or by ours. */
export function isWithin(state: CallState, command: CommandState, at: string, now: number): boolean {
  const { request } = command
  if (!request || command.outcome?.status === 'refused') return false
  const end = endOf(state, command)
  const until = end === null ? null : timeOf(Date.parse(end) + MASK_GRACE_MILLIS)
  const holds = (moment: string) => moment >= request.at && (until === null || moment <= until)
  return holds(at) || holds(timeOf(now))
}

/** The strictest wish of all sensitive commands whose window is open. */
export function openMask(state: CallState, now: number): Mask | undefined {
  return maskAt(state, timeOf(now), now)
}

/**
 * How much of a webhook may be shown for the sake of another leg of the same session: a key pressed on one leg is heard,
 * and reported, on those that are bridged with it. A leg that is over gathers nothing more.
 */
export function maskBeside(webhook: Webhook, leg: CallState, now: number): Mask | undefined {
  const at = normaliseTime(webhook.occurredAt)
  const over = callEndedAt(leg)
  const isOver = over !== null && Math.min(Date.parse(webhook.occurredAt), now) > Date.parse(over) + MASK_GRACE_MILLIS
  return isOver ? undefined : maskAt(leg, at, now)
}

/** Whether anything that a caller gave may be in a webhook; of a type we do not know, it may. */
export const mayCarryInput = ({ eventType }: Webhook): boolean => !plainFields.has(eventType)

/** The strictest wish of all sensitive commands in whose window a moment is. */
function maskAt(state: CallState, at: string, now: number): Mask | undefined {
  let mask: Mask | undefined
  for (const command of state.commands) {
    const wanted = command.request?.mask
    if (wanted && isWithin(state, command, at, now)) mask = strictest(mask, wanted)
  }
  return mask
}

function endOf(state: CallState, { id }: CommandState): string | null {
  return state.gathers.get(id)?.ended?.at ?? state.conversations.get(id)?.ended?.at ?? null
}

const carriesHistory = ({ eventType }: Webhook) =>
  eventType.startsWith('call.ai_gather.') || eventType.startsWith('call.conversation')

/**
 * The webhook as it may be written; `null` when not even that it happened may be.
 *
 * Default-deny: only fields that cannot carry input are left as they are, and of a type we do not know, none.
 */
export function maskWebhook(webhook: Webhook, mask: Mask, { state, marker }: MaskContext): Webhook | null {
  const { payload } = webhook
  const kept = keptFields(payload)
  const as = (fields: Record<string, unknown>): Webhook => ({ ...webhook, payload: { ...kept, ...fields } })
  switch (webhook.eventType) {
    case 'call.dtmf.received':
      if (mask === 'all') return null
      return as({ digit: isTerminator(payload.digit, state, marker) ? payload.digit : null })
    case 'call.gather.ended':
      return as({ status: payload.status, ...maskedDigits(payload, mask) })
    case 'call.ai_gather.ended':
      return as({ status: payload.status, result: null, ...maskedHistory(payload, state, marker) })
    case 'call.ai_gather.partial_results':
      return as({ partial_results: {}, ...maskedHistory(payload, state, marker) })
    case 'call.ai_gather.message_history_updated':
      return as(maskedHistory(payload, state, marker))
    case 'call.transcription':
      return as({ transcription_data: maskedSpeech(payload.transcription_data) })
    case 'call.conversation_insights.generated':
      return as({ results: [] })
    default:
      return as(pick(payload, plainFields.get(webhook.eventType) ?? []))
  }
}

const course = ['direction', 'caller_id_name', 'status', 'hangup_cause', 'hangup_source']
const media = ['media_url', 'media_name', 'overlay', 'status']
const conversation = ['conversation_id', 'assistant_id', 'duration_sec', 'llm_model']

/** What may be kept of the types in which no input is. */
const plainFields: ReadonlyMap<string, readonly string[]> = new Map([
  ['call.initiated', course],
  ['call.answered', course],
  ['call.bridged', course],
  ['call.hold', course],
  ['call.unhold', course],
  ['call.hangup', course],
  ['call.speak.started', course],
  ['call.speak.ended', course],
  ['call.playback.started', media],
  ['call.playback.ended', media],
  ['call.conversation.created', conversation],
  ['call.conversation.ended', conversation],
])

/** Payment capture carries expiry, postal code and routing number in the clear; none of it is ever written. */
export const isPayment = ({ eventType }: Webhook) => eventType.startsWith('call.pay')

const identity = ['call_control_id', 'connection_id', 'call_leg_id', 'call_session_id', 'from', 'to']
const keptFields = (payload: Webhook['payload']) => pick(payload, identity)

function pick(payload: Webhook['payload'], keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(payload, key)).map((key) => [key, payload[key]]))
}

/** The key that ends the input is no part of it, and tells nothing. */
function isTerminator(digit: unknown, state: CallState, marker: Marker | null): boolean {
  const { latestGather } = state
  const command = state.commands.get(marker?.commandId ?? latestGather?.id ?? '')
  const name = command?.request?.command
  return isDigitGather(name) && digit === rulesOf(name, command?.request?.body ?? {}).terminator
}

function maskedDigits({ digits, digit_count }: Webhook['payload'], mask: Mask): Record<string, unknown> {
  if (mask === 'all') return { digits: null }
  // Masked before, and set aside: how many there were is all that is left of them.
  if (typeof digits !== 'string') return { digits: null, ...(typeof digit_count === 'number' ? { digit_count } : {}) }
  const last4 = mask === 'allButLast4' && digits.length >= LAST4_FROM ? { last4: digits.slice(-4) } : {}
  return { digits: null, digit_count: digits.length, ...last4 }
}

/**
 * A history with its words hidden. Of a conversation that is not itself sensitive, what was shown before the window
 * opened stays, and what was said in it is hidden for good.
 */
function maskedHistory(
  { message_history }: Webhook['payload'],
  state: CallState,
  marker: Marker | null,
): { message_history?: unknown } {
  if (!Array.isArray(message_history)) return {}
  const isMasked =
    marker?.mask !== undefined || state.commands.get(marker?.commandId ?? '')?.request?.mask !== undefined
  const known = isMasked ? undefined : state.conversations.get(marker?.commandId ?? '')
  return {
    message_history: message_history.map((each, index) => {
      const { role, content } = asRecord(each) ?? {}
      const held = known?.messages.at(index)
      const wasShown = held?.index === index && held.role === role && held.content === content
      return { role, content: wasShown ? content : HIDDEN_TEXT }
    }),
  }
}

function maskedSpeech(data: unknown): Record<string, unknown> {
  const { is_final, transcription_track } = asRecord(data) ?? {}
  return {
    transcript: HIDDEN_TEXT,
    is_final: is_final === true,
    ...(transcription_track ? { transcription_track } : {}),
  }
}

/** A command's body as it may be logged: whispers and seeded histories repeat what the caller said. */
export function maskBody(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const hide = (value: unknown) =>
    Array.isArray(value) ? value.map((each) => ({ role: asRecord(each)?.role, content: HIDDEN_TEXT })) : undefined
  const { messages, message_history, ...rest } = body
  return {
    ...rest,
    ...(messages === undefined ? {} : { messages: hide(messages) }),
    ...(message_history === undefined ? {} : { message_history: hide(message_history) }),
  }
}
