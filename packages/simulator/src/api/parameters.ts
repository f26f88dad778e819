/** Explains the parameters of a command body that Telnyx does not have, or that have no effect in the simulator. */
import { type CommandName, schemas } from './schemas.ts'

const recording = ['record_custom_file_name', 'record_trim'] as const
const streaming = [
  'stream_bidirectional_codec',
  'stream_bidirectional_mode',
  'stream_bidirectional_target_legs',
  'stream_codec',
] as const
const media = ['preferred_codecs', 'sound_modifications'] as const
const sip = [
  'custom_headers',
  'diversion',
  'from_display_name',
  'media_encryption',
  'privacy',
  'route_to_mobile',
  'sip_auth_password',
  'sip_auth_username',
  'sip_headers',
  'sip_region',
  'sip_transport_protocol',
] as const

/** Parameters that Telnyx has and that do nothing in the simulator. A schema may still check their type. */
export const withoutEffect = {
  dial: [
    ...recording,
    ...streaming,
    ...media,
    ...sip,
    'answering_machine_detection_config',
    'audio_url',
    'billing_group_id',
    'conference_config',
    'conversation_relay_config',
    'deepfake_detection',
    'dialogflow_config',
    'enable_dialogflow',
    'media_name',
    'prevent_double_bridge',
    'retry_on_timeout',
    'send_silence_when_idle',
    'stream_auth_token',
    'stream_bidirectional_sampling_rate',
    'stream_establish_before_call_originate',
    'supervise_call_control_id',
    'supervisor_role',
  ],
  answer: [
    ...recording,
    ...streaming,
    ...media,
    'billing_group_id',
    'conversation_relay_config',
    'custom_headers',
    'deepfake_detection',
    'send_silence_when_idle',
    'sip_headers',
  ],
  transfer: [...recording, ...media, ...sip, 'answering_machine_detection_config', 'early_media', 'mute_dtmf'],
  bridge: [
    ...recording,
    'hold_after_unbridge',
    'mute_dtmf',
    'play_ringtone',
    'prevent_double_bridge',
    'ringtone',
    'video_room_context',
    'video_room_id',
  ],
  hangup: ['custom_headers'],
  record_start: ['custom_file_name', 'trim'],
} as const satisfies Partial<Record<CommandName, readonly string[]>>

const withoutEffectOf = (command: CommandName): readonly string[] =>
  (withoutEffect as Partial<Record<CommandName, readonly string[]>>)[command] ?? []

/** The fields of a body that Telnyx does not have. */
export function unknownParameters(command: CommandName, body: object): string[] {
  const known = new Set(knownParameters(command))
  return Object.keys(body).filter((name) => !known.has(name))
}

const knownParameters = (command: CommandName) => [
  ...Object.keys(schemas[command].properties),
  ...withoutEffectOf(command),
]

const MAX_LISTED = 5
const MAX_NAME_LENGTH = 60

/** Describes in one line the parameters of a body that are ignored, and why. Returns null if there are none. */
export function describeIgnoredParameters(command: CommandName, body: Record<string, unknown>): string | null {
  const unknown = unknownParameters(command, body).map((name) => `${quote(name)}${hintFor(command, name)}`)
  // `false` and `null` ask for no effect.
  const idle = withoutEffectOf(command).filter((name) => isAsked(body[name]))
  const sentences = [
    sentence(unknown, 'is not a parameter of this command; ignored', 'are not parameters of this command; ignored'),
    sentence(idle.map(quote), 'has no effect in the simulator', 'have no effect in the simulator'),
  ].filter((text) => text !== null)
  return sentences.length === 0 ? null : `${command}: ${sentences.join('. ')}`
}

const isAsked = (value: unknown) => value !== undefined && value !== null && value !== false

function sentence(names: readonly string[], one: string, several: string): string | null {
  if (names.length === 0) return null
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : ''
  return `${names.slice(0, MAX_LISTED).join(', ')}${more} ${names.length === 1 ? one : several}`
}

/** Quotes a name that a client chose. The log prints it to a terminal, so replaces control characters. */
const quote = (name: string) => `\`${name.slice(0, MAX_NAME_LENGTH).replace(/[^ -~]/g, '?')}\``

/** Returns the documented name that was probably meant, in parentheses with a leading space, or an empty string. */
export function hintFor(command: CommandName, name: string): string {
  // Telnyx's gather has no speech, unlike gathers of other providers.
  if (name === 'input_type') return ' (a gather collects keys; for speech use `gather_using_ai`)'
  const near = nearestParameter(command, name)
  return near === null ? '' : ` (did you mean \`${near}\`?)`
}

/** Words of other providers and earlier versions, and Telnyx's words for them. */
const synonyms: Record<string, string> = {
  max: 'maximum',
  min: 'minimum',
  ms: 'millis',
  milliseconds: 'millis',
  seconds: 'secs',
  text: 'payload',
  num: 'maximum',
  attempts: 'tries',
  retries: 'tries',
}

function nearestParameter(command: CommandName, name: string): string | null {
  const wordsOf = (text: string) =>
    text
      .slice(0, MAX_NAME_LENGTH)
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .split(/[^a-z]+/)
      .map((word) => synonyms[word] ?? word)
      .join('_')
  const meant = wordsOf(name)
  const known = knownParameters(command)
  return (
    known.find((candidate) => candidate === meant) ??
    known.find((candidate) => meant.startsWith(`${candidate}_`)) ??
    known.find((candidate) => meant.length > 4 && editDistance(candidate, meant) <= 2) ??
    null
  )
}

/** The Levenshtein distance of two short texts. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
