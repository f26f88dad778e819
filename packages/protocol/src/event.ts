/**
 * What happened on a call, as it is stored, relayed and folded.
 *
 * An event keeps Telnyx's grammar (`event_type`, `occurred_at`, `payload`, names as in its documents) and only the
 * payload fields a console needs. Two things are ours: `command_id`, the command an event belongs to, worked out once
 * at the border; and `message_history`, which Telnyx resends whole each time and we carry as what changed.
 * Our own facts about commands (`command.requested`, …) follow the same grammar.
 *
 * Enums from outside are open: a status Telnyx adds tomorrow is text to show, never an error. Telnyx requires no payload
 * field: a nullable field here is one that every event of the type has, `null` where Telnyx left it out.
 */
import * as z from 'zod/mini'
import { masks } from './mask.ts'

const text = z.string()
const optionalText = z.optional(text)
const nullableText = z.nullable(text)

/** Keys as the caller pressed them: `0-9*#A-D`; `null` where the key is masked. */
const digitSchema = nullableText

/** One turn of a conversation. Roles beyond `assistant` and `user` occur. */
export const historyMessageSchema = z.object({ role: text, content: text })

/**
 * A change to a conversation: after it there are `length` messages, of which those from index `from` on are given.
 * An out-of-date history carries no messages, only the length it had.
 */
export const historySpliceSchema = z.object({
  length: z.int().check(z.minimum(0)),
  from: z.int().check(z.minimum(0)),
  messages: z.array(historyMessageSchema),
})

const envelope = <Type extends string, Payload extends z.core.SomeType>(type: Type, payload: Payload) =>
  z.object({
    /** Telnyx's event id, or ours for our own events. Unique within a call. */
    id: text,
    event_type: z.literal(type),
    /** ISO 8601 in UTC, always with six decimals, so that times compare as strings. */
    occurred_at: text,
    /** The command that this event belongs to. */
    command_id: optionalText,
    payload,
  })

const parties = { from: optionalText, to: optionalText }
/** The session that a leg belongs to, so that the log alone knows which legs may hear each other. */
const session = { call_session_id: optionalText }
const noPayload = z.object({})
const media = { media_url: optionalText, media_name: optionalText, overlay: z.optional(z.boolean()) }
const conversation = { conversation_id: optionalText, assistant_id: optionalText }
const json = z.record(z.string(), z.unknown())

const delivery = {
  /**
   * Whether the server's `onSensitive` took the masked value; absent where there was nothing to deliver. `false` means
   * that the value is lost.
   */
  delivered: z.optional(z.boolean()),
}

/** What is masked of a gather's input. */
export const maskSchema = z.enum(masks)

