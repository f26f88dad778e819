/**
 * What was said, taken out of what happened. Words that a caller spoke, or that were spoken to them, are personal data
 * which nobody needs once the call has been dealt with; that it was called, asked and answered stays.
 */
import { type CallEvent, type CallRecord, type HistorySplice, isKnownEvent } from '@callgather/protocol'
import { maskMessages } from '../ingest/mask-content.ts'
import { HIDDEN_TEXT } from '../telnyx/history.ts'

/** The records of a log that hold what was said, with that taken out; those that hold nothing of it are left away. */
export function withoutSpeech(records: readonly CallRecord[]): CallRecord[] {
  return records.flatMap(({ seq, event }) => {
    const silent = eraseSpeech(event)
    return JSON.stringify(silent) === JSON.stringify(event) ? [] : [{ seq, event: silent }]
  })
}

/** Whether a call is over, as its log says. */
export const hasEnded = (records: readonly CallRecord[]): boolean =>
  records.some(({ event }) => event.event_type === 'call.hangup' || event.event_type === 'call.closed')

function eraseSpeech(event: CallEvent): CallEvent {
  // Default-deny: nobody knows what an event of an unknown type holds.
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
      // What was asked for and given is the outcome of the call, as digits are; the words it was given in are not.
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
