/** The view of a conversation with an AI, and the partial speech. Derived from the call state, never stored. */
import { type CallState, type MessageEntry, messageKey } from '../call-state/call-state.ts'
import { type ConversationName, isConversation } from '../commands/command-name.ts'
import { type GatherStatus, type Refusal, refusalOf, selectCallEndedAt, statusOf } from './status.ts'

/** A conversation of the caller with an assistant or an AI gather. */
export interface Conversation {
  readonly id: string
  readonly command: ConversationName | null
  readonly status: GatherStatus
  readonly conversationId: string | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly reason: string | null
  readonly refusal: Refusal | null
  readonly length: number
  readonly lastMessage: MessageEntry | null
}

/** Returns the conversation with this id, or the latest conversation without an id. `null` if there is none. */
export function selectConversation(state: CallState, id?: string): Conversation | null {
  const wanted = id ?? state.latestConversation?.id ?? (state.conversations.at(-1)?.id || null)
  const conversation = wanted === null ? undefined : state.conversations.get(wanted)
  if (!conversation) return null
  const { command, created, ended, length } = conversation
  const name = command?.request?.command
  const endedAt = ended?.at ?? selectCallEndedAt(state)
  const outcome = command?.outcome
  const size = length?.value ?? 0
  return {
    id: conversation.id,
    command: isConversation(name) ? name : null,
    status: statusOf(command, endedAt !== null, created !== null || size > 0),
    conversationId:
      created?.conversationId ?? (outcome?.status === 'accepted' ? (outcome.conversationId ?? null) : null),
    startedAt: created?.at ?? command?.request?.at ?? null,
    endedAt,
    reason: ended?.reason ?? null,
    refusal: refusalOf(command),
    length: size,
    lastMessage: size > 0 ? (conversation.messages.get(messageKey(size - 1)) ?? null) : null,
  }
}

/** Returns the partial speech of an audio track; `null` when the latest transcription is final. */
export function selectPartialSpeech(
  state: Pick<CallState, 'tracks'>,
  track: string,
): { at: string; text: string } | null {
  const known = state.tracks[track]
  if (!known?.partial) return null
  return known.final && known.final.stamp >= known.partial.stamp ? null : known.partial
}
