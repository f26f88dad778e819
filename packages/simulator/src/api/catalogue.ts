/**
 * Every endpoint of Telnyx's API that the simulator knows, and how deeply it simulates each. Tests compare this table with
 * the registered endpoints, with the official SDK and with RULES.md.
 */
import { createRouter } from './http.ts'

interface CatalogueEntry {
  /** `METHOD /path` without `/v2`, where `:id` matches one path segment. */
  endpoints: readonly string[]
  /** `full`: all that a program can observe. `partial`: the note says what is missing. `none`: answered with 404. */
  depth: 'full' | 'partial' | 'none'
  /** One sentence: what is missing, or why the simulator lacks the endpoints. */
  note: string
}

const ACTIONS = '/calls/:id/actions/'
const actions = (...names: string[]) => names.map((name) => `POST ${ACTIONS}${name}`)
const conferenceActions = (...names: string[]) => names.map((name) => `POST /conferences/:id/actions/${name}`)
/** The list, create, read, update and delete endpoints of a collection. */
const resource = (path: string, update = 'PATCH') => [
  `GET ${path}`,
  `POST ${path}`,
  `GET ${path}/:id`,
  `${update} ${path}/:id`,
  `DELETE ${path}/:id`,
]

export const catalogue: readonly CatalogueEntry[] = [
  {
    endpoints: [
      ...actions('gather', 'gather_using_audio', 'gather_using_speak', 'gather_stop'),
      ...actions('reject', 'hangup', 'speak', 'playback_start', 'playback_stop', 'send_dtmf'),
      `PUT ${ACTIONS}client_state_update`,
    ],
    depth: 'full',
    note: 'Audio is only timed: never downloaded or synthesised.',
  },
  {
    endpoints: actions(
      'gather_using_ai',
      'ai_assistant_start',
      'ai_assistant_stop',
      'ai_assistant_add_messages',
      'ai_assistant_join',
    ),
    depth: 'partial',
    note: 'A questioner without language understanding replaces the model, or a model that you configure; some tools are not executed.',
  },
  {
    endpoints: ['POST /calls', ...actions('answer', 'transfer', 'bridge')],
    depth: 'partial',
    note: 'Parameters for codecs, SIP, conferences and the content of a stream are accepted without an effect.',
  },
  { endpoints: ['GET /calls/:id'], depth: 'full', note: 'An ended call is known for ten minutes.' },
  {
    endpoints: ['GET /call_events', 'GET /webhook_deliveries', 'GET /webhook_deliveries/:id'],
    depth: 'full',
    note: 'The lists cover the last 5000 events and deliveries.',
  },
  { endpoints: ['GET /public_key'], depth: 'full', note: 'The key of the webhook signatures.' },
  {
    endpoints: actions('record_start', 'record_stop', 'record_pause', 'record_resume'),
    depth: 'partial',
    note: 'A recording has its true length; its file is a short tone.',
  },
  {
    endpoints: ['GET /recordings', 'GET /recordings/:id', 'DELETE /recordings/:id'],
    depth: 'full',
    note: 'The last 5000 recordings of calls.',
  },
  {
    endpoints: [
      'POST /recordings/actions/delete',
      'GET /recording_transcriptions',
      'GET /recording_transcriptions/:id',
      'DELETE /recording_transcriptions/:id',
    ],
    depth: 'none',
    note: 'The transcription of a recording is sent by webhook only.',
  },
  {
    endpoints: actions('transcription_start', 'transcription_stop'),
    depth: 'full',
    note: 'The transcript is what the caller says and the platform speaks, word for word.',
  },
  {
    endpoints: actions('streaming_start', 'streaming_stop'),
    depth: 'partial',
    note: 'The webhooks are sent; no WebSocket is opened.',
  },
  {
    endpoints: actions('fork_start', 'fork_stop', 'suppression_start', 'suppression_stop'),
    depth: 'none',
    note: 'They act on media, which the simulator lacks.',
  },
  {
    endpoints: actions('refer', 'send_sip_info', 'siprec_start', 'siprec_stop'),
    depth: 'none',
    note: 'They act on SIP, which the simulator lacks.',
  },
  {
    endpoints: [
      ...actions('enqueue', 'leave_queue'),
      'GET /queues',
      'POST /queues',
      'GET /queues/:id',
      'GET /queues/:id/calls',
    ],
    depth: 'full',
    note: 'A queue is found by its name or id.',
  },
  {
    endpoints: [
      'POST /queues/:id',
      'DELETE /queues/:id',
      'GET /queues/:id/calls/:id',
      'PATCH /queues/:id/calls/:id',
      'DELETE /queues/:id/calls/:id',
    ],
    depth: 'none',
    note: 'Calls leave a queue by commands and hangups only.',
  },
  {
    endpoints: [
      'GET /conferences',
      'POST /conferences',
      'GET /conferences/:id',
      'GET /conferences/:id/participants',
      ...conferenceActions('join', 'leave', 'speak'),
    ],
    depth: 'partial',
    note: 'Participants hear speech and beeps, and neither each other nor hold music; supervisors are ordinary participants.',
  },
  {
    endpoints: [
      'GET /conferences/:id/participants/:id',
      'PATCH /conferences/:id/participants/:id',
      ...conferenceActions('hold', 'unhold', 'mute', 'unmute', 'play', 'stop', 'update', 'end'),
      ...conferenceActions('record_start', 'record_stop', 'record_pause', 'record_resume'),
      ...conferenceActions('gather_using_audio', 'send_dtmf'),
    ],
    depth: 'none',
    note: 'Few programs use them.',
  },
  { endpoints: actions('switch_supervisor_role'), depth: 'none', note: 'The simulator has no supervised calls.' },
  {
    endpoints: actions('conversation_relay_start', 'conversation_relay_stop'),
    depth: 'none',
    note: 'They stream a conversation to a WebSocket of your program.',
  },
  { endpoints: actions('pay'), depth: 'none', note: 'It takes a card payment through a payment provider.' },
  {
    endpoints: ['POST /messages', 'GET /messages/:id'],
    depth: 'partial',
    note: 'Numbers need no messaging profile, media are not downloaded, and nothing is charged or filtered.',
  },
  {
    endpoints: [
      ...'alphanumeric_sender_id group_mms long_code number_pool rcs schedule short_code whatsapp'
        .split(' ')
        .map((name) => `POST /messages/${name}`),
      'DELETE /messages/:id',
    ],
    depth: 'none',
    note: 'Use `POST /messages`.',
  },
  {
    endpoints: [
      'POST /ai/chat/completions',
      'POST /ai/openai/chat/completions',
      'GET /ai/models',
      'GET /ai/openai/models',
    ],
    depth: 'partial',
    note: 'Forwarded to the model of `--model-url`. Without a model, the reply says that it is simulated. A stream arrives at once.',
  },
  {
    endpoints: [...resource('/ai/assistants', 'POST'), 'POST /ai/assistants/:id/clone', 'POST /ai/assistants/:id/chat'],
    depth: 'partial',
    note: 'A call command with the id uses the instructions, greeting, model, tools, variables and voice. Other fields are only stored. The call commands accept unknown ids too.',
  },
  {
    endpoints: [
      'POST /ai/assistants/:id/chat/sms',
      'GET /ai/assistants/:id/texml',
      'GET /ai/assistants/:id/versions',
      'GET /ai/conversations',
      'GET /ai/conversations/:id',
      'POST /ai/conversations',
      'POST /ai/embeddings',
      'POST /ai/summarize',
      'POST /ai/audio/transcriptions',
    ],
    depth: 'none',
    note: 'They manage or run models, which the simulator lacks.',
  },
  {
    endpoints: [
      'GET /phone_numbers',
      'GET /phone_numbers/:id',
      'PATCH /phone_numbers/:id',
      'GET /available_phone_numbers',
      'GET /number_orders',
      'POST /number_orders',
      'GET /number_orders/:id',
      'GET /number_lookup/:id',
      'GET /balance',
    ],
    depth: 'partial',
    note: 'The account owns every number. Orders succeed at once, without a webhook. The seed determines the available US numbers and the carriers.',
  },
  {
    endpoints: [
      'POST /verifications/sms',
      'GET /verifications/:id',
      'POST /verifications/:id/actions/verify',
      'GET /verifications/by_phone_number/:id',
      'POST /verifications/by_phone_number/:id/actions/verify',
    ],
    depth: 'partial',
    note: 'The phone page shows the code. Verify profiles and webhooks are not simulated.',
  },
  {
    endpoints: resource('/call_control_applications'),
    depth: 'none',
    note: 'Programs are configured with the id of an application, and do not manage it.',
  },
  {
    endpoints: ['GET /connections', 'GET /connections/:id', 'GET /connections/:id/active_calls'],
    depth: 'none',
    note: 'The simulator accepts every connection id.',
  },
  {
    endpoints: [
      'GET /messaging_profiles',
      'POST /messaging_profiles',
      'GET /outbound_voice_profiles',
      'POST /outbound_voice_profiles',
      'GET /credential_connections',
      'POST /credential_connections',
      'GET /fqdn_connections',
      'POST /fqdn_connections',
      'GET /telephony_credentials',
      'POST /telephony_credentials',
      'POST /telephony_credentials/:id/token',
      'GET /integration_secrets',
      'POST /integration_secrets',
      'GET /detail_records',
    ],
    depth: 'none',
    note: 'They configure and bill the connections of an account.',
  },
  {
    endpoints: ['GET /media', 'POST /media', 'GET /media/:id', 'PUT /media/:id', 'DELETE /media/:id'],
    depth: 'none',
    note: 'Any `media_name` is accepted, and never read.',
  },
  {
    endpoints: ['POST /text-to-speech/speech', 'GET /text-to-speech/voices'],
    depth: 'none',
    note: 'The simulator synthesises no speech.',
  },
  {
    endpoints: [
      'GET /texml_applications',
      'POST /texml_applications',
      'POST /texml/calls/:id',
      'POST /texml/ai_calls/:id',
      'GET /texml/Accounts/:id/Calls',
      'POST /texml/Accounts/:id/Calls',
    ],
    depth: 'none',
    note: 'TeXML is another API for voice programs.',
  },
  { endpoints: ['GET /faxes', 'POST /faxes'], depth: 'none', note: 'The simulator has no fax.' },
  {
    endpoints: ['POST /verifications/call', 'POST /verifications/flashcall', 'POST /verifications/whatsapp'],
    depth: 'none',
    note: 'Use `POST /verifications/sms`.',
  },
]

const unsimulated = createRouter(
  Object.fromEntries(
    catalogue
      .filter(({ depth }) => depth === 'none')
      .flatMap(({ endpoints }) => endpoints.map((endpoint) => [endpoint.replace(' ', ' /v2'), endpoint])),
  ),
)

/** The first path segments of all endpoints but `calls`, whose endpoints are all in the catalogue. */
const collections = new Set(catalogue.flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.split('/')[1])))
collections.delete('calls')

/** Names the endpoint or collection of a request that the simulator lacks. Returns `null` if Telnyx probably lacks it too. */
export function findUnsimulated(request: { method: string; path: string }): string | null {
  const listed = unsimulated(request)?.endpoint
  if (listed !== undefined) return listed.split(ACTIONS)[1] ?? listed
  const collection = request.path.split('/')[2]
  return collections.has(collection) ? `${request.method} /${collection}/…` : null
}
