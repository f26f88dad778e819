/**
 * What each command takes, as JSON Schema: the specification's types, with the ranges that only the error catalogue has.
 * `code` names the Telnyx error of a bad value; without it the generic one of the broken keyword is answered.
 *
 * Fields that change nothing here are not listed: the API has hundreds (codecs, recording, streaming), all accepted.
 */
import type { ErrorCode } from './errors.ts'

/** The part of JSON Schema (2020-12) used here, and the error code beside it. */
export interface FieldSchema {
  type?: string | readonly string[]
  enum?: readonly unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  default?: unknown
  format?: string
  items?: FieldSchema
  minItems?: number
  maxItems?: number
  properties?: Readonly<Record<string, FieldSchema>>
  required?: readonly string[]
  additionalProperties?: FieldSchema | boolean
  oneOf?: readonly FieldSchema[]
  anyOf?: readonly FieldSchema[]
  /** Telnyx's code for a value this schema refuses. */
  code?: ErrorCode
}

export interface BodySchema extends FieldSchema {
  type: 'object'
  properties: Readonly<Record<string, FieldSchema>>
  /** Telnyx has more parameters here than are listed. */
  open?: true
}

const LANGUAGES =
  'arb cmn-CN cy-GB da-DK de-DE en-AU en-GB en-GB-WLS en-IN en-US es-ES es-MX es-US fr-CA fr-FR hi-IN is-IS it-IT ja-JP ko-KR nb-NO nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU sv-SE tr-TR'.split(
    ' ',
  )

const text: FieldSchema = { type: 'string' }
const flag: FieldSchema = { type: 'boolean' }
const record: FieldSchema = { type: 'object' }
const headers: FieldSchema = {
  type: 'array',
  items: { type: 'object', required: ['name', 'value'], properties: { name: text, value: text } },
}

/** Base64 with its padding (RFC 4648 §4). */
const BASE64 = '^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

const common = {
  client_state: { type: 'string', pattern: BASE64, code: '90017' },
  command_id: text,
} satisfies Record<string, FieldSchema>

const millis = (usual: number, code: ErrorCode): FieldSchema => ({
  type: 'integer',
  minimum: 1,
  maximum: 120_000,
  default: usual,
  code,
})

const digits = {
  minimum_digits: { type: 'integer', minimum: 1, maximum: 128, default: 1, code: '90022' },
  maximum_digits: { type: 'integer', minimum: 1, maximum: 128, default: 128, code: '90023' },
  terminating_digit: { type: 'string', pattern: '^[0-9*#]?$', default: '#', code: '90007' },
  valid_digits: { type: 'string', pattern: '^[0-9*#]+$', default: '0123456789#*', code: '90008' },
  inter_digit_timeout_millis: millis(5000, '90026'),
  // "Accepted by command": the bounds are not documented, but less than one millisecond is no time at all.
  timeout_millis: { type: 'integer', minimum: 1, maximum: 2_147_483_647, default: 60_000, code: '90025' },
} satisfies Record<string, FieldSchema>

const prompted = {
  ...digits,
  maximum_tries: { type: 'integer', minimum: 1, maximum: 128, default: 3, code: '90024' },
} satisfies Record<string, FieldSchema>

const voiceSettings: FieldSchema = {
  type: 'object',
  required: ['type'],
  properties: {
    type: {
      type: 'string',
      enum: [
        'aws',
        'azure',
        'elevenlabs',
        'telnyx',
        'minimax',
        'rime',
        'resemble',
        'inworld',
        'xai',
        'soniox',
        'fishaudio',
        'humain',
      ],
    },
    voice_speed: { type: 'number' },
    api_key_ref: text,
    speed: { type: 'number' },
    vol: { type: 'number' },
    pitch: { type: ['number', 'null'] },
  },
}

const speech = {
  payload_type: { type: 'string', enum: ['text', 'ssml'], default: 'text', code: '90011' },
  voice: { type: 'string', minLength: 1, code: '90012' },
  voice_settings: voiceSettings,
  service_level: { type: 'string', enum: ['basic', 'premium'], default: 'premium', code: '90030' },
  language: { type: 'string', enum: LANGUAGES, code: '90013' },
} satisfies Record<string, FieldSchema>

