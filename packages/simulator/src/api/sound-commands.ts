/** Commands that are heard: `speak`, the playbacks, `send_dtmf`; and how voices and files are named. */
import type { Media } from '../machine/machine.ts'
import { type Body, type Command, text } from './command.ts'
import { refuse } from './errors.ts'

export const soundCommands = {
  speak: {
    needs: 'answered',
    run(call, body) {
      checkSpeech(body)
      call.hear(
        {
          kind: 'speech',
          text: String(body.payload),
          media: null,
          purpose: 'speak',
          loop: loopOf(body.loop),
          overlay: false,
        },
        stopOf(body),
      )
      return undefined
    },
  },
  playback_start: {
    needs: 'answered',
    run(call, body) {
      const content = text(body.playback_content)
      const media = mediaOf(body, 'audio_url', 'media_name') ?? (content === undefined ? null : {})
      if (!media)
        throw refuse(422, '10004', 'One of audio_url, media_name and playback_content is required.', '/audio_url')
      const name = media.audio_url ?? media.media_name ?? 'inline audio'
      call.hear(
        {
          kind: 'media',
          text: name,
          media,
          purpose: 'playback',
          loop: loopOf(body.loop),
          overlay: body.overlay === true,
        },
        stopOf(body),
      )
      return undefined
    },
  },
  playback_stop: {
    needs: 'answered',
    run(call, body) {
      call.stopSound(body.stop === 'current' ? 'current' : 'all')
      return undefined
    },
  },
  send_dtmf: {
    needs: 'answered',
    run(call, body) {
      call.sendDtmf(String(body.digits))
      return undefined
    },
  },
} satisfies Record<string, Command>

const loopOf = (value: unknown): number => (value === 'infinity' ? Number.POSITIVE_INFINITY : Number(value))
const stopOf = ({ stop }: Body): 'current' | 'all' | undefined =>
  stop === 'current' || stop === 'all' ? stop : undefined

/** The aliases `male` and `female` are `speak`'s; everything else names its provider first. */
const VOICE =
  /^(male|female|(AWS|Polly|Azure|ElevenLabs|Telnyx|Minimax|Rime|Resemble|Inworld|FishAudio|xAI|Soniox|Humain)(\..+)?)$/i

export function checkSpeech(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice)) throw refuse(422, '90012', voiceHelp(voice), '/voice')
  if (body.service_level === 'basic') {
    if (body.payload_type === 'ssml')
      throw refuse(422, '90011', 'payload_type must be text with service_level basic.', '/payload_type')
    if (body.language !== undefined && body.language !== 'en-US')
      throw refuse(422, '90013', 'language must be en-US with service_level basic.', '/language')
  }
}

export function checkVoice(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice) || /^(fe)?male$/i.test(voice)) throw refuse(422, '90012', voiceHelp(voice), '/voice')
}

const voiceHelp = (voice: string) =>
  `"${voice.slice(0, 80)}" is not a voice. Voices are <Provider>.<Model>.<VoiceId>, such as AWS.Polly.Joanna-Neural or Telnyx.KokoroTTS.af.`

/** The file that one of two fields names. */
export function mediaOf(body: Body, urlField: string, nameField: string): Media | null {
  const audio_url = text(body[urlField])
  const media_name = text(body[nameField])
  if (audio_url !== undefined && media_name !== undefined)
    throw refuse(422, '10015', `${urlField} and ${nameField} cannot be used together.`, `/${nameField}`)
  if (audio_url !== undefined) return { audio_url }
  return media_name === undefined ? null : { media_name }
}
