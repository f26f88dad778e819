/** The payload fields that the events of a call have in common. */
import type { Sound } from '../line/line.ts'
import type { CallIdentity } from './activity.ts'

/** Events whose payload has neither `from` nor `to`. */
const EVENTS_WITHOUT_NUMBERS: ReadonlySet<string> = new Set([
  'call.playback.started',
  'call.playback.ended',
  'call.speak.started',
  'call.speak.ended',
  'call.transcription',
  'call.recording.saved',
  'call.enqueued',
  'call.dequeued',
  'call.recording.transcription.saved',
  'streaming.started',
  'streaming.stopped',
  'streaming.failed',
  'call.conversation_insights.generated',
])

/** Returns the ids, the `client_state`, and the numbers if this event type has them. */
export function commonFields(
  { identity, clientState: client_state }: { identity: CallIdentity; clientState: string | null },
  event_type: string,
): Record<string, unknown> {
  const { from, to, ...ids } = identity
  const hasNumbers = !EVENTS_WITHOUT_NUMBERS.has(event_type) && !event_type.startsWith('conference.')
  return { ...ids, client_state, ...(hasNumbers ? { from, to } : {}) }
}

/** Returns the fields of `call.playback.*` that identify the file. Speech has none. */
export function mediaFields({ kind, media, overlay }: Sound): Record<string, unknown> {
  if (kind === 'speech') return {}
  const { audio_url, media_name } = media ?? {}
  return {
    ...(audio_url === undefined ? {} : { media_url: audio_url }),
    ...(media_name === undefined ? {} : { media_name }),
    overlay,
  }
}
