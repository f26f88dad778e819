/**
 * Masks the content of webhooks and of logged command bodies.
 *
 * Default-deny: a field passes only if the list of its type has it and its value matches the listed shape. No code
 * searches for card numbers.
 */
import { type CallState, isDigitGather, type Mask, readDigitRules, UNATTRIBUTED } from '@callgather/protocol'
import { asRecord } from '../base/json.ts'
import type { Mark } from '../telnyx/client-state.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'
import type { Webhook } from '../telnyx/webhook.ts'

/** The minimum number of digits before `allButLast4` shows the last four. They would reveal a whole PIN. */
const MIN_DIGITS_FOR_LAST4 = 8

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const text =
  (shape: RegExp): Check =>
  (value) =>
    typeof value === 'string' && shape.test(value)
/** Accepts a word of a Telnyx enum, such as `call_hangup`. Such a word has no digits. */
const word = text(/^[a-z][a-z_]{0,39}$/i)
const flag: Check = (value) => typeof value === 'boolean'
const amount: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const nothing: Check = (value) => value === null
const identifier = text(/^(?=.*[a-z])[\w.:/-]{1,256}$/i)

const envelope: Fields = {
  call_control_id: text(/^[\w.:+/=-]{1,512}$/),
  connection_id: text(/^[\w.:-]{1,256}$/),
  call_leg_id: text(/^[\w.:-]{1,256}$/),
  call_session_id: text(/^[\w.:-]{1,256}$/),
  from: text(/^[\w+.:;@=-]{1,256}$/),
  to: text(/^[\w+.:;@=-]{1,256}$/),
}
const course: Fields = { direction: word, hangup_cause: word, hangup_source: word }
const media: Fields = { overlay: flag, status: word }
const conversation: Fields = {
  conversation_id: identifier,
  assistant_id: identifier,
  duration_sec: amount,
  llm_model: identifier,
  reason: (value) => word(value) || nothing(value),
}

/** The fields to keep of event types without input. */
const plainFields: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ['call.initiated', { ...course, caller_id_name: text(/^.{1,128}$/s) }],
  ['call.answered', course],
  ['call.bridged', course],
  ['call.hold', course],
  ['call.unhold', course],
  ['call.hangup', course],
  ['call.speak.started', {}],
  ['call.speak.ended', { status: word }],
  ['call.playback.started', media],
  ['call.playback.ended', media],
  ['call.conversation.created', conversation],
  ['call.conversation.ended', conversation],
])

const inputTypes: ReadonlySet<string> = new Set([
  'call.dtmf.received',
  'call.gather.ended',
  'call.ai_gather.message_history_updated',
  'call.ai_gather.partial_results',
  'call.ai_gather.ended',
  'call.transcription',
  'call.conversation_insights.generated',
])

/** Whether a webhook may hold what a caller entered or said. A webhook of an unknown type may. */
export const mayCarryInput = ({ eventType }: Webhook): boolean => !plainFields.has(eventType)

/** Whether the type of a webhook is unknown. */
export const isUnknownType = ({ eventType }: Webhook): boolean =>
  !plainFields.has(eventType) && !inputTypes.has(eventType)

/** Whether a webhook names a played file, which may read input back to the caller. */
export const isPlayback = ({ eventType }: Webhook): boolean => eventType.startsWith('call.playback.')

/** Whether a webhook may summarise speech from long before it. */
export const isCumulative = (webhook: Webhook): boolean =>
  isUnknownType(webhook) ||
  webhook.eventType === 'call.ai_gather.ended' ||
  webhook.eventType === 'call.ai_gather.partial_results' ||
  webhook.eventType === 'call.conversation_insights.generated'

/**
 * Whether a webhook reports a payment, in any spelling: `call.payment.progress`, `call_payment_progress`.
 * Payment capture reports expiry, postal code and routing number in the clear. Payment webhooks are never stored.
 */
export const isPayment = ({ eventType }: Webhook): boolean =>
  /^(call)?pay|payment/.test(eventType.toLowerCase().replaceAll(/[^a-z]/g, ''))

/** The data for masking the content of a webhook. */
export interface MaskContentContext {
  readonly state: CallState
  readonly mark: Mark | 'unreadable' | null
  /** The command that the webhook belongs to, if its mark or the log names it. */
  readonly commandId: string | undefined
}

/** Returns the masked webhook, or `null` when not even its occurrence may be stored. */
export function maskWebhook(webhook: Webhook, mask: Mask, context: MaskContentContext): Webhook | null {
  const { payload } = webhook
  const kept = pick(payload, envelope)
  const as = (fields: Record<string, unknown>): Webhook => ({ ...webhook, payload: { ...kept, ...fields } })
  const status = pick(payload, { status: word })
  switch (webhook.eventType) {
    case 'call.dtmf.received':
      if (mask === 'all') return null
      return as({ digit: isTerminator(payload.digit, context) ? payload.digit : null })
    case 'call.gather.ended':
      return as({ ...status, ...maskedDigits(payload, mask) })
    case 'call.ai_gather.ended':
      return as({ ...status, result: null, ...maskedHistory(payload, context) })
    case 'call.ai_gather.partial_results':
      return as({ partial_results: {}, ...maskedHistory(payload, context) })
    case 'call.ai_gather.message_history_updated':
      return as(maskedHistory(payload, context))
    case 'call.transcription':
      return as({ transcription_data: maskedSpeech(payload.transcription_data) })
    case 'call.conversation_insights.generated':
      return as({ results: [] })
    default:
      return as(pick(payload, plainFields.get(webhook.eventType) ?? {}))
  }
}

