/** JSON Schemas of the commands that record, transcribe, stream and queue a call. */
import type { ErrorCode } from './errors.ts'
import { body, type FieldSchema, flag, integer, list, nonEmptyText, object, oneOf, record, text } from './fields.ts'

/** A maximum of 0 seconds is unlimited. */
const seconds = (maximum: number, code?: ErrorCode): FieldSchema => integer(0, maximum, 0, code)

const track: FieldSchema = { ...oneOf('both', 'inbound', 'outbound'), code: '90059' }

/** The options of `answer`, `bridge`, `dial` and `transfer` that record the call from its answer. */
export const recordOptions = {
  record: oneOf('record-from-answer'),
  record_channels: { ...oneOf('single', 'dual'), default: 'dual' },
  record_format: { ...oneOf('wav', 'mp3'), default: 'mp3' },
  record_max_length: seconds(43_200),
  record_timeout_secs: seconds(2_147_483_647, '90049'),
  record_track: track,
  record_trim: oneOf('trim-silence'),
  record_custom_file_name: text,
} satisfies Record<string, FieldSchema>

const engines = 'Google Telnyx Deepgram Azure xAI AssemblyAI Speechmatics Soniox Parakeet Humain Reson8 Cohere A B'

const transcription = {
  transcription_engine: oneOf(...engines.split(' ')),
  transcription_engine_config: object({ interim_results: flag }),
  transcription_tracks: oneOf('inbound', 'outbound', 'both'),
} satisfies Record<string, FieldSchema>

/** The options of the transcription that `transcription: true` starts. */
export const transcriptionConfig = object(transcription)

export const mediaSchemas = {
  record_start: body(['channels', 'format'], {
    channels: oneOf('single', 'dual'),
    format: oneOf('wav', 'mp3'),
    custom_file_name: text,
    max_length: seconds(14_400),
    play_beep: flag,
    recording_track: track,
    timeout_secs: seconds(2_147_483_647),
    transcription: flag,
    transcription_engine: oneOf('A', 'B', 'deepgram/nova-3'),
    transcription_language: text,
    transcription_max_speaker_count: { type: 'integer' },
    transcription_min_speaker_count: { type: 'integer' },
    transcription_profanity_filter: flag,
    transcription_speaker_diarization: flag,
    trim: oneOf('trim-silence'),
  }),
  record_stop: body([], { recording_id: text }),
  record_pause: body([], { recording_id: text }),
  record_resume: body([], { recording_id: text }),
  transcription_start: body([], transcription),
  transcription_stop: body([], {}),
  streaming_start: body(['stream_url'], {
    stream_url: nonEmptyText,
    stream_track: { ...oneOf('inbound_track', 'outbound_track', 'both_tracks'), default: 'inbound_track' },
    stream_codec: text,
    stream_auth_token: { type: 'string', maxLength: 4000 },
    stream_bidirectional_mode: oneOf('mp3', 'rtp'),
    stream_bidirectional_codec: text,
    stream_bidirectional_sampling_rate: { type: 'integer' },
    stream_bidirectional_target_legs: oneOf('both', 'self', 'opposite'),
    enable_dialogflow: flag,
    dialogflow_config: record,
    custom_parameters: list(object({ name: text, value: text })),
  }),
  streaming_stop: body([], { stream_id: text }),
  enqueue: body(['queue_name'], {
    queue_name: { ...nonEmptyText, maxLength: 255 },
    max_size: { type: 'integer', minimum: 1 },
    max_wait_time_secs: { type: 'integer', minimum: 1 },
    keep_after_hangup: flag,
  }),
  leave_queue: body([], {}),
}
