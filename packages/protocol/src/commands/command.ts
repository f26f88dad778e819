/**
 * The schemas of the eight commands of Telnyx's gather and AI-assistant call control.
 *
 * Names, ranges and defaults are Telnyx's (Voice API reference, "Gather", "Gather using speak", …). The schemas are
 * strict: Telnyx silently ignores a misspelt field, but we reject it by name. They use `zod/mini`, which tree-shakes,
 * because the browser validates forms with these schemas too.
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
  /** A Base64 text that Telnyx repeats in later webhooks of the call leg, until another command replaces it. */
  client_state: z.optional(z.string().check(z.regex(base64))),
  /** The id of this command. Telnyx ignores a repeated id on the same call for 60 s. Default: made by the server. */
  command_id: z.optional(z.string().check(z.regex(/^[\x21-\x7e]{1,128}$/))),
}

const digits = {
  /** The minimum number of digits of a valid input. 1–128, default 1. */
  minimum_digits: within(limits.minimum_digits),
  /** The maximum number of digits. Collection ends when the caller has pressed this many. 1–128, default 128. */
  maximum_digits: within(limits.maximum_digits),
  /** The maximum pause between two digits, in ms. 1–120000, default 5000. */
  inter_digit_timeout_millis: within(limits.inter_digit_timeout_millis),
  /** The key that ends the input early: one of `0-9*#`, or `""` for no key. Default `#`. */
  terminating_digit: z.optional(z.string().check(z.regex(/^[0-9*#]?$/))),
  /** The keys that count as valid input. Default `0123456789#*`. */
  valid_digits: z.optional(z.string().check(z.maxLength(64), z.regex(keys))),
}

const prompted = {
  ...digits,
  /** The time to wait for a digit after the end of the prompt, before the prompt is repeated, in ms. Default 60000. */
  timeout_millis: within(limits.timeout_millis),
  /** How many times Telnyx plays the prompt when there is no valid input. 1–128, default 3. */
  maximum_tries: within(limits.maximum_tries),
}

/** The settings of a voice. Its fields depend on `type`, the voice provider. Sent to Telnyx unchanged. */
const voiceSettings = z.looseObject({ type: z.string() })

const language = z.string().check(z.minLength(2), z.maxLength(16))

/** `gather`: collect digits, with no prompt. */
const gatherSchema = z.strictObject({
  ...digits,
  /** The time limit of the whole gather, in ms. Default 60000. In prompted gathers, it limits only the first digit. */
  timeout_millis: within(limits.timeout_millis),
  /** The time to wait for the first digit, in ms. 1–120000, default 5000. */
  initial_timeout_millis: within(limits.initial_timeout_millis),
  /** An id that you choose for this gather, 1–40 characters. */
  gather_id: z.optional(z.string().check(z.minLength(1), z.maxLength(40))),
  ...common,
})

/** `gather_using_audio`: play an audio file and collect digits. */
const gatherUsingAudioSchema = z.strictObject({
  ...prompted,
  /** The URL of a WAV or MP3 prompt. Not together with `media_name`. */
  audio_url: z.optional(url),
  /** The name of a prompt in Telnyx's media storage. Not together with `audio_url`. */
  media_name: z.optional(z.string().check(z.minLength(1), z.maxLength(255))),
  /** The URL of the audio file that plays when the digits are not valid. Not together with `invalid_media_name`. */
  invalid_audio_url: z.optional(url),
  /** The audio file in Telnyx's media storage that plays when the digits are not valid. */
  invalid_media_name: z.optional(z.string().check(z.minLength(1), z.maxLength(255))),
  ...common,
})

/** `gather_using_speak`: speak a text and collect digits. */
const gatherUsingSpeakSchema = z.strictObject({
  ...prompted,
  /** Text or SSML to speak, up to 3,000 characters. Required. */
  payload: speech,
  /** Spoken when the digits are not valid. */
  invalid_payload: z.optional(speech),
  /** How to read `payload`. Default `text`. */
  payload_type: z.optional(z.enum(['text', 'ssml'])),
  /** The voice of the prompt: `<Provider>.<Model>.<VoiceId>`, or `male` or `female`. Required. */
  voice: z.string().check(z.minLength(1), z.maxLength(255)),
  voice_settings: z.optional(voiceSettings),
  /** The quality of the speech. Default `premium`; `basic` speaks only plain text in `en-US`. */
  service_level: z.optional(z.enum(['basic', 'premium'])),
  /** The language of the prompt, such as `en-US`. Telnyx ignores it with a Polly voice. */
  language: z.optional(language),
  ...common,
})

const spokenMessage = z.strictObject({ role: z.enum(['assistant', 'user']), content: z.string() })

const interruption = z.looseObject({
  /** Whether the caller can interrupt the assistant. Default true. */
  enable: z.optional(z.boolean()),
})

const transcription = z.looseObject({ model: z.optional(z.string()), language: z.optional(z.string()) })

/** A JSON Schema of type `object` that describes the fields of an AI gather. */
const aiParametersSchema = z.looseObject({
  type: z.optional(z.literal('object')),
  properties: z.record(z.string(), z.looseObject({})),
  /** The gather ends when all of these fields have a value; without required fields, at the first value. */
  required: z.optional(z.array(z.string())),
})

/** `gather_using_ai`: an assistant asks for the fields of a JSON Schema. */
const gatherUsingAISchema = z.strictObject({
  /** The JSON Schema of the fields to collect. Required. */
  parameters: aiParametersSchema,
  /** The text that the assistant speaks at the start of the gather. Default: no greeting. */
  greeting: z.optional(speech),
  /** The text that the assistant speaks after it has collected all fields. */
  gather_ended_speech: z.optional(speech),
  /** The voice of the assistant. Default `Telnyx.KokoroTTS.af`. */
  voice: z.optional(z.string().check(z.maxLength(255))),
  voice_settings: z.optional(voiceSettings),
  /** The language model for this gather: `instructions`, `model`, `tools`, … */
  assistant: z.optional(z.looseObject({})),
  transcription: z.optional(transcription),
  /** The language of speech recognition. Default `en`. */
  language: z.optional(language),
  /** Earlier messages that the assistant should know. */
  message_history: z.optional(z.array(spokenMessage)),
  interruption_settings: z.optional(interruption),
  /** Whether Telnyx sends `call.ai_gather.partial_results`. Telnyx's default is false; our server's is true. */
  send_partial_results: z.optional(z.boolean()),
  /** Whether Telnyx sends `call.ai_gather.message_history_updated`. Telnyx's default is false; our server's is true. */
  send_message_history_updates: z.optional(z.boolean()),
  /** The maximum time to wait for the caller's answer, in ms. Default 10000. */
  user_response_timeout_ms: within(limits.user_response_timeout_ms),
  ...common,
})

/** A message of an assistant's conversation. */
const assistantMessageSchema = z.looseObject({
  role: z.enum(['user', 'assistant', 'tool', 'system', 'developer']),
  content: z.optional(z.string().check(z.maxLength(32_768))),
})

/** `ai_assistant_start`: let an assistant talk to the caller. */
const aiAssistantStartSchema = z.strictObject({
  /** The id of the assistant, and its settings that this call overrides. */
  assistant: z.optional(z.looseObject({ id: z.string().check(z.minLength(1)) })),
  /** Spoken at the start. */
  greeting: z.optional(speech),
  voice: z.optional(z.string().check(z.maxLength(255))),
  voice_settings: z.optional(voiceSettings),
  transcription: z.optional(transcription),
  interruption_settings: z.optional(interruption),
  /** Seeds the conversation; how an agent hands a call back to the assistant. */
  message_history: z.optional(z.array(assistantMessageSchema)),
  /** Other call legs that join the conversation at once. */
  participants: z.optional(
    z.array(z.looseObject({ id: z.string(), role: z.literal('user'), name: z.optional(z.string()) })),
  ),
  send_message_history_updates: z.optional(z.boolean()),
  ...common,
})

/** `ai_assistant_add_messages`: whisper to a running assistant, or make it answer now. */
const aiAssistantAddMessagesSchema = z.strictObject({
  messages: z.optional(z.array(assistantMessageSchema)),
  /** Whether the assistant answers at once instead of at its next turn, and may interrupt the caller. Default false. */
  trigger_response: z.optional(z.boolean()),
  ...common,
})

/** `ai_assistant_stop`: end the conversation; the call stays up. */
const aiAssistantStopSchema = z.strictObject(common)

/** `gather_stop`: end a running digit gather; the call stays up. */
const gatherStopSchema = z.strictObject(common)

/** The schemas of the eight commands, by the last segment of the command's Telnyx path. */
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

/** The body types of the eight commands, by command name. */
export type CommandBodies = { [Name in keyof typeof commandSchemas]: z.infer<(typeof commandSchemas)[Name]> }

/** A message of an assistant's conversation. */
export type AssistantMessage = NonNullable<CommandBodies['ai_assistant_add_messages']['messages']>[number]

/** A JSON Schema of type `object` that describes the fields of an AI gather. */
export type AIParameters = CommandBodies['gather_using_ai']['parameters']
