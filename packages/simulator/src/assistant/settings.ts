/** Settings for undocumented Telnyx behaviour of AI conversations: rules A1 to A17 of the README. */
import { z } from 'zod'

/** Settings of AI gathers and assistants. */
export interface AiSettings {
  /** README rules A3, A7: emit `call.conversation.created` when a conversation starts. Default `true`. */
  emitConversationCreated: boolean
  /** README rule A5: silences in a row (each past `user_response_timeout_ms`) after which an AI gather gives up. Default `3`. */
  silencesBeforeGivingUp: number
  /** README rule A5: how a gather that gives up ends: `invalid` with what was collected, or `client_error` with `result: null`. Default `'invalid'`. */
  gaveUpStatus: 'invalid' | 'client_error'
  /** README rule A5: `result` of a gather that gives up with nothing collected: `{}`, as the published schema wants, or `null`. Default `'object'`. */
  emptyResult: 'object' | 'null'
  /** README rule A5: invalid answers to one question before the gather gives up. Default `4`. */
  misunderstandingsBeforeGivingUp: number
  /** README rule A7: milliseconds between `call.conversation.ended` and `call.conversation_insights.generated`. Default `3000`. */
  insightsDelayMs: number
  /** README rule A10: `ai_assistant_add_messages` is followed by one `message_history_updated` (when updates are on). Default `true`. */
  updateAfterAddMessages: boolean
  /**
   * Without a `greeting` Telnyx plays nothing when the gather starts. This is how long, in milliseconds, the AI then waits
   * for the caller before it asks its first question; `null` waits the whole `user_response_timeout_ms`. Default `1000`.
   */
  openingPauseMs: number | null
  /** Whether the AI also asks for optional properties that precede the last required one in the schema. Default `true`. */
  askOptional: boolean
  /** Read answers back ("Got it: 14 May 1991.") before the next question. Default `true`. */
  readBack: boolean
  /** The caller's UTC offset in minutes (east is positive), for the current date in model prompts. Default `0`. */
  utcOffsetMinutes: number
  /** `reason` of `call.conversation.ended`, by cause: only `customer_disconnect` is ever shown in Telnyx's documents. */
  endedReason: {
    completed: string | null
    stopped: string | null
    /** Default `'customer_disconnect'`; the others default to `null`. */
    hangup: string | null
    gaveUp: string | null
  }
  /** A real model to converse with instead of the built-in questions: any OpenAI-compatible endpoint. */
  model: {
    /** Base URL with its version segment, such as `http://127.0.0.1:11434/v1`. */
    baseUrl: string
    /** Sent as a Bearer token. Local servers usually need none. */
    apiKey?: string | undefined
    /** Model name. Default: the `assistant.model` of the command. */
    model?: string | undefined
    /** Response timeout in milliseconds. Default 30000. */
    timeoutMs?: number | undefined
  } | null
  /** README rule A14: timeout of a `webhook` tool without `timeout_ms`, in milliseconds. Default `5000`. */
  toolTimeoutMs: number
  /** README rule A2: a `gather_using_ai` while a conversation runs is refused like a second assistant (90061), or replaces it. Default `'refuse'`. */
  secondConversation: 'refuse' | 'replace'
  /** README rule A9: `ai_assistant_stop` and `ai_assistant_add_messages` with no assistant: 422 with code 10027, or `ok`. Default `'refuse'`. */
  noAssistant: 'refuse' | 'ok'
  /** README rule A11: `gather_stop` ends a `gather_using_ai` too. Default `false`. */
  gatherStopEndsAiGather: boolean
}

const reasonSetting = (fallback: string | null = null) => z.string().nullable().default(fallback)

export const aiSettings = z.strictObject({
  emitConversationCreated: z.boolean().default(true),
  silencesBeforeGivingUp: z.number().default(3),
  gaveUpStatus: z.enum(['invalid', 'client_error']).default('invalid'),
  emptyResult: z.enum(['object', 'null']).default('object'),
  misunderstandingsBeforeGivingUp: z.number().default(4),
  insightsDelayMs: z.number().default(3000),
  updateAfterAddMessages: z.boolean().default(true),
  openingPauseMs: z.number().nullable().default(1000),
  askOptional: z.boolean().default(true),
  readBack: z.boolean().default(true),
  utcOffsetMinutes: z.number().default(0),
  endedReason: z
    .strictObject({
      completed: reasonSetting(),
      stopped: reasonSetting(),
      hangup: reasonSetting('customer_disconnect'),
      gaveUp: reasonSetting(),
    })
    .prefault({}),
  model: z
    .strictObject({
      baseUrl: z.string(),
      apiKey: z.string().optional(),
      model: z.string().optional(),
      timeoutMs: z.number().optional(),
    })
    .nullable()
    .default(null),
  toolTimeoutMs: z.number().default(5000),
  secondConversation: z.enum(['refuse', 'replace']).default('refuse'),
  noAssistant: z.enum(['refuse', 'ok']).default('refuse'),
  gatherStopEndsAiGather: z.boolean().default(false),
})
