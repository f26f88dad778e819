/**
 * Removes speech from call logs. Spoken words are personal data and are not needed after the call. The events themselves,
 * their times and the results of gathers stay.
 */
import { type CallEvent, type CallRecord, type HistorySplice, isKnownEvent } from '@callgather/protocol'
import { maskMessages } from '../ingest/mask-content.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'

/** Returns the records that contain speech, with the speech removed. Leaves out records without speech. */
export function withoutSpeech(records: readonly CallRecord[]): CallRecord[] {
  return records.flatMap(({ seq, event }) => {
    const silent = eraseSpeech(event)
    return JSON.stringify(silent) === JSON.stringify(event) ? [] : [{ seq, event: silent }]
  })
}

/** Whether the records of a call's log show that the call is over. */
export const hasEnded = (records: readonly CallRecord[]): boolean =>
  records.some(({ event }) => event.event_type === 'call.hangup' || event.event_type === 'call.closed')

function eraseSpeech(event: CallEvent): CallEvent {
  // Default-deny: an event of an unknown type may contain speech.
  if (!isKnownEvent(event)) return { ...event, payload: {} }
  switch (event.event_type) {
    case 'call.transcription': {
      const { transcription_data } = event.payload
      if (!transcription_data) return event
      return { ...event, payload: { transcription_data: { ...transcription_data, transcript: HIDDEN_TEXT } } }
    }
    case 'call.ai_gather.message_history_updated':
      return {
        ...event,
        payload: { message_history: event.payload.message_history && hidden(event.payload.message_history) },
      }
    case 'call.ai_gather.partial_results':
      return { ...event, payload: { partial_results: {}, ...maybeHidden(event.payload.message_history) } }
    case 'call.ai_gather.ended': {
      // The result of the gather stays, like digits. The words of the conversation do not.
      const { message_history, ...outcome } = event.payload
      return { ...event, payload: { ...outcome, ...maybeHidden(message_history) } }
    }
    case 'call.conversation_insights.generated':
      return { ...event, payload: { results: [] } }
    case 'command.requested':
      return { ...event, payload: { ...event.payload, body: maskMessages(event.payload.body) } }
    default:
      return event
  }
}

const hidden = (history: HistorySplice): HistorySplice => ({
  ...history,
  messages: history.messages.map((message) => ({ ...message, content: HIDDEN_TEXT })),
})

const maybeHidden = (history: HistorySplice | undefined) => (history ? { message_history: hidden(history) } : {})