function pick(payload: Readonly<Record<string, unknown>>, fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, check]) =>
      Object.hasOwn(payload, key) && check(payload[key]) ? [[key, payload[key]]] : [],
    ),
  )
}

/** Whether a key is a gather's terminating key, which is not input. It is shown only if our mark names its gather. */
function isTerminator(digit: unknown, { state, mark }: MaskContentContext): boolean {
  if (!mark || mark === 'unreadable' || (digit !== '#' && digit !== '*')) return false
  const { request } = state.commands.get(mark.commandId) ?? {}
  return isDigitGather(request?.command) && digit === readDigitRules(request.command, request.body).terminatingDigit
}

function maskedDigits({ digits }: Webhook['payload'], mask: Mask): Record<string, unknown> {
  if (mask === 'all' || typeof digits !== 'string') return { digits: null }
  const last4 = mask === 'allButLast4' && digits.length >= MIN_DIGITS_FOR_LAST4 ? { last4: digits.slice(-4) } : {}
  return { digits: null, digit_count: digits.length, ...last4 }
}

/**
 * Hides the words of a message history. In an unmasked conversation, it keeps messages that were stored before, and
 * messages from index `safeFrom`, which are newer than every masked gather.
 */
export function maskedHistory(
  { message_history }: Webhook['payload'],
  { state, mark, commandId }: MaskContentContext,
  safeFrom = Number.POSITIVE_INFINITY,
): { message_history?: unknown } {
  if (!Array.isArray(message_history)) return {}
  const isMasked =
    mark === 'unreadable' ||
    mark?.mask !== undefined ||
    state.commands.get(commandId ?? '')?.request?.mask !== undefined
  const known = isMasked ? undefined : state.conversations.get(commandId ?? UNATTRIBUTED)
  return {
    message_history: message_history.map((each, index) => {
      const { role, content } = asRecord(each) ?? {}
      const held = known?.messages.at(index)
      const wasShown = held?.index === index && held.role === role && held.content === content
      const isSafe = !isMasked && index >= safeFrom
      return { ...pick({ role }, { role: word }), content: wasShown || isSafe ? content : HIDDEN_TEXT }
    }),
  }
}

function maskedSpeech(data: unknown): Record<string, unknown> {
  const spoken = asRecord(data) ?? {}
  return {
    transcript: HIDDEN_TEXT,
    is_final: spoken.is_final !== false,
    ...pick(spoken, { transcription_track: text(/^(in|out)bound$/) }),
  }
}

/** Masks the messages of a command's body: whispers and seeded histories may repeat what the caller said. */
const hiddenMessages = (body: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    ['messages', 'message_history'].flatMap((key) => {
      const value = body[key]
      if (!Array.isArray(value)) return []
      return [[key, value.map((each) => ({ ...pick(asRecord(each) ?? {}, { role: word }), content: HIDDEN_TEXT }))]]
    }),
  )

/** Returns a command's body with the words of its messages hidden. */
export function maskMessages(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { messages: _, message_history: __, ...rest } = body
  return { ...rest, ...hiddenMessages(body) }
}

/** The fields of a command's body that cannot hold words. */
const settings: Fields = {
  minimum_digits: amount,
  maximum_digits: amount,
  maximum_tries: amount,
  timeout_millis: amount,
  initial_timeout_millis: amount,
  inter_digit_timeout_millis: amount,
  user_response_timeout_ms: amount,
  terminating_digit: text(/^[0-9*#]?$/),
  valid_digits: text(/^[0-9*#]{1,64}$/),
  payload_type: word,
  service_level: word,
  language: text(/^[a-z]{2,3}(-[a-z]{2,4}){0,3}$/i),
  send_partial_results: flag,
  send_message_history_updates: flag,
  trigger_response: flag,
}
const spoken = ['payload', 'invalid_payload', 'greeting', 'gather_ended_speech']

/**
 * Masks a command's body for the log while the command may read masked input back to the caller: it hides all words,
 * and keeps only the structure of a JSON Schema.
 *
 * @param titles Whether to keep the titles of schema fields. They are safe if written before the caller speaks.
 */
export function maskBody(
  body: Readonly<Record<string, unknown>>,
  { titles }: { titles: boolean },
): Record<string, unknown> {
  return {
    ...pick(body, settings),
    ...Object.fromEntries(spoken.flatMap((key) => (Object.hasOwn(body, key) ? [[key, HIDDEN_TEXT]] : []))),
    ...hiddenMessages(body),
    ...(body.parameters === undefined ? {} : { parameters: maskSchema(body.parameters, titles, 0) }),
  }
}

const MAX_SCHEMA_DEPTH = 8
/** Accepts a property name. A name with three digits in a row may be input, so it does not match. */
const isName = text(/^(?!.*\d{3})[\p{L}_$][\p{L}\p{N}_$-]{0,63}$/u)

function maskSchema(schema: unknown, titles: boolean, depth: number): Record<string, unknown> {
  const given = asRecord(schema)
  if (!given || depth > MAX_SCHEMA_DEPTH) return {}
  const properties = Object.entries(asRecord(given.properties) ?? {}).filter(([name]) => isName(name))
  return {
    ...pick(given, {
      type: word,
      format: text(/^[a-z]+(-[a-z]+)*$/),
      ...(titles ? { title: text(/^.{1,128}$/s) } : {}),
    }),
    ...(given.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            properties.map(([name, inner]) => [name, maskSchema(inner, titles, depth + 1)]),
          ),
        }),
    ...(Array.isArray(given.required) ? { required: given.required.filter(isName) } : {}),
    ...(given.items === undefined ? {} : { items: maskSchema(given.items, titles, depth + 1) }),
  }
}
