/** What became of a command: from Telnyx's answer to the event in the log, and from that to whoever gave the command. */
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

/** What became of a command, as the event that tells of it. */
export type CommandOutcomeEvent =
  | { event_type: 'command.accepted'; payload: { conversation_id?: string } }
  | { event_type: 'command.refused'; payload: { status: number; code: string; title: string; detail?: string } }
  | { event_type: 'command.unknown'; payload: { reason: string } }

/** An event of a command as it is appended; of each kind a command has one at most. `now` is our clock, in milliseconds. */
export function commandEvent(
  commandId: string,
  { event_type, payload }: { readonly event_type: string; readonly payload: object },
  now: number,
): CallEvent {
  const kind = event_type.slice('command.'.length)
  const envelope = { id: `${commandId}:${kind}`, event_type, occurred_at: formatTime(now), command_id: commandId }
  return { ...envelope, payload } as CallEvent
}

/** The event of what Telnyx answered. */
export function outcomeOf(command: CommandName, answer: CommandAnswer): CommandOutcomeEvent {
  switch (answer.status) {
    case 'accepted': {
      const { conversation_id } = answer.data
      const payload = typeof conversation_id === 'string' ? { conversation_id } : {}
      return { event_type: 'command.accepted', payload }
    }
    case 'refused': {
      const [{ code, title, detail }] = answer.errors
      // What was to be ended has ended, if the call has.
      if (code === errorTable.callEnded.code && endingCommands.has(command))
        return { event_type: 'command.accepted', payload: {} }
      const payload = { status: answer.httpStatus, code, title, ...(detail === undefined ? {} : { detail }) }
      return { event_type: 'command.refused', payload }
    }
    case 'unknown':
      return { event_type: 'command.unknown', payload: { reason: answer.reason } }
  }
}

/** Telnyx's details may quote what was sent. */
export function withoutDetail(outcome: CommandOutcomeEvent): CommandOutcomeEvent {
  if (outcome.event_type !== 'command.refused') return outcome
  const { detail: _, ...payload } = outcome.payload
  return { ...outcome, payload }
}

/** The event of an outcome as it was folded. */
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

/** The answer to whoever gave the command, in Telnyx's shape. */
export function resultOf(outcome: CommandOutcomeEvent): { result: string; conversation_id?: string } {
  switch (outcome.event_type) {
    case 'command.accepted':
      return { result: 'ok', ...outcome.payload }
    case 'command.refused':
      throw refusal(outcome.payload)
    case 'command.unknown':
      throw gatherError(
        'outcomeUnknown',
        'Telnyx gave no answer that tells whether the command ran. Watch the call for what follows before trying again.',
      )
  }
}

function refusal({ status, code, title, detail }: { status: number; code: string; title: string; detail?: string }) {
  // What Telnyx holds against our own key is no fault of whoever sent the command.
  if (status === 401 || status === 403) {
    const ours = 'Telnyx refused the server’s own API key. The server’s operator must check `TELNYX_API_KEY`.'
    return new GatherError(502, [{ code, title, detail: ours }])
  }
  return new GatherError(status, [{ code, title, ...(detail === undefined ? {} : { detail }) }])
}
