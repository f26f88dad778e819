/** Commands that play sounds: `speak`, `playback_start`, `playback_stop`, `send_dtmf`. */
import type { Media } from '../machine/machine.ts'
import { type Body, type Command, text } from './command.ts'
import { choiceDetail } from './details.ts'
import { refuse } from './errors.ts'
import { languages, providers } from './schemas.ts'

export const soundCommands = {
  speak: {
    needs: 'answered',
    run(call, body) {
      checkSpeech(body)
      const loop = loopOf(body)
      call.playSound(
        { kind: 'speech', text: String(body.payload), media: null, purpose: 'speak', loop, overlay: false },
        stopOf(body),
      )
    },
  },
  playback_start: {
    needs: 'answered',
    run(call, body) {
      const media = mediaOf(body, 'audio_url', 'media_name') ?? (text(body.playback_content) === undefined ? null : {})
      if (!media)
        throw refuse(422, '10004', 'One of audio_url, media_name and playback_content is required.', '/audio_url')
      call.playSound(playback(media, loopOf(body), body.overlay === true), stopOf(body))
    },
  },
  playback_stop: {
    needs: 'answered',
    run: (call, body) => call.stopSound(stopOf(body) ?? 'all'),
  },
  send_dtmf: {
    needs: 'answered',
    run: (call, body) => call.sendDtmf(String(body.digits)),
  },
} satisfies Record<string, Command>

/** Creates a sound that plays a file. */
export const playback = (media: Media, loop: number, overlay: boolean) => ({
  kind: 'media' as const,
  text: media.audio_url ?? media.media_name ?? 'inline audio',
  media,
  purpose: 'playback',
  loop,
  overlay,
})

const loopOf = ({ loop }: Body): number => (loop === 'infinity' ? Number.POSITIVE_INFINITY : Number(loop))
const stopOf = ({ stop }: Body): 'current' | 'all' | undefined =>
  stop === 'current' || stop === 'all' ? stop : undefined

/** A valid `voice`: a name that starts with its provider. Only `speak` also accepts `male` and `female`. */
const VOICE = new RegExp(`^(male|female|(Polly|${providers.join('|')})(\\..+)?)$`, 'i')

export function checkSpeech(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice)) throw unknownVoice()
  const language = text(body.language)
  const isOfSoniox = /^soniox\b/i.test(voice) && /^[a-z]{2}$/.test(language ?? '')
  if (language !== undefined && !languages.includes(language) && !isOfSoniox)
    throw refuse(422, '90013', choiceDetail('language', languages), '/language')
  if (body.service_level === 'basic') {
    if (body.payload_type === 'ssml')
      throw refuse(422, '90011', 'payload_type must be text with service_level basic.', '/payload_type')
    if (language !== undefined && language !== 'en-US')
      throw refuse(422, '90013', 'language must be en-US with service_level basic.', '/language')
  }
}

export function checkVoice(body: Body): void {
  const voice = String(body.voice)
  if (!VOICE.test(voice) || /^(fe)?male$/i.test(voice)) throw unknownVoice()
}

const unknownVoice = () =>
  refuse(
    422,
    '90012',
    'voice is not a known voice. Use <Provider>.<Model>.<VoiceId>, such as AWS.Polly.Joanna-Neural or Telnyx.KokoroTTS.af.',
    '/voice',
  )

/** The file from a URL field or a media name field. Throws a `Refusal` if both are set. */
export function mediaOf(body: Body, urlField: string, nameField: string): Media | null {
  const audio_url = text(body[urlField])
  const media_name = text(body[nameField])
  if (audio_url !== undefined && media_name !== undefined)
    throw refuse(422, '10015', `${urlField} and ${nameField} cannot be used together.`, `/${nameField}`)
  if (audio_url !== undefined) return { audio_url }
  return media_name === undefined ? null : { media_name }
}
