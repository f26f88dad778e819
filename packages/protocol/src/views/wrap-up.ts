/** What an agent's wrap-up of a call shows. Derived from the call state, never stored. */
import type { CallState } from '../call-state/call-state.ts'

/** A message that an agent whispered to the assistant. */
export interface Whisper {
  /** The `command_id` of the message. */
  readonly id: string
  readonly text: string
  /** The subject of the agent's ticket; `null` if the message was not sent through CallGather. */
  readonly who: string | null
  /** ISO 8601, UTC. */
  readonly at: string
}

/** Returns the messages that were whispered to the assistant, oldest first, without refused messages. */
export function selectWhispers(state: CallState): Whisper[] {
  const whispers: Whisper[] = []
  for (const { id, request, outcome } of state.commands) {
    if (request?.command !== 'ai_assistant_add_messages' || outcome?.status === 'refused') continue
    const messages: readonly unknown[] = Array.isArray(request.body.messages) ? request.body.messages : []
    const text = messages.flatMap(contentOf).join('\n')
    if (text !== '') whispers.push({ id, text, who: request.subject ?? null, at: request.at })
  }
  return whispers.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function contentOf(message: unknown): string[] {
  const isText = typeof message === 'object' && message !== null && 'content' in message
  return isText && typeof message.content === 'string' ? [message.content] : []
}

/** Returns how long the parties talked, in milliseconds; `null` during the call and if it was not answered. */
export function selectTalkMs({ answered, hangup, closed }: CallState): number | null {
  const end = hangup ?? closed
  return end && answered ? Math.max(0, Date.parse(end.at) - Date.parse(answered.at)) : null
}
