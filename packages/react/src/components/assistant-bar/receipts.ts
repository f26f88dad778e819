/** Computes the delivery status of the messages from agents to the assistant. */
import type { CallState, CommandState, MessageEntry } from '@callgather/protocol'
import { contentOf, type RowOutcome } from '../transcript/rows.ts'

/** A message to the assistant and its delivery status. */
export interface MessageReceipt {
  readonly id: string
  readonly text: string
  readonly answerNow: boolean
  readonly status: RowOutcome
}

/** The last messages to the assistant, newest last. `reduceCall` keeps their identity, so they compare by reference. */
export function selectWhispers(state: CallState, limit: number): readonly CommandState[] {
  const found: CommandState[] = []
  for (const command of state.commands)
    if (command.request?.command === 'ai_assistant_add_messages') found.push(command)
  return found.sort((one, other) => ((one.request?.stamp ?? '') < (other.request?.stamp ?? '') ? -1 : 1)).slice(-limit)
}

/** The receipts of messages to the assistant. `seen` means that the conversation contains the message. */
export function receiptsOf(whispers: readonly CommandState[], messages: readonly MessageEntry[]): MessageReceipt[] {
  return whispers.map(({ id, request, outcome }) => {
    const text = contentOf(request?.body.messages)
    const given = request?.at ?? ''
    const seen = text !== '' && messages.some((it) => it.role !== 'assistant' && it.content === text && it.at >= given)
    const status = seen ? 'seen' : (outcome?.status ?? 'sent')
    return { id, text, answerNow: request?.body.trigger_response === true, status }
  })
}