export const telnyxEventSchemas = {
  'call.initiated': envelope(
    'call.initiated',
    z.object({ ...parties, ...session, direction: optionalText, caller_id_name: optionalText }),
  ),
  'call.answered': envelope('call.answered', z.object({ ...parties, ...session })),
  'call.bridged': envelope('call.bridged', z.object({ ...parties, ...session })),
  'call.hold': envelope('call.hold', noPayload),
  'call.unhold': envelope('call.unhold', noPayload),
  'call.hangup': envelope(
    'call.hangup',
    z.object({ ...parties, hangup_cause: optionalText, hangup_source: optionalText }),
  ),
  'call.dtmf.received': envelope('call.dtmf.received', z.object({ digit: digitSchema })),
  'call.gather.ended': envelope(
    'call.gather.ended',
    z.object({
      status: nullableText,
      /** `null` where they are masked; then `digit_count`, and perhaps `last4`, say what may be said. */
      digits: nullableText,
      digit_count: z.optional(z.int()),
      last4: optionalText,
      ...delivery,
    }),
  ),
  'call.ai_gather.message_history_updated': envelope(
    'call.ai_gather.message_history_updated',
    z.object({ message_history: z.nullable(historySpliceSchema) }),
  ),
  'call.ai_gather.partial_results': envelope(
    'call.ai_gather.partial_results',
    z.object({ partial_results: z.nullable(json), message_history: z.optional(historySpliceSchema) }),
  ),
  'call.ai_gather.ended': envelope(
    'call.ai_gather.ended',
    z.object({
      status: nullableText,
      result: z.nullable(json),
      message_history: z.optional(historySpliceSchema),
      ...delivery,
    }),
  ),
  'call.conversation.created': envelope('call.conversation.created', z.object(conversation)),
  'call.conversation.ended': envelope(
    'call.conversation.ended',
    z.object({
      ...conversation,
      reason: z.optional(z.nullable(text)),
      duration_sec: z.optional(z.number()),
      llm_model: optionalText,
    }),
  ),
  'call.conversation_insights.generated': envelope(
    'call.conversation_insights.generated',
    z.object({
      results: z.nullable(
        z.array(z.looseObject({ insight_id: z.optional(nullableText), result: z.optional(z.unknown()) })),
      ),
    }),
  ),
  'call.playback.started': envelope('call.playback.started', z.object(media)),
  'call.playback.ended': envelope(
    'call.playback.ended',
    z.object({ ...media, status: optionalText, status_detail: optionalText }),
  ),
  'call.speak.started': envelope('call.speak.started', noPayload),
  'call.speak.ended': envelope('call.speak.ended', z.object({ status: optionalText })),
  'call.transcription': envelope(
    'call.transcription',
    z.object({
      transcription_data: z.nullable(
        z.object({
          transcript: nullableText,
          is_final: z.nullable(z.boolean()),
          confidence: z.optional(z.number()),
          transcription_track: optionalText,
        }),
      ),
    }),
  ),
} as const

export const commandEventSchemas = {
  /** Logged before Telnyx is called: Telnyx sends no "gather started", and a fast key must not precede its gather. */
  'command.requested': envelope(
    'command.requested',
    z.object({
      command: text,
      /** The body as sent, less what only Telnyx and our server need (`command_id`, `client_state`, secrets). */
      body: json,
      /** Who asked: the ticket's subject. */
      subject: optionalText,
      /** What is masked of the input; absent when nothing is. */
      mask: z.optional(maskSchema),
      /** The name of `mask` in records written before protocol 3. */
      show: optionalText,
    }),
  ),
  'command.accepted': envelope('command.accepted', z.object({ conversation_id: optionalText })),
  'command.refused': envelope(
    'command.refused',
    z.object({ status: z.int(), code: text, title: text, detail: optionalText }),
  ),
  /** Sent, and no answer came in time: it may or may not have run. */
  'command.unknown': envelope('command.unknown', z.object({ reason: text })),
  /** Telnyx says that the call is over though its `call.hangup` never came. */
  'call.closed': envelope('call.closed', z.object({ reason: text })),
} as const

/** Every event the fold understands, by type. */
export const eventSchemas = { ...telnyxEventSchemas, ...commandEventSchemas }

/** An event of a type we do not know: kept and relayed as it came. */
export const opaqueEventSchema = z.object({
  id: text,
  event_type: text,
  occurred_at: text,
  command_id: optionalText,
  payload: json,
})

/** The types of event that the fold understands. */
export type KnownEventType = keyof typeof eventSchemas

/** An event of one known type. */
export type EventOf<Type extends KnownEventType> = z.infer<(typeof eventSchemas)[Type]>

/** An event of any known type, told apart by `event_type`. */
export type KnownEvent = { [Type in KnownEventType]: EventOf<Type> }[KnownEventType]

/** An event of a type we do not know. */
export type OpaqueEvent = z.infer<typeof opaqueEventSchema>

/** Anything that may stand in a call's log. */
export type CallEvent = KnownEvent | OpaqueEvent

/** What changed in a conversation. */
export type HistorySplice = z.infer<typeof historySpliceSchema>

/** One turn of a conversation. */
export type HistoryMessage = z.infer<typeof historyMessageSchema>
