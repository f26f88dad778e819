/** The activity feed: read by the live log, the event stream of the pages, and scripted callers. */

import type { Delivery, WebhookEvent } from '../delivery/delivery.ts'
import type { Message } from '../message/message.ts'

/** The ids and phone numbers of a call. */
export interface CallIdentity {
  call_control_id: string
  call_leg_id: string
  call_session_id: string
  connection_id: string
  from: string
  to: string
}

/** A snapshot of a call, as the phone page shows it. */
export interface CallView extends CallIdentity {
  /** The `call_control_id` of this call; also the id in `/_sim/calls/{id}`. */
  id: string
  direction: 'incoming' | 'outgoing'
  state: 'ringing' | 'answered' | 'ended'
  client_state: string | null
  created_at: string
  answered_at: string | null
  ended_at: string | null
  hangup_cause: string | null
  /** The `call_control_id` of the bridged leg. */
  bridged_with: string | null
  /** The sound that the caller hears now, or null. */
  speaking: { kind: 'speech' | 'media'; text: string; purpose: string } | null
  /** The input that the platform waits for, or null. */
  collecting: PendingInput | null
  /** Transcript of speech, prompts and keys, newest last, at most 200 lines. */
  transcript: TranscriptLine[]
}

/** The input that the platform waits for: digits of a gather, or speech for an AI. */
export type PendingInput =
  | {
      kind: 'digits'
      command: string
      digits: string
      minimum_digits: number
      maximum_digits: number
      terminating_digit: string
      valid_digits: string
      attempt: number
      maximum_tries: number
      phase: string
    }
  | { kind: 'ai_gather' | 'assistant'; command: string; conversation_id: string }

/** One line of a call's transcript. */
export interface TranscriptLine {
  at: string
  by: 'caller' | 'platform'
  kind: 'speech' | 'media' | 'key'
  text: string
}

/** One entry of `errors[]` in a Telnyx error response. */
export interface TelnyxError {
  code: string
  title: string
  detail: string
  source?: { pointer?: string; parameter?: string }
  meta?: { url: string }
}

/** One entry of the activity feed. `at` is an ISO 8601 time of the simulator's clock. */
export type Activity = { at: string } & (
  | { type: 'call.created' | 'call.updated'; call: CallView }
  | { type: 'prompt.started'; call_id: string; kind: 'speech' | 'media'; text: string; purpose: string }
  | { type: 'prompt.ended'; call_id: string; kind: 'speech' | 'media'; text: string; purpose: string; status: string }
  | { type: 'key'; call_id: string; digit: string }
  /** Keys that the platform plays to the caller (`send_dtmf`). */
  | { type: 'dtmf.sent'; call_id: string; digits: string }
  | { type: 'said'; call_id: string; text: string }
  | {
      type: 'command'
      call_id: string | null
      command: string
      body: Record<string, unknown>
      status: number
      errors: readonly TelnyxError[] | null
      note: string | null
    }
  | { type: 'message.created' | 'message.updated'; message: Message }
  /** `call_id` is `null` for a webhook of a text message. */
  | { type: 'webhook'; call_id: string | null; event: WebhookEvent }
  | { type: 'delivery'; call_id: string | null; delivery: Delivery }
  /** An AI executed a tool. The entry contains neither the request nor the response of the tool. */
  | { type: 'tool'; call_id: string; tool: string; ok: boolean; summary: string }
  /** A dependency of the simulator failed, such as a model endpoint. */
  | { type: 'trouble'; call_id: string; text: string }
  /** Explains what a program probably did not intend: an ignored parameter, a missing endpoint, a rejected webhook. */
  | { type: 'notice'; call_id: string | null; text: string }
  | { type: 'faults'; faults: Record<string, unknown> }
)

/** Activity types kept in `GET /_sim/log`. Other endpoints list call states and deliveries. */
export const LOGGED_TYPES: ReadonlySet<Activity['type']> = new Set([
  'prompt.started',
  'key',
  'dtmf.sent',
  'said',
  'command',
  'message.created',
  'webhook',
  'tool',
  'trouble',
  'notice',
  'faults',
])

/** An `Activity` without its timestamp. */
export type UndatedActivity = Activity extends infer A ? (A extends { at: string } ? Omit<A, 'at'> : never) : never
