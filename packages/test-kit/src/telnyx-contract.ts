/**
 * Validates the webhooks of a test against Telnyx's OpenAPI 3.1 document, whose path is in `CALLGATHER_TELNYX_CONTRACT`.
 * Without that variable it warns once.
 */
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const path = process.env.CALLGATHER_TELNYX_CONTRACT

/** The contract's schema names by event type. */
const schemaNames: Record<string, string> = {
  'call.gather.ended': 'CallGatherEndedEvent',
  'call.ai_gather.ended': 'CallAIGatherEndedEvent',
  'call.ai_gather.message_history_updated': 'CallAIGatherMessageHistoryUpdatedEvent',
  'call.ai_gather.partial_results': 'CallAIGatherPartialResultsEvent',
  'call.conversation.ended': 'callConversationEndedEvent',
  'call.conversation_insights.generated': 'callConversationInsightsGeneratedEvent',
  'call.playback.started': 'CallPlaybackStartedEvent',
  'call.playback.ended': 'CallPlaybackEndedEvent',
  'call.dtmf.received': 'CallDtmfReceivedEvent',
  'call.initiated': 'CallInitiatedEvent',
  'call.answered': 'CallAnsweredEvent',
  'call.hangup': 'CallHangupEvent',
  'call.speak.started': 'CallSpeakStartedEvent',
  'call.speak.ended': 'CallSpeakEndedEvent',
  'call.transcription': 'TranscriptionEvent',
  'call.machine.detection.ended': 'CallMachineDetectionEndedEvent',
  'call.machine.premium.detection.ended': 'CallMachinePremiumDetectionEndedEvent',
  'call.machine.greeting.ended': 'CallMachineGreetingEndedEvent',
  'call.machine.premium.greeting.ended': 'CallMachinePremiumGreetingEndedEvent',
  'call.recording.saved': 'CallRecordingSavedEvent',
  'call.recording.transcription.saved': 'callRecordingTranscriptionSavedEvent',
  'streaming.started': 'CallStreamingStartedEvent',
  'streaming.stopped': 'CallStreamingStoppedEvent',
  'streaming.failed': 'CallStreamingFailedEvent',
  'call.enqueued': 'CallEnqueuedEvent',
  'call.dequeued': 'CallLeftQueueEvent',
  'conference.created': 'ConferenceCreatedEvent',
  'conference.ended': 'ConferenceEndedEvent',
  'conference.participant.joined': 'ConferenceParticipantJoinedEvent',
  'conference.participant.left': 'ConferenceParticipantLeftEvent',
  'conference.speak.started': 'ConferenceSpeakStartedEvent',
  'conference.speak.ended': 'ConferenceSpeakEndedEvent',
}

/** Event types without a schema in the contract. */
const unpublished: ReadonlySet<string> = new Set(['call.conversation.created', 'call.bridged'])

let validators: Map<string, ValidateFunction> | null = null

function load(): Map<string, ValidateFunction> {
  if (validators) return validators
  validators = new Map()
  if (path === undefined) {
    console.warn('CALLGATHER_TELNYX_CONTRACT is not set, so webhooks are not validated against the official contract.')
    return validators
  }
  const contract: unknown = JSON.parse(readFileSync(path, 'utf8'))
  allowNullClientState(contract)
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'telnyx', ...(contract as object) })
  for (const [type, name] of Object.entries(schemaNames))
    validators.set(type, ajv.compile({ $ref: `telnyx#/components/schemas/${name}` }))
  return validators
}

/** Telnyx sends `client_state: null`, but its schemas allow only a string. */
function allowNullClientState(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key === 'client_state' && typeof value === 'object' && value !== null && 'type' in value)
      value.type = ['string', 'null']
    else allowNullClientState(value)
  }
}

/** Keys that every payload must have. The schemas require almost none, so validation alone would prove little. */
const COMMON = ['call_control_id', 'connection_id', 'call_leg_id', 'call_session_id', 'client_state']

/** Throws when an event does not match the contract. */
export function expectContract(
  event: { readonly event_type: string; readonly payload: object },
  meta: unknown = { attempt: 1, delivered_to: 'http://localhost' },
): void {
  const validate = load().get(event.event_type)
  for (const key of event.event_type === 'call.conversation_insights.generated' ? [] : COMMON)
    if (!(key in event.payload)) throw new Error(`${event.event_type} has no ${key}.`)
  if (path === undefined || unpublished.has(event.event_type)) return
  if (!validate) throw new Error(`No schema is listed for ${event.event_type}. Add it to \`schemaNames\`.`)
  if (!validate({ data: event, meta }))
    throw new Error(
      `${event.event_type} does not match the contract: ${JSON.stringify(validate.errors)}\n${JSON.stringify(event, null, 2)}`,
    )
}
