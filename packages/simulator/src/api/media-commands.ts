/** Commands that record, transcribe and stream a call. */
import type { Call } from '../call/call.ts'
import type { RecordingOptions } from '../call/recordings.ts'
import type { TranscriptionOptions } from '../call/transcription.ts'
import { type Body, type Command, text } from './command.ts'
import { refusals, refuse } from './errors.ts'

export const mediaCommands = {
  record_start: {
    needs: 'alive',
    run({ phase, media }, body) {
      if (phase !== 'answered')
        throw refuse(422, '90020', 'Call recording cannot be started until audio has commenced on the call.')
      if (Number(body.timeout_secs) > 0 && media.transcription.isActive)
        throw refuse(422, '90053', 'A recording with timeout_secs cannot start while the call is being transcribed.')
      media.recordings.start({
        channels: channelsOf(body.channels, body.recording_track),
        format: formatOf(body.format),
        maxLengthMs: Number(body.max_length) * 1000,
        silenceMs: Number(body.timeout_secs) * 1000,
        shouldBeep: body.play_beep === true,
        isTranscribed: body.transcription === true,
        initiatedBy: 'StartCallRecordingAPI',
      })
    },
  },
  record_stop: { needs: 'answered', run: ({ media }, body) => ofRecording(body, (id) => media.recordings.stop(id)) },
  record_pause: { needs: 'answered', run: ({ media }, body) => ofRecording(body, (id) => media.recordings.pause(id)) },
  record_resume: {
    needs: 'answered',
    run: ({ media }, body) => ofRecording(body, (id) => media.recordings.resume(id)),
  },
  transcription_start: {
    needs: 'answered',
    run({ media }, body) {
      if (media.transcription.isActive)
        throw refuse(422, '90054', 'Call transcription can not be started more than once.')
      media.transcription.start(transcriptionOf(body))
    },
  },
  transcription_stop: {
    needs: 'answered',
    run({ media }) {
      if (media.recordings.hasSilenceTimer)
        throw refuse(
          422,
          '90055',
          'Transcription cannot be stopped while a recording with timeout_secs is in progress.',
        )
      media.transcription.stop()
    },
  },
  streaming_start: {
    needs: 'answered',
    run: ({ media }, body) => media.streams.start(String(body.stream_url), String(body.stream_track)),
  },
  streaming_stop: { needs: 'answered', run: ({ media }, body) => media.streams.stop(text(body.stream_id)) },
} satisfies Record<string, Command>

/** Applies the options of `answer`, `bridge`, `dial` and `transfer` that record, transcribe or stream the answered call. */
export function startMedia({ media }: Call, body: Body, initiatedBy: RecordingOptions['initiatedBy']): void {
  if (body.record === 'record-from-answer')
    media.recordings.start({
      channels: channelsOf(body.record_channels, body.record_track),
      format: formatOf(body.record_format),
      maxLengthMs: Number(body.record_max_length) * 1000,
      silenceMs: Number(body.record_timeout_secs) * 1000,
      shouldBeep: false,
      isTranscribed: false,
      initiatedBy,
    })
  if (body.transcription === true && !media.transcription.isActive)
    media.transcription.start(transcriptionOf(asBody(body.transcription_config)))
  const url = text(body.stream_url)
  if (url !== undefined) media.streams.start(url, text(body.stream_track) ?? 'inbound_track')
}

const asBody = (value: unknown): Body => (typeof value === 'object' && value !== null ? { ...value } : {})

const transcriptionOf = ({
  transcription_tracks: tracks,
  transcription_engine_config,
}: Body): TranscriptionOptions => ({
  tracks: tracks === 'outbound' || tracks === 'both' ? tracks : 'inbound',
  hasInterimResults: asBody(transcription_engine_config).interim_results === true,
})

const formatOf = (format: unknown) => (format === 'wav' ? 'wav' : 'mp3')

/** Telnyx records a single track in one channel. */
const channelsOf = (channels: unknown, track: unknown) =>
  channels === 'single' || track === 'inbound' || track === 'outbound' ? 'single' : 'dual'

function ofRecording({ recording_id }: Body, change: (id?: string) => boolean): void {
  if (!change(text(recording_id))) throw refusals.unknownRecording()
}
