/**
 * The table of event types that the fold reads. Ranks, schemas, types and `wire.schema.json` derive from its rows.
 *
 * An event keeps Telnyx's field names and only the payload fields that a console needs. Telnyx's enums are plain text
 * here, so that a status that Telnyx adds later is shown. Telnyx marks no payload field as required: a nullable field
 * is always present, and is `null` when Telnyx left it out.
 *
 * `payload` is a function of its schema types, so that a browser folds events without loading a schema library.
 */
import type { core } from 'zod/mini'
import type { PayloadTypes } from './payload-types.ts'

interface EventRow {
  /** The order among events with the same time: causes before effects, and the end of a gather after its keys. */
  readonly rank: number
  /** Marks an event that only the CallGather server makes; no webhook can have this type. */
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
  /** Logged before the request to Telnyx, which sends no "gather started": a fast key must not precede its gather. */
  'command.requested': {
    rank: 3,
    isOurs: true,
    payload: (of) => ({
      command: of.text,
      /** The command's body without the fields that no client needs (`command_id`, `client_state`, secrets). */
      body: of.json,
      /** The subject of the ticket that authorised the command. */
      subject: of.maybeText,
      /** The mask of the gather's input; absent when the input is not masked. */
      mask: of.optional(of.mask),
      /** What the gather asks for, in the words of its agent. */
      label: of.maybeText,
    }),
  },
  'command.accepted': { rank: 4, isOurs: true, payload: (of) => ({ conversation_id: of.maybeText }) },
  'command.refused': {
    rank: 4,
    isOurs: true,
    payload: (of) => ({ status: of.int, code: of.text, title: of.text, detail: of.maybeText }),
  },
  /** Telnyx did not answer the command before the timeout, so the command may or may not have run. */
  'command.unknown': { rank: 4, isOurs: true, payload: (of) => ({ reason: of.text }) },
  'call.conversation.created': { rank: 5, payload: (of) => conversation(of) },
  'call.playback.started': { rank: 5, payload: (of) => media(of) },
  'call.speak.started': { rank: 5, payload: () => ({}) },
  /** A key press: `digit` is one of `0-9*#A-D`, or `null` when the key is masked. */
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
      /** `null` when the digits are masked. Then `digit_count` and `last4` are present if the mask allows them. */
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
  /** Telnyx's API reports the call as ended, although its `call.hangup` never arrived. */
  'call.closed': { rank: 9, isOurs: true, payload: (of) => ({ reason: of.text }) },
  'call.hangup': {
    rank: 9,
    payload: (of) => ({ ...parties(of), hangup_cause: of.maybeText, hangup_source: of.maybeText }),
  },
  /** An agent finished the call with a note and a disposition. */
  'call.wrapped_up': {
    rank: 9,
    isOurs: true,
    payload: (of) => ({
      note: of.text,
      disposition: of.nullableText,
      /** The subject of the agent's ticket. */
      subject: of.text,
    }),
  },
  /**
   * A step of the delivery of the call's record to the host. A server logs `sending` before each attempt, so that no
   * other server sends at the same time. The fold ignores these events, and `gather.on` does not receive them.
   */
  'call.record': {
    rank: 9,
    isOurs: true,
    payload: (of) => ({
      step: of.recordStep,
      /** 1; 2 if the call was wrapped up after its record was first sent. */
      revision: of.int,
      /** The number of the attempt, from 1. */
      attempt: of.int,
      /** When the next attempt is due if this one has no result: ISO 8601. */
      retry_at: of.maybeText,
    }),
  },
} as const satisfies Readonly<Record<string, EventRow>>

const parties = (of: PayloadTypes) => ({ from: of.maybeText, to: of.maybeText })

/** The session of a leg, stored in the log so that sibling legs can be found without a request to Telnyx. */
const session = (of: PayloadTypes) => ({ call_session_id: of.maybeText })

const media = (of: PayloadTypes) => ({
  media_url: of.maybeText,
  media_name: of.maybeText,
  overlay: of.optional(of.boolean),
})

const conversation = (of: PayloadTypes) => ({ conversation_id: of.maybeText, assistant_id: of.maybeText })

/** Whether the server's `onSensitive` received the masked value; `false`: the value is lost. Absent without a value. */
const delivery = (of: PayloadTypes) => ({ delivered: of.optional(of.boolean) })
