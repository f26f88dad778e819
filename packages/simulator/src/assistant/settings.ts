import type { ModelEndpoint } from '../machine/model.ts'

/** The choices Telnyx does not document, for conversations. Rule numbers (A3, A5 …) are those of the package README. */
export interface AiSettings {
  /** A3, A7: emit `call.conversation.created` when a conversation starts. Default true. */
  emitConversationCreated: boolean
  /** A5: silences in a row (each past `user_response_timeout_ms`) after which an AI gather gives up. Default 3. */
  silencesBeforeGivingUp: number
  /** A5: how a gather that gives up ends: `invalid` with what was collected, or `client_error` with `result: null`. Default `invalid`. */
  gaveUpStatus: 'invalid' | 'client_error'
  /** A5: `result` of a gather that gives up with nothing collected: `{}`, as the published schema wants, or `null`. Default `object`. */
  emptyResult: 'object' | 'null'
  /** A5: answers to one question that make no sense before the gather gives up. Default 4. */
  misunderstandingsBeforeGivingUp: number
  /** A7: milliseconds between `call.conversation.ended` and `call.conversation_insights.generated`. Default 3000. */
  insightsDelayMs: number
  /** A10: `ai_assistant_add_messages` is followed by one `message_history_updated` (when updates are on). Default true. */
  updateAfterAddMessages: boolean
  /**
   * Without a `greeting` Telnyx plays nothing when the gather starts. This is how long, in milliseconds, the AI then waits
   * for the caller before it asks its first question; `null` waits the whole `user_response_timeout_ms`. Default 1000.
   */
  openingPauseMs: number | null
  /** A4: ask for properties outside `required` too, when they come before the last required one. Default true. */
  askOptional: boolean
  /** Repeat what was understood ("Got it: 14 May 1991.") before the next question. Default true. */
  readBack: boolean
  /** The caller's clock, for the date a model is given: minutes east of UTC. Default 0. */
  utcOffsetMinutes: number
  /** `reason` of `call.conversation.ended`, by cause: only `customer_disconnect` is ever shown in Telnyx's documents. */
  endedReason: { completed: string | null; stopped: string | null; hangup: string | null; gaveUp: string | null }
  /** A real model to converse with instead of the built-in questions: any OpenAI-compatible endpoint. Default null. */
  model: ModelEndpoint | null
  /** A14: how long a `webhook` tool may take that has no `timeout_ms`, in milliseconds. Default 5000. */
  toolTimeoutMs: number
}

/** Every choice as this package makes it when nothing is said. */
export const defaultAiSettings: AiSettings = {
  emitConversationCreated: true,
  silencesBeforeGivingUp: 3,
  gaveUpStatus: 'invalid',
  emptyResult: 'object',
  misunderstandingsBeforeGivingUp: 4,
  insightsDelayMs: 3000,
  updateAfterAddMessages: true,
  openingPauseMs: 1000,
  askOptional: true,
  readBack: true,
  utcOffsetMinutes: 0,
  endedReason: { completed: null, stopped: null, hangup: 'customer_disconnect', gaveUp: null },
  model: null,
  toolTimeoutMs: 5000,
}
