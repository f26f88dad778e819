/** JSON Schemas of the request bodies under `/v2/conferences`. */
import { body, flag, integer, list, nonEmptyText, oneOf, text, url } from './fields.ts'
import { speechParameters } from './schemas.ts'

const region = oneOf('Australia', 'Europe', 'Middle East', 'US')
const beep_enabled = oneOf('always', 'never', 'on_enter', 'on_exit')
const hold = { hold_audio_url: url, hold_media_name: nonEmptyText }

export const conferenceSchemas = {
  create: body(['call_control_id', 'name'], {
    call_control_id: text,
    name: nonEmptyText,
    beep_enabled: { ...beep_enabled, default: 'never' },
    comfort_noise: flag,
    duration_minutes: integer(1, 1440, 1440),
    ...hold,
    max_participants: integer(2, 800, 250),
    region,
    start_conference_on_create: { ...flag, default: true },
  }),
  join: body(['call_control_id'], {
    call_control_id: text,
    beep_enabled,
    end_conference_on_exit: flag,
    soft_end_conference_on_exit: flag,
    start_conference_on_enter: flag,
    hold: flag,
    mute: flag,
    ...hold,
    region,
    supervisor_role: oneOf('barge', 'monitor', 'none', 'whisper'),
    whisper_call_control_ids: list(text),
  }),
  leave: body(['call_control_id'], { call_control_id: text, beep_enabled, region }),
  speak: body(['payload', 'voice'], { ...speechParameters, call_control_ids: list(text), region }),
}
