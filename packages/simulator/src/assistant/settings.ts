/** What Telnyx does not document of conversations, as named choices: rules A1 to A17 of the README. */
import { z } from 'zod'

export type AiSettings = z.infer<typeof aiSettings>

const reasonSetting = (usual: string | null = null) => z.string().nullable().default(usual)

export const aiSettings = z.strictObject({
  /** A3, A7: emit `call.conversation.created` when a conversation starts. */
  emitConversationCreated: z.boolean().default(true),
  /** A5: silences in a row (each past `user_response_timeout_ms`) after which an AI gather gives up. */
  silencesBeforeGivingUp: z.number().default(3),
  /** A5: how a gather that gives up ends: `invalid` with what was collected, or `client_error` with `result: null`. */
  gaveUpStatus: z.enum(['invalid', 'client_error']).default('invalid'),
  /** A5: `result` of a gather that gives up with nothing collected: `{}`, as the published schema wants, or `null`. */
  emptyResult: z.enum(['object', 'null']).default('object'),
  /** A5: answers to one question that make no sense before the gather gives up. */
  misunderstandingsBeforeGivingUp: z.number().default(4),
  /** A7: milliseconds between `call.conversation.ended` and `call.conversation_insights.generated`. */
  insightsDelayMs: z.number().default(3000),
  /** A10: `ai_assistant_add_messages` is followed by one `message_history_updated` (when updates are on). */
  updateAfterAddMessages: z.boolean().default(true),
  /**
   * Without a `greeting` Telnyx plays nothing when the gather starts. This is how long, in milliseconds, the AI then waits
   * for the caller before it asks its first question; `null` waits the whole `user_response_timeout_ms`.
   */
  openingPauseMs: z.number().nullable().default(1000),
  /** A4: ask for properties outside `required` too, when they come before the last required one. */
  askOptional: z.boolean().default(true),
  /** Repeat what was understood ("Got it: 14 May 1991.") before the next question. */
  readBack: z.boolean().default(true),
  /** The caller's clock, for the date a model is given: minutes east of UTC. */
  utcOffsetMinutes: z.number().default(0),
  /** `reason` of `call.conversation.ended`, by cause: only `customer_disconnect` is ever shown in Telnyx's documents. */
  endedReason: z
    .strictObject({
      completed: reasonSetting(),
      stopped: reasonSetting(),
      hangup: reasonSetting('customer_disconnect'),
      gaveUp: reasonSetting(),
    })
    .prefault({}),
  /** A real model to converse with instead of the built-in questions: any OpenAI-compatible endpoint. */
  model: z
    .strictObject({
      /** Base URL with its version segment, e.g. `http://127.0.0.1:11434/v1`. */
      baseUrl: z.string(),
      /** Sent as a Bearer token; local servers usually need none. */
      apiKey: z.string().optional(),
      /** Model name; when absent the command's own `assistant.model`. */
      model: z.string().optional(),
      /** Milliseconds to wait for one answer. Default 30000. */
      timeoutMs: z.number().optional(),
    })
    .nullable()
    .default(null),
  /** A14: how long a `webhook` tool may take that has no `timeout_ms`, in milliseconds. */
  toolTimeoutMs: z.number().default(5000),
  /** A2: a `gather_using_ai` while a conversation runs is refused like a second assistant (90061), or replaces it. */
  secondConversation: z.enum(['refuse', 'replace']).default('refuse'),
  /** A9: `ai_assistant_stop` and `ai_assistant_add_messages` with no assistant: 422 with code 10027, or `ok`. */
  noAssistant: z.enum(['refuse', 'ok']).default('refuse'),
  /** A11: `gather_stop` ends a `gather_using_ai` too. */
  gatherStopEndsAiGather: z.boolean().default(false),
})
