/**
 * Every event that the fold understands, one row each. Ranks, schemas, types and `wire.schema.json` derive from it.
 *
 * An event keeps Telnyx's grammar (`event_type`, `occurred_at`, `payload`, names as in its documents) and only the
 * payload fields that a console needs. Enums from outside are open: a status that Telnyx adds tomorrow is text to show.
 * Telnyx requires no payload field: a nullable field is one that every event of the type has, `null` where Telnyx left
 * it out.
 *
 * Payloads are functions of their parts, so that a browser folds events without a schema library.
 */
import type { core } from 'zod/mini'
import type { PayloadTypes } from './payload-types.ts'

interface EventRow {
  /** The place among events of the same microsecond: causes before effects, ends after what happens in them. */
  readonly rank: number
  /** An event that this server makes, and that no webhook may claim to be. */
  readonly isOurs?: true
  readonly payload: (of: PayloadTypes) => Readonly<Record<string, core.$ZodType>>
}

export const eventTable = {
  'call.initiated': {
    rank: 0,
    payload: (of) => ({ ...parties(of), ...session(of), direction: of.maybeText, caller_id_name: of.maybeText }),
  },
  'call.answered': { rank: 1, payload: (of) => ({ ...parties(of), ...session(of) }) },
  'call.bridged': { rank: 2, payload: (of) => ({ ...parties(of), ...session(of) }) },
  'call.hold': { rank: 2, payload: () => ({}) },
  'call.unhold': { rank: 2, payload: () => ({}) },
  /** Logged before Telnyx is called: Telnyx sends no "gather started", and a fast key must not precede its gather. */
  'command.requested': {
    rank: 3,
    isOurs: true,
    payload: (of) => ({
      command: of.text,
      /** The body as sent, less what only Telnyx and our server need (`command_id`, `client_state`, secrets). */
      body: of.json,
      /** The subject of the ticket that was used. */
      subject: of.maybeText,
      /** Absent when nothing is masked. */
      mask: of.optional(of.mask),
    }),
  },
  'command.accepted': { rank: 4, isOurs: true, payload: (of) => ({ conversation_id: of.maybeText }) },
  'command.refused': {
    rank: 4,
    isOurs: true,
    payload: (of) => ({ status: of.int, code: of.text, title: of.text, detail: of.maybeText }),
  },
  /** Sent, and no answer came in time: it may or may not have run. */
  'command.unknown': { rank: 4, isOurs: true, payload: (of) => ({ reason: of.text }) },
  'call.conversation.created': { rank: 5, payload: (of) => conversation(of) },
  'call.playback.started': { rank: 5, payload: (of) => media(of) },
  'call.speak.started': { rank: 5, payload: () => ({}) },
  /** `0-9*#A-D`; `null` where the key is masked. */
  'call.dtmf.received': { rank: 6, payload: (of) => ({ digit: of.nullableText }) },
  'call.transcription': { rank: 6, payload: (of) => ({ transcription_data: of.nullable(of.transcription) }) },
  'call.playback.ended': {
    rank: 7,
    payload: (of) => ({ ...media(of), status: of.maybeText, status_detail: of.maybeText }),
  },
  'call.speak.ended': { rank: 7, payload: (of) => ({ status: of.maybeText }) },
  'call.ai_gather.message_history_updated': {
    rank: 7,
    payload: (of) => ({ message_history: of.nullable(of.splice) }),
  },
  'call.ai_gather.partial_results': {
    rank: 7,
    payload: (of) => ({ partial_results: of.nullable(of.json), message_history: of.optional(of.splice) }),
  },
  'call.gather.ended': {
    rank: 8,
    payload: (of) => ({
      status: of.nullableText,
      /** `null` where they are masked; then `digit_count`, and perhaps `last4`, say what may be said. */
      digits: of.nullableText,
      digit_count: of.optional(of.int),
      last4: of.maybeText,
      ...delivery(of),
    }),
  },
  'call.ai_gather.ended': {
    rank: 8,
    payload: (of) => ({
      status: of.nullableText,
      result: of.nullable(of.json),
      message_history: of.optional(of.splice),
      ...delivery(of),
    }),
  },
  'call.conversation.ended': {
    rank: 9,
    payload: (of) => ({
      ...conversation(of),
      reason: of.optional(of.nullableText),
      duration_sec: of.optional(of.number),
      llm_model: of.maybeText,
    }),
  },
  'call.conversation_insights.generated': { rank: 9, payload: (of) => ({ results: of.nullable(of.insights) }) },
  /** Telnyx says that the call is over though its `call.hangup` never came. */
  'call.closed': { rank: 9, isOurs: true, payload: (of) => ({ reason: of.text }) },
  'call.hangup': {
    rank: 9,
    payload: (of) => ({ ...parties(of), hangup_cause: of.maybeText, hangup_source: of.maybeText }),
  },
} as const satisfies Readonly<Record<string, EventRow>>

const parties = (of: PayloadTypes) => ({ from: of.maybeText, to: of.maybeText })

/** The session that a leg belongs to, so that the log alone knows which legs may hear each other. */
const session = (of: PayloadTypes) => ({ call_session_id: of.maybeText })

const media = (of: PayloadTypes) => ({
  media_url: of.maybeText,
  media_name: of.maybeText,
  overlay: of.optional(of.boolean),
})

const conversation = (of: PayloadTypes) => ({ conversation_id: of.maybeText, assistant_id: of.maybeText })

/** Whether the server's `onSensitive` took the masked value: `false` means that it is lost. Absent without a value. */
const delivery = (of: PayloadTypes) => ({ delivered: of.optional(of.boolean) })
