/** Command outcomes: converts Telnyx's answer to a log event, and that event to the answer for the command's sender. */
import {
  type CallEvent,
  type CommandName,
  type CommandOutcome,
  errorTable,
  GatherError,
  gatherError,
} from '@callgather/protocol'
import { type CommandAnswer, endingCommands } from '../telnyx/commands.ts'
import { formatTime } from '../telnyx/normalise.ts'

/** The event that records the outcome of a command. */
export type CommandOutcomeEvent =
  | { event_type: 'command.accepted'; payload: { conversation_id?: string } }
  | { event_type: 'command.refused'; payload: { status: number; code: string; title: string; detail?: string } }
  | { event_type: 'command.unknown'; payload: { reason: string } }

/** Creates an event of a command. A command has at most one event per kind. `now` is our clock, in milliseconds. */
export function commandEvent(
  commandId: string,
  { event_type, payload }: { readonly event_type: string; readonly payload: object },
  now: number,
): CallEvent {
  const kind = event_type.slice('command.'.length)
  const envelope = { id: `${commandId}:${kind}`, event_type, occurred_at: formatTime(now), command_id: commandId }
  return { ...envelope, payload } as CallEvent
}

/** Returns the outcome event for Telnyx's answer to a command. */
export function outcomeOf(command: CommandName, answer: CommandAnswer): CommandOutcomeEvent {
  switch (answer.status) {
    case 'accepted': {
      const { conversation_id } = answer.data
      const payload = typeof conversation_id === 'string' ? { conversation_id } : {}
      return { event_type: 'command.accepted', payload }
    }
    case 'refused': {
      const [{ code, title, detail }] = answer.errors
      // A stop has succeeded if the call has ended.
      if (code === errorTable.callEnded.code && endingCommands.has(command))
        return { event_type: 'command.accepted', payload: {} }
      const payload = { status: answer.httpStatus, code, title, ...(detail === undefined ? {} : { detail }) }
      return { event_type: 'command.refused', payload }
    }
    case 'unknown':
      return { event_type: 'command.unknown', payload: { reason: answer.reason } }
  }
}

/** Removes the detail of a refusal, because Telnyx may quote the request in it. */
export function withoutDetail(outcome: CommandOutcomeEvent): CommandOutcomeEvent {
  if (outcome.event_type !== 'command.refused') return outcome
  const { detail: _, ...payload } = outcome.payload
  return { ...outcome, payload }
}

/** Returns the event for an outcome in the call state; `command.unknown` if the command has no outcome. */
export function eventOf(outcome: CommandOutcome | null): CommandOutcomeEvent {
  switch (outcome?.status) {
    case 'accepted': {
      const { conversationId } = outcome
      const payload = conversationId === undefined ? {} : { conversation_id: conversationId }
      return { event_type: 'command.accepted', payload }
    }
    case 'refused': {
      const { httpStatus: status, code, title, detail } = outcome
      return { event_type: 'command.refused', payload: { status, code, title, ...(detail ? { detail } : {}) } }
    }
    default:
      return { event_type: 'command.unknown', payload: { reason: outcome?.reason ?? 'timeout' } }
  }
}

/** Returns the answer to the command's sender, in Telnyx's format. Throws it if it is an error. */
export function resultOf(outcome: CommandOutcomeEvent): { result: string; conversation_id?: string } {
  switch (outcome.event_type) {
    case 'command.accepted':
      return { result: 'ok', ...outcome.payload }
    case 'command.refused':
      throw refusal(outcome.payload)
    case 'command.unknown':
      throw gatherError(
        'outcomeUnknown',
        'Telnyx did not confirm whether the command ran. Check the events of the call before you send it again.',
      )
  }
}

function refusal({ status, code, title, detail }: { status: number; code: string; title: string; detail?: string }) {
  // Telnyx rejected the server's API key, not the sender's credentials.
  if (status === 401 || status === 403) {
    const ours = 'Telnyx refused the server’s own API key. The server’s operator must check `TELNYX_API_KEY`.'
    return new GatherError(502, [{ code, title, detail: ours }])
  }
  return new GatherError(status, [{ code, title, ...(detail === undefined ? {} : { detail }) }])
}