const payload: FieldSchema = { type: 'string', minLength: 1, maxLength: 5000, code: '90010' }
const url: FieldSchema = { type: 'string', format: 'uri' }

const aiMessage: FieldSchema = {
  type: 'object',
  required: ['role'],
  properties: {
    role: { type: 'string', enum: ['assistant', 'user', 'system', 'developer', 'tool'] },
    content: text,
    tool_call_id: text,
    tool_calls: { type: 'array', items: record },
    metadata: record,
  },
}

const tool: FieldSchema = {
  type: 'object',
  required: ['type'],
  properties: { type: text, timeout_ms: { type: 'integer' } },
}

const transcription: FieldSchema = { type: 'object', properties: { model: text, language: text } }
const interruption: FieldSchema = { type: 'object', properties: { enable: flag } }
const greeting: FieldSchema = { type: 'string', maxLength: 3000 }

const callAssistant: FieldSchema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string', minLength: 1 },
    instructions: text,
    greeting,
    name: text,
    model: text,
    dynamic_variables: { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    llm_api_key_ref: text,
    openai_api_key_ref: text,
    external_llm: record,
    fallback_config: record,
    tools: { type: 'array', items: tool },
    mcp_servers: { type: 'array' },
    observability_settings: record,
    telephony_settings: record,
  },
}

const loop: FieldSchema = {
  anyOf: [
    { type: 'integer', minimum: 1 },
    { type: 'string', enum: ['infinity'] },
  ],
  default: 1,
}

const webhooks = {
  webhook_url: url,
  webhook_url_method: { type: 'string', enum: ['POST', 'GET'] },
  webhook_urls: { type: 'object', additionalProperties: { anyOf: [url, { type: 'array', items: url }] } },
  webhook_urls_method: { type: 'string', enum: ['POST', 'GET'] },
  webhook_retries_policies: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      properties: {
        retries_ms: { type: 'array', maxItems: 5, items: { type: 'integer', minimum: 1, maximum: 60_000 } },
      },
    },
  },
} satisfies Record<string, FieldSchema>

const ringing = {
  timeout_secs: { type: 'integer', minimum: 5, maximum: 600, default: 30 },
  time_limit_secs: { type: 'integer', minimum: 30, maximum: 14_400, default: 14_400 },
  custom_headers: headers,
  sip_headers: headers,
  audio_url: url,
  media_name: text,
  answering_machine_detection: {
    type: 'string',
    enum: ['premium', 'detect', 'detect_beep', 'detect_words', 'greeting_end', 'disabled'],
  },
  send_digits_on_answer: text,
  park_after_unbridge: text,
} satisfies Record<string, FieldSchema>

const open = (schema: BodySchema): BodySchema => ({ ...schema, open: true })

const body = (required: readonly string[], properties: Record<string, FieldSchema>): BodySchema => ({
  type: 'object',
  required,
  properties: { ...common, ...properties },
})

