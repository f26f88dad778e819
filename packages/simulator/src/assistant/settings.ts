/** Settings for undocumented Telnyx behaviour of AI conversations: rules A1 to A17 of RULES.md. */
import { z } from 'zod'

/** Settings of AI gathers and assistants. */
export interface AiSettings {
  /** Rules A3, A7: emit `call.conversation.created` when a conversation starts. Default `true`. */
  emitConversationCreated: boolean
  /** Rule A5: consecutive silences (each of `user_response_timeout_ms`) after which an AI gather gives up. Default `3`. */
  silencesBeforeGivingUp: number
  /** Rule A5: `status` of an AI gather that gives up: `invalid` with its partial result, or `client_error` with `result: null`. Default `'invalid'`. */
  gaveUpStatus: 'invalid' | 'client_error'
  /** Rule A5: `result` of an AI gather that gives up without answers: `{}`, as Telnyx's schema requires, or `null`. Default `'object'`. */
  emptyResult: 'object' | 'null'
  /** Rule A5: invalid answers to the same question before an AI gather gives up. Default `4`. */
  misunderstandingsBeforeGivingUp: number
  /** Rule A7: milliseconds between `call.conversation.ended` and `call.conversation_insights.generated`. Default `3000`. */
  insightsDelayMs: number
  /** Rule A10: emit one `message_history_updated` after `ai_assistant_add_messages`, if the command enabled updates. Default `true`. */
  updateAfterAddMessages: boolean
  /**
   * Without a `greeting`, Telnyx plays nothing when the gather starts. The AI waits this many milliseconds for the caller
   * to speak, then asks its first question. `null` waits the whole `user_response_timeout_ms`. Default `1000`.
   */
  openingPauseMs: number | null
  /** Whether the AI also asks for optional properties that precede the last required one in the schema. Default `true`. */
  askOptional: boolean
  /** The AI reads answers back ("Got it: 14 May 1991.") before its next question. Default `true`. */
  readBack: boolean
  /** The caller's UTC offset in minutes (positive east of UTC). Sets the current date in model prompts. Default `0`. */
  utcOffsetMinutes: number
  /** `reason` of `call.conversation.ended` for each cause. Telnyx documents only `customer_disconnect`. */
  endedReason: {
    completed: string | null
    stopped: string | null
    /** Default `'customer_disconnect'`. The reasons of the other causes default to `null`. */
    hangup: string | null
    gaveUp: string | null
  }
  /** A real language model that replaces the built-in questions: any OpenAI-compatible endpoint. Default `null`. */
  model: {
    /** Base URL of the model endpoint with its version segment, such as `http://127.0.0.1:11434/v1`. */
    baseUrl: string
    /** API key, sent to the model endpoint as a Bearer token. Local model servers usually need none. */
    apiKey?: string | undefined
    /** Model name. Default: the `assistant.model` of the command. */
    model?: string | undefined
    /** Timeout of the model's response, in milliseconds. Default 30000. */
    timeoutMs?: number | undefined
  } | null
  /** Rule A14: response timeout of a `webhook` tool without `timeout_ms`, in milliseconds. Default `5000`. */
  toolTimeoutMs: number
  /** Rule A2: refuse a `gather_using_ai` during an active conversation with 90061, or replace that conversation. Default `'refuse'`. */
  secondConversation: 'refuse' | 'replace'
  /** Rule A9: respond to `ai_assistant_stop` and `ai_assistant_add_messages` without an assistant with error 10027, or `ok`. Default `'refuse'`. */
  noAssistant: 'refuse' | 'ok'
  /** Rule A11: `gather_stop` also ends a `gather_using_ai`. Default `false`. */
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
