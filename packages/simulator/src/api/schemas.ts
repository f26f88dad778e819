/**
 * JSON Schemas of the command bodies: types from the specification, and ranges from Telnyx's error catalogue. `code` is the
 * Telnyx error for an invalid value; without it, the schema keyword chooses a generic code.
 *
 * `parameters.ts` lists the parameters without an effect in the simulator. They are accepted with any value.
 */
import type { SchemaObject } from 'ajv'
import {
  BASE64,
  body,
  type FieldSchema,
  flag,
  headers,
  integer,
  list,
  nonEmptyText,
  object,
  oneOf,
  record,
  text,
  url,
} from './fields.ts'
import { mediaSchemas, recordOptions, transcriptionConfig } from './media-schemas.ts'

/** Values of `language` for every voice. A Soniox voice also takes a two-letter code. */
export const languages =
  'arb cmn-CN cy-GB da-DK de-DE en-AU en-GB en-GB-WLS en-IN en-US es-ES es-MX es-US fr-CA fr-FR hi-IN is-IS it-IT ja-JP ko-KR nb-NO nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sv-SE tr-TR'.split(
    ' ',
  )

const digits = {
  minimum_digits: integer(1, 128, 1, '90022'),
  maximum_digits: integer(1, 128, 128, '90023'),
  terminating_digit: { type: 'string', pattern: '^[0-9*#]?$', default: '#', code: '90007' },
  valid_digits: { type: 'string', pattern: '^[0-9*#]+$', default: '0123456789#*', code: '90008' },
  inter_digit_timeout_millis: integer(1, 120_000, 5000, '90026'),
  // Telnyx does not document bounds for timeout_millis.
  timeout_millis: integer(1, 2_147_483_647, 60_000, '90025'),
} satisfies Record<string, FieldSchema>

const gatherWithPrompt = {
  ...digits,
  maximum_tries: integer(1, 128, 3, '90024'),
} satisfies Record<string, FieldSchema>

/** Text-to-speech providers that a `voice` can start with. */
export const providers = 'AWS Azure ElevenLabs Telnyx Minimax Rime Resemble Inworld xAI Soniox FishAudio Humain'.split(
  ' ',
)

/** `type` may be absent: the `voice` names the provider. */
const voiceSettings = object({
  type: { type: 'string', enum: providers.map((name) => name.toLowerCase()) },
  voice_speed: { type: 'number' },
  api_key_ref: text,
  speed: { type: 'number' },
  vol: { type: 'number' },
  pitch: { type: ['number', 'null'] },
})

const speech = {
  payload_type: { type: 'string', enum: ['text', 'ssml'], default: 'text', code: '90011' },
  voice: { type: 'string', minLength: 1, code: '90012' },
  voice_settings: voiceSettings,
  service_level: { type: 'string', enum: ['basic', 'premium'], default: 'premium', code: '90030' },
  language: { type: 'string', code: '90013' },
} satisfies Record<string, FieldSchema>

const payload: FieldSchema = { type: 'string', minLength: 1, maxLength: 5000, code: '90010' }
/** What to speak, and how. */
export const speechParameters = { ...speech, payload }

const aiMessage = object(
  {
    role: oneOf('assistant', 'user', 'system', 'developer', 'tool'),
    content: text,
    tool_call_id: text,
    tool_calls: list(record),
    metadata: record,
  },
  'role',
)

const tools = list(object({ type: text, timeout_ms: { type: 'integer' } }, 'type'))
const transcription = object({ model: text, language: text })
const interruption = object({ enable: flag })
const greeting: FieldSchema = { type: 'string', maxLength: 3000 }
const participant = object(
  { id: text, role: oneOf('user'), name: text, on_hangup: oneOf('continue_conversation', 'end_conversation') },
  'id',
  'role',
)

/** The `assistant` object of a command. Lists only the fields that have an effect in the simulator. */
const callAssistant = object(
  {
    id: nonEmptyText,
    instructions: text,
    greeting,
    model: text,
    dynamic_variables: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    tools,
  },
  'id',
)

const loop: FieldSchema = {
  anyOf: [
    { type: 'integer', minimum: 1, maximum: 100, code: '90009' },
    { ...oneOf('infinity'), code: '90009' },
  ],
  default: 1,
}

