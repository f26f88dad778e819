/**
 * The eight commands of Telnyx's gather and AI-assistant call control, each as one schema.
 *
 * Names, ranges and defaults are Telnyx's own (Voice API reference, "Gather", "Gather using speak", …). Schemas are
 * strict: Telnyx ignores a misspelt field without an error; we name it. They use `zod/mini`, which tree-shakes,
 * because the browser validates forms with the schemas of the server.
 */
import * as z from 'zod/mini'
import { DTMF_KEYS, limits, MAX_SPEECH_LENGTH } from '../base/limits.ts'

const within = (limit: { min: number; max: number }) =>
  z.optional(z.int().check(z.minimum(limit.min), z.maximum(limit.max)))
const speech = z.string().check(z.minLength(1), z.maxLength(MAX_SPEECH_LENGTH))
const keys = new RegExp(`^[${DTMF_KEYS}]+$`)
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const url = z.string().check(z.maxLength(2048), z.regex(/^https?:\/\//))

const common = {
  /** Base64, echoed in every later webhook of the call leg until another command replaces it. */
  client_state: z.optional(z.string().check(z.regex(base64))),
  /** Telnyx ignores a second command with the same id on the same call for 60 s. The server makes one if absent. */
  command_id: z.optional(z.string().check(z.regex(/^[\x21-\x7e]{1,128}$/))),
}

const digits = {
  /** Minimum digits of a valid input. 1–128, default 1. */
  minimum_digits: within(limits.minimum_digits),
  /** Collection ends at once when this many digits are in. 1–128, default 128. */
  maximum_digits: within(limits.maximum_digits),
  /** Longest pause between two digits, in ms. 1–120000, default 5000. */
  inter_digit_timeout_millis: within(limits.inter_digit_timeout_millis),
  /** Ends the input early. One of `0-9*#`, or `""` for none. Default `#`. */
  terminating_digit: z.optional(z.string().check(z.regex(/^[0-9*#]?$/))),
  /** The characters accepted as valid input. Default `0123456789#*`. */
  valid_digits: z.optional(z.string().check(z.maxLength(64), z.regex(keys))),
}

const prompted = {
  ...digits,
  /** How long to wait for a digit after the prompt ends before it is played again, in ms. Default 60000. */
  timeout_millis: within(limits.timeout_millis),
  /** How many times the prompt may be played when there is no (valid) input. 1–128, default 3. */
  maximum_tries: within(limits.maximum_tries),
}

/** How a voice is tuned; which fields apply depends on `type`, the provider. Passed to Telnyx as given. */
const voiceSettings = z.looseObject({ type: z.string() })

const language = z.string().check(z.minLength(2), z.maxLength(16))

/** `gather`: collect digits, with no prompt. */
const gatherSchema = z.strictObject({
  ...digits,
  /** Time to complete the whole command, in ms. Default 60000. (Not the same meaning as in the prompted gathers.) */
  timeout_millis: within(limits.timeout_millis),
  /** How long to wait for the first digit, in ms. 1–120000, default 5000. */
  initial_timeout_millis: within(limits.initial_timeout_millis),
  /** An id of your own for this gather, 1–40 characters. */
  gather_id: z.optional(z.string().check(z.minLength(1), z.maxLength(40))),
  ...common,
})

/** `gather_using_audio`: play a file, collect digits. */
const gatherUsingAudioSchema = z.strictObject({
  ...prompted,
  /** URL of a WAV or MP3 prompt. Not together with `media_name`. */
  audio_url: z.optional(url),
  /** Name of a file uploaded to Telnyx's media storage. Not together with `audio_url`. */
  media_name: z.optional(z.string().check(z.minLength(1), z.maxLength(255))),
  /** Played when the digits are not valid. Not together with `invalid_media_name`. */
  invalid_audio_url: z.optional(url),
  /** As `invalid_audio_url`, from Telnyx's media storage. */
  invalid_media_name: z.optional(z.string().check(z.minLength(1), z.maxLength(255))),
  ...common,
})

/** `gather_using_speak`: say a text, collect digits. */
const gatherUsingSpeakSchema = z.strictObject({
  ...prompted,
  /** Text or SSML to speak, up to 3,000 characters. Required. */
  payload: speech,
  /** Spoken when the digits are not valid. */
  invalid_payload: z.optional(speech),
  /** How to read `payload`. Default `text`. */
  payload_type: z.optional(z.enum(['text', 'ssml'])),
  /** `<Provider>.<Model>.<VoiceId>`, or `male` / `female`. Required. */
  voice: z.string().check(z.minLength(1), z.maxLength(255)),
  voice_settings: z.optional(voiceSettings),
  /** Default `premium`; `basic` speaks only `en-US` plain text. */
  service_level: z.optional(z.enum(['basic', 'premium'])),
  /** Spoken language, such as `en-US`. Ignored with a Polly voice. */
  language: z.optional(language),
  ...common,
})

const spokenMessage = z.strictObject({ role: z.enum(['assistant', 'user']), content: z.string() })

const interruption = z.looseObject({
  /** May the caller talk over the assistant. Default true. */
  enable: z.optional(z.boolean()),
})

const transcription = z.looseObject({ model: z.optional(z.string()), language: z.optional(z.string()) })

/** A JSON Schema of type `object`: what an AI gather collects. */
const aiParametersSchema = z.looseObject({
  type: z.optional(z.literal('object')),
  properties: z.record(z.string(), z.looseObject({})),
  /** The gather ends when all of these are in; with none, as soon as the first value is. */
  required: z.optional(z.array(z.string())),
})

/** `gather_using_ai`: an assistant asks for the fields of a JSON Schema. */
const gatherUsingAISchema = z.strictObject({
  /** What to collect. Required. */
  parameters: aiParametersSchema,
  /** Spoken at the start. Default: nothing. */
  greeting: z.optional(speech),
  /** Spoken when everything has been collected. */
  gather_ended_speech: z.optional(speech),
  /** Default `Telnyx.KokoroTTS.af`. */
  voice: z.optional(z.string().check(z.maxLength(255))),
  voice_settings: z.optional(voiceSettings),
  /** The language model for this gather: `instructions`, `model`, `tools`, … */
  assistant: z.optional(z.looseObject({})),
  transcription: z.optional(transcription),
  /** Recognition language. Default `en`. */
  language: z.optional(language),
  /** Earlier turns the assistant should know. */
  message_history: z.optional(z.array(spokenMessage)),
  interruption_settings: z.optional(interruption),
  /** Send `call.ai_gather.partial_results` as fields come in. Default false at Telnyx; the server asks for them. */
  send_partial_results: z.optional(z.boolean()),
  /** Send `call.ai_gather.message_history_updated` on every change. Default false; the server asks for them. */
  send_message_history_updates: z.optional(z.boolean()),
  /** Longest wait for the caller to answer, in ms. Default 10000. */
  user_response_timeout_ms: within(limits.user_response_timeout_ms),
  ...common,
})

/** A message to, from or about the assistant. */
const assistantMessageSchema = z.looseObject({
  role: z.enum(['user', 'assistant', 'tool', 'system', 'developer']),
  content: z.optional(z.string().check(z.maxLength(32_768))),
})

/** `ai_assistant_start`: let an assistant talk to the caller. */
const aiAssistantStartSchema = z.strictObject({
  /** Which assistant, and what to override for this call. */
  assistant: z.optional(z.looseObject({ id: z.string().check(z.minLength(1)) })),
  /** Spoken at the start. */
  greeting: z.optional(speech),
  voice: z.optional(z.string().check(z.maxLength(255))),
  voice_settings: z.optional(voiceSettings),
  transcription: z.optional(transcription),
  interruption_settings: z.optional(interruption),
  /** Seeds the conversation; how an agent hands a call back to the assistant. */
  message_history: z.optional(z.array(assistantMessageSchema)),
  /** Further call legs to join at once. */
  participants: z.optional(
    z.array(z.looseObject({ id: z.string(), role: z.literal('user'), name: z.optional(z.string()) })),
  ),
  send_message_history_updates: z.optional(z.boolean()),
  ...common,
})

/** `ai_assistant_add_messages`: whisper to a running assistant, or make it answer now. */
const aiAssistantAddMessagesSchema = z.strictObject({
  messages: z.optional(z.array(assistantMessageSchema)),
  /** Answer at once instead of at the next turn; may interrupt a caller who is speaking. Default false. */
  trigger_response: z.optional(z.boolean()),
  ...common,
})

/** `ai_assistant_stop`: end the conversation; the call stays up. */
const aiAssistantStopSchema = z.strictObject(common)

/** `gather_stop`: end a running digit gather; the call stays up. */
const gatherStopSchema = z.strictObject(common)

/** Every command by the last part of its Telnyx path. */
export const commandSchemas = {
  gather: gatherSchema,
  gather_using_audio: gatherUsingAudioSchema,
  gather_using_speak: gatherUsingSpeakSchema,
  gather_using_ai: gatherUsingAISchema,
  gather_stop: gatherStopSchema,
  ai_assistant_start: aiAssistantStartSchema,
  ai_assistant_stop: aiAssistantStopSchema,
  ai_assistant_add_messages: aiAssistantAddMessagesSchema,
} as const

/** The body of each command, by name. */
export type CommandBodies = { [Name in keyof typeof commandSchemas]: z.infer<(typeof commandSchemas)[Name]> }

/** A message in an assistant's conversation. */
export type AssistantMessage = NonNullable<CommandBodies['ai_assistant_add_messages']['messages']>[number]

/** A JSON Schema of what an AI gather collects. */
export type AIParameters = CommandBodies['gather_using_ai']['parameters']
