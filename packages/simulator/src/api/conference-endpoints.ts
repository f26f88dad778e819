/** Conferences under `/v2/conferences`: create, list, join, leave, speak. */
import type { Call } from '../call/call.ts'
import type { Conference, JoinOptions, Participant } from '../call/conferences.ts'
import type { Exchange } from '../call/exchange.ts'
import { type Body, text } from './command.ts'
import { conferenceSchemas } from './conference-schemas.ts'
import type { Endpoint, Endpoints } from './endpoint.ts'
import { refusals, refuse } from './errors.ts'
import { equalsFilter, pageOf } from './listings.ts'
import { checkSpeech } from './sound-commands.ts'
import { createValidator } from './validate.ts'

const validators = {
  create: createValidator(conferenceSchemas.create),
  join: createValidator(conferenceSchemas.join),
  leave: createValidator(conferenceSchemas.leave),
  speak: createValidator(conferenceSchemas.speak),
}

export function conferenceEndpoints(exchange: Exchange): Endpoints {
  const { conferences, settings } = exchange
  const require = (id: string): Conference => {
    const conference = conferences.find(id)
    if (!conference) throw refuse(404, '90058', 'The conference does not exist.')
    return conference
  }
  /** Returns the call that a body names, which must be answered. */
  const requireCall = (id: unknown, pointer: string): Call => {
    const call = exchange.find(text(id) ?? '')
    if (!call) throw refusals.unknownCall(pointer)
    if (call.phase === 'ended') throw refusals.ended(pointer)
    if (call.phase !== 'answered') throw refusals.unanswered()
    return call
  }
  const participantOf = ({ participants }: Conference, id: unknown, pointer: string): Participant => {
    const participant = participants.find(({ call }) => call.id === id)
    if (!participant) throw refusals.unknownCall(pointer)
    return participant
  }
  /** Creates the endpoint of an action on a conference that has not ended. */
  const action =
    (name: 'join' | 'leave' | 'speak', run: (conference: Conference, body: Body) => void): Endpoint =>
    ({ id, body }) => {
      const conference = require(id)
      const values = validators[name](body, settings.api.undocumentedValues)
      if (conference.status === 'completed')
        throw refuse(422, '90019', "This conference is no longer active and can't receive commands.")
      run(conference, values)
      return { data: { result: 'ok' } }
    }

  return {
    'GET /v2/conferences': ({ query }) => {
      const isNamed = equalsFilter(query, 'filter[name]')
      const isStatus = equalsFilter(query, 'filter[status]')
      return pageOf(
        conferences
          .list()
          .filter(({ name, status }) => isNamed(name) && isStatus(status))
          .map(conferenceView),
        query,
      )
    },
    'POST /v2/conferences': ({ body }) => {
      const values = validators.create(body, settings.api.undocumentedValues)
      const creator = requireCall(values.call_control_id, '/call_control_id')
      setClientState(creator, values)
      const conference = conferences.create(creator, {
        name: String(values.name),
        durationMs: Number(values.duration_minutes) * 60_000,
        maxParticipants: Number(values.max_participants),
        isStarted: values.start_conference_on_create === true,
        beeps: values.beep_enabled as Conference['beeps'],
      })
      return { data: conferenceView(conference) }
    },
    'GET /v2/conferences/:id': ({ id }) => ({ data: conferenceView(require(id)) }),
    'GET /v2/conferences/:id/participants': ({ id, query }) => {
      const conference = require(id)
      return pageOf(
        conference.participants.map((participant) => participantView(conference, participant)),
        query,
      )
    },
    'POST /v2/conferences/:id/actions/join': action('join', (conference, body) => {
      const call = requireCall(body.call_control_id, '/call_control_id')
      if (conference.participants.some((participant) => participant.call === call))
        throw refuse(422, '90044', 'Participant must not join the same conference twice.')
      if (conference.participants.length >= conference.maxParticipants)
        throw refuse(
          422,
          '90032',
          `The maximum number of participants (${conference.maxParticipants}) has been reached.`,
        )
      setClientState(call, body)
      const onExit = body.soft_end_conference_on_exit === true ? 'end' : 'stay'
      conferences.join(conference, call, {
        isMuted: body.mute === true,
        isOnHold: body.hold === true,
        onExit: body.end_conference_on_exit === true ? 'hang-up' : onExit,
        shouldStart: body.start_conference_on_enter === true,
        beeps: body.beep_enabled as JoinOptions['beeps'],
      })
    }),
    'POST /v2/conferences/:id/actions/leave': action('leave', (conference, body) => {
      const participant = participantOf(conference, body.call_control_id, '/call_control_id')
      conferences.leave(conference, participant, (body.beep_enabled as Participant['beeps']) ?? participant.beeps)
    }),
    'POST /v2/conferences/:id/actions/speak': action('speak', (conference, body) => {
      checkSpeech(body)
      const ids = Array.isArray(body.call_control_ids) ? body.call_control_ids : []
      const only = ids.map((id, index) => participantOf(conference, id, `/call_control_ids/${index}`).call)
      conferences.speak(conference, String(body.payload), only)
    }),
  }
}

function setClientState(call: Call, { client_state }: Body): void {
  if (typeof client_state === 'string') call.clientState = client_state
}

const conferenceView = (conference: Conference) => ({
  record_type: 'conference',
  id: conference.id,
  name: conference.name,
  status: conference.status,
  connection_id: conference.creator.identity.connection_id,
  region: 'US',
  created_at: iso(conference.createdAt),
  updated_at: iso(conference.updatedAt),
  expires_at: iso(conference.expiresAt),
  ...(conference.endReason === null ? {} : { end_reason: conference.endReason }),
  ...(conference.status === 'completed' ? { ended_by: endedBy(conference) } : {}),
})

const endedBy = ({ endedBy: call }: Conference) => ({
  call_control_id: call?.id ?? null,
  call_session_id: call?.identity.call_session_id ?? null,
})

const participantView = ({ id, name, status }: Conference, participant: Participant) => ({
  record_type: 'participant',
  id: participant.id,
  call_control_id: participant.call.id,
  call_leg_id: participant.call.identity.call_leg_id,
  conference: { id, name },
  muted: participant.isMuted,
  // Participants of a conference that has not started are on hold.
  on_hold: participant.isOnHold || status === 'init',
  end_conference_on_exit: participant.onExit === 'hang-up',
  soft_end_conference_on_exit: participant.onExit === 'end',
  status: 'joined',
  whisper_call_control_ids: [],
  created_at: iso(participant.joinedAt),
  updated_at: iso(participant.joinedAt),
})

const iso = (ms: number) => new Date(ms).toISOString()