const stop: FieldSchema = { ...oneOf('current', 'all'), code: '90016' }

/** The types of the SDK's webhooks for calls, conferences and streams, and those that the SDK lacks. */
const eventTypes = [
  'ai_gather.ended ai_gather.message_history_updated ai_gather.partial_results answered bridged conversation.created',
  'conversation.ended conversation_insights.generated cost deepfake_detection.error deepfake_detection.result dequeued',
  'dtmf.received enqueued fork.started fork.stopped gather.ended hangup hold initiated machine.detection.ended',
  'machine.greeting.ended machine.premium.detection.ended machine.premium.greeting.ended payment.completed',
  'payment.progress playback.ended playback.started recording.error recording.saved recording.transcription.saved',
  'refer.completed refer.failed refer.started siprec.failed siprec.started siprec.stopped speak.ended speak.started',
  'streaming.failed streaming.started streaming.stopped transcription unhold',
]
  .flatMap((names) => names.split(' ').map((name) => `call.${name}`))
  .concat(
    [
      'created ended floor.changed participant.joined participant.left participant.playback.ended',
      'participant.playback.started participant.speak.ended participant.speak.started playback.ended playback.started',
      'recording.saved speak.ended speak.started',
    ].flatMap((names) => names.split(' ').map((name) => `conference.${name}`)),
    ['streaming.failed', 'streaming.started', 'streaming.stopped'],
  )

const webhooks = {
  webhook_url: url,
  webhook_url_method: oneOf('POST', 'GET'),
  webhook_urls: {
    type: 'object',
    propertyNames: { enum: eventTypes, code: '90057' },
    additionalProperties: { anyOf: [url, { type: 'array', items: url }] },
  },
  webhook_urls_method: oneOf('POST', 'GET'),
  webhook_retries_policies: {
    type: 'object',
    additionalProperties: object({
      retries_ms: { ...list({ type: 'integer', minimum: 1, maximum: 60_000 }), maxItems: 5 },
    }),
  },
} satisfies Record<string, FieldSchema>

const ringing = {
  ...recordOptions,
  timeout_secs: integer(5, 600, 30, '90028'),
  // The API reference's range. The error catalogue says 60 to 14,000, which excludes the default of 14,400.
  time_limit_secs: integer(30, 14_400, 14_400, '90029'),
  custom_headers: headers,
  sip_headers: headers,
  audio_url: url,
  media_name: text,
  answering_machine_detection: oneOf('premium', 'detect', 'detect_beep', 'detect_words', 'greeting_end', 'disabled'),
  send_digits_on_answer: { type: 'string', pattern: '^[0-9A-DwW*#]{0,64}$', code: '90014' },
  park_after_unbridge: text,
} satisfies Record<string, FieldSchema>

const destinationSchema = (keys: string): FieldSchema => ({
  type: 'string',
  pattern: `^(\\+[0-9]{2,15}${keys}|[sS][iI][pP][sS]?:\\S+)$`,
  code: '10016',
})
/** `+` and a number, with an optional comma and the keys to play on answer; or a SIP URI. */
const destination = destinationSchema('(,[0-9A-DwW*#]{1,64})?')