/** By the last part of `/v2/calls/{call_control_id}/actions/…`; `dial` is `POST /v2/calls`. */
export const schemas = {
  gather: body([], {
    ...digits,
    initial_timeout_millis: millis(5000, '90056'),
    gather_id: { type: 'string', minLength: 1, maxLength: 40 },
  }),
  gather_using_audio: body([], {
    ...prompted,
    audio_url: url,
    media_name: { type: 'string', minLength: 1 },
    invalid_audio_url: url,
    invalid_media_name: { type: 'string', minLength: 1 },
  }),
  gather_using_speak: body(['payload', 'voice'], { ...prompted, ...speech, payload, invalid_payload: payload }),
  gather_using_ai: body(['parameters'], {
    parameters: {
      type: 'object',
      properties: { type: { enum: ['object'] }, properties: record, required: { type: 'array', items: text } },
    },
    greeting,
    gather_ended_speech: { type: 'string', maxLength: 3000 },
    voice: { type: 'string', minLength: 1, default: 'Telnyx.KokoroTTS.af', code: '90012' },
    voice_settings: voiceSettings,
    assistant: {
      type: 'object',
      properties: { instructions: text, model: text, openai_api_key_ref: text, tools: { type: 'array', items: tool } },
    },
    transcription,
    language: { type: 'string', code: '90013' },
    message_history: {
      type: 'array',
      items: { type: 'object', properties: { role: { type: 'string', enum: ['assistant', 'user'] }, content: text } },
    },
    interruption_settings: interruption,
    send_partial_results: { ...flag, default: false },
    send_message_history_updates: { ...flag, default: false },
    user_response_timeout_ms: { type: 'integer', minimum: 1, default: 10_000 },
  }),
  gather_stop: body([], {}),
  ai_assistant_start: body([], {
    assistant: callAssistant,
    greeting,
    message_history: { type: 'array', items: aiMessage },
    participants: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'role'],
        properties: {
          id: text,
          role: { type: 'string', enum: ['user'] },
          name: text,
          on_hangup: { type: 'string', enum: ['continue_conversation', 'end_conversation'] },
        },
      },
    },
    send_message_history_updates: { ...flag, default: false },
    transcription,
    interruption_settings: interruption,
    voice: { type: 'string', minLength: 1, default: 'Telnyx.KokoroTTS.af', code: '90012' },
    voice_settings: voiceSettings,
  }),
  ai_assistant_stop: body([], {}),
  ai_assistant_add_messages: body([], {
    messages: { type: 'array', items: aiMessage, default: [] },
    trigger_response: { ...flag, default: false },
  }),
  ai_assistant_join: body(['conversation_id', 'participant'], {
    conversation_id: text,
    participant: {
      type: 'object',
      required: ['id', 'role'],
      properties: { id: text, role: { type: 'string', enum: ['user'] }, name: text, on_hangup: text },
    },
  }),
  answer: open(
    body([], {
      ...webhooks,
      assistant: callAssistant,
      custom_headers: headers,
      sip_headers: headers,
      transcription: flag,
    }),
  ),
  reject: body(['cause'], { cause: { type: 'string', enum: ['CALL_REJECTED', 'USER_BUSY'] } }),
  hangup: body([], { custom_headers: headers }),
  speak: body(['payload', 'voice'], {
    ...speech,
    payload,
    loop,
    stop: { type: 'string', enum: ['current', 'all'] },
    target_legs: { type: 'string', enum: ['self', 'opposite', 'both'] },
  }),
  playback_start: body([], {
    audio_url: url,
    media_name: { type: 'string', minLength: 1 },
    playback_content: text,
    audio_type: { type: 'string', enum: ['mp3', 'wav'] },
    cache_audio: flag,
    loop,
    overlay: { ...flag, default: false },
    stop: { type: 'string', enum: ['current', 'all'] },
    target_legs: text,
  }),
  playback_stop: body([], { stop: { type: 'string', enum: ['current', 'all'], default: 'all' }, overlay: flag }),
  transfer: open(
    body(['to'], {
      ...webhooks,
      ...ringing,
      to: { type: 'string', minLength: 1 },
      from: { type: 'string', minLength: 1 },
      target_leg_client_state: { type: 'string', pattern: BASE64, code: '90017' },
    }),
  ),
  bridge: open(
    body(['call_control_id'], {
      call_control_id: text,
      park_after_unbridge: text,
      play_ringtone: flag,
    }),
  ),
  send_dtmf: body(['digits'], {
    digits: { type: 'string', pattern: '^[0-9A-DwW*#]+$' },
    duration_millis: { type: 'integer', minimum: 100, maximum: 500, default: 250 },
  }),
  client_state_update: body(['client_state'], {}),
  dial: open(
    body(['connection_id', 'from', 'to'], {
      ...webhooks,
      ...ringing,
      connection_id: { type: 'string', minLength: 1 },
      from: { type: 'string', minLength: 1 },
      to: {
        anyOf: [
          { type: 'string', minLength: 1 },
          { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
        ],
      },
      link_to: text,
      bridge_on_answer: flag,
      bridge_intent: flag,
      assistant: callAssistant,
      transcription: flag,
    }),
  ),
} satisfies Record<string, BodySchema>

export type CommandName = keyof typeof schemas