/** Body schemas by the last segment of `/v2/calls/{call_control_id}/actions/…`; `dial` is `POST /v2/calls`. */
export const schemas = {
  gather: body([], {
    ...digits,
    initial_timeout_millis: integer(1, 120_000, 5000, '90056'),
    gather_id: { type: 'string', minLength: 1, maxLength: 40 },
  }),
  gather_using_audio: body([], {
    ...gatherWithPrompt,
    audio_url: url,
    media_name: nonEmptyText,
    invalid_audio_url: url,
    invalid_media_name: nonEmptyText,
  }),
  gather_using_speak: body(['payload', 'voice'], { ...gatherWithPrompt, ...speech, payload, invalid_payload: payload }),
  gather_using_ai: body(['parameters'], {
    parameters: {
      type: 'object',
      properties: { type: { enum: ['object'] }, properties: record, required: { type: 'array', items: text } },
    },
    greeting,
    gather_ended_speech: { type: 'string', maxLength: 3000 },
    voice: { type: 'string', minLength: 1, default: 'Telnyx.KokoroTTS.af', code: '90012' },
    voice_settings: voiceSettings,
    assistant: object({ instructions: text, model: text, tools }),
    transcription,
    language: { type: 'string', code: '90013' },
    message_history: list(object({ role: oneOf('assistant', 'user'), content: text })),
    interruption_settings: interruption,
    send_partial_results: { ...flag, default: false },
    send_message_history_updates: { ...flag, default: false },
    user_response_timeout_ms: { type: 'integer', minimum: 1, default: 10_000 },
  }),
  gather_stop: body([], {}),
  ai_assistant_start: body([], {
    assistant: callAssistant,
    greeting,
    message_history: list(aiMessage),
    participants: list(participant),
    send_message_history_updates: { ...flag, default: false },
    transcription,
    interruption_settings: interruption,
    // Without a voice, a stored assistant has its own.
    voice: { type: 'string', minLength: 1, code: '90012' },
    voice_settings: voiceSettings,
  }),
  ai_assistant_stop: body([], {}),
  ai_assistant_add_messages: body([], {
    messages: { ...list(aiMessage), default: [] },
    trigger_response: { ...flag, default: false },
  }),
  ai_assistant_join: body(['conversation_id', 'participant'], {
    conversation_id: text,
    participant,
  }),
  answer: body([], {
    ...webhooks,
    ...recordOptions,
    stream_url: text,
    stream_track: text,
    transcription_config: transcriptionConfig,
    assistant: callAssistant,
    custom_headers: headers,
    sip_headers: headers,
    transcription: flag,
  }),
  reject: body(['cause'], { cause: oneOf('CALL_REJECTED', 'USER_BUSY') }),
  hangup: body([], { custom_headers: headers }),
  speak: body(['payload', 'voice'], {
    ...speechParameters,
    loop,
    stop,
    target_legs: oneOf('self', 'opposite', 'both'),
  }),
  playback_start: body([], {
    audio_url: url,
    media_name: nonEmptyText,
    playback_content: text,
    audio_type: oneOf('mp3', 'wav'),
    cache_audio: flag,
    loop,
    overlay: { ...flag, default: false },
    stop,
    target_legs: text,
  }),
  playback_stop: body([], { stop: { ...stop, default: 'all' }, overlay: flag }),
  transfer: body(['to'], {
    ...webhooks,
    ...ringing,
    to: destination,
    from: nonEmptyText,
    target_leg_client_state: { type: 'string', pattern: BASE64, code: '90017' },
  }),
  bridge: body([], {
    ...recordOptions,
    call_control_id: text,
    queue: text,
    park_after_unbridge: text,
    play_ringtone: flag,
  }),
  send_dtmf: body(['digits'], {
    digits: { type: 'string', pattern: '^[0-9A-DwW*#]+$', code: '90014' },
    duration_millis: integer(100, 500, 250, '90027'),
  }),
  client_state_update: body(['client_state'], {}),
  ...mediaSchemas,
  dial: body(['connection_id', 'from', 'to'], {
    ...webhooks,
    ...ringing,
    connection_id: nonEmptyText,
    from: nonEmptyText,
    to: { ...destination, type: ['string', 'array'], minItems: 1, items: destinationSchema('') },
    link_to: text,
    bridge_on_answer: flag,
    bridge_intent: flag,
    stream_url: text,
    stream_track: text,
    transcription_config: transcriptionConfig,
    assistant: callAssistant,
    transcription: flag,
  }),
} satisfies Record<string, SchemaObject>

/** The body of `POST /v2/messages`. Its endpoint checks the numbers and the content. */
export const messageSchema: SchemaObject = object(
  {
    to: text,
    from: text,
    text,
    subject: text,
    media_urls: list(url),
    messaging_profile_id: text,
    webhook_url: url,
    webhook_failover_url: url,
    use_profile_webhooks: flag,
    auto_detect: flag,
    encoding: oneOf('auto', 'gsm7', 'ucs2'),
    type: oneOf('SMS', 'MMS'),
    send_at: { type: 'string', format: 'date-time' },
  },
  'to',
)

export type CommandName = keyof typeof schemas
