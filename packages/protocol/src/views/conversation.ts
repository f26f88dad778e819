/** The view of a conversation with an AI, and the partial speech. Derived from the call state, never stored. */
import { type CallState, type MessageEntry, messageKey } from '../call-state/call-state.ts'
import { type ConversationName, isConversation } from '../commands/command-name.ts'
import { type GatherStatus, latestOf, type Refusal, refusalOf, selectCallEndedAt, statusOf } from './status.ts'

/** A conversation of the caller with an assistant or an AI gather. */
export interface Conversation {
  /** The `command_id` of the command that started the conversation, or `unattributed`. */
  readonly id: string
  /** The command that started it; `null` if it was not started through CallGather. */
  readonly command: ConversationName | null
  /** The status of the conversation. */
  readonly status: GatherStatus
  /** Telnyx's id of the conversation; `null` if unknown. */
  readonly conversationId: string | null
  /** When it started: ISO 8601, UTC; `null` if unknown. */
  readonly startedAt: string | null
  /** When it ended: ISO 8601, UTC; `null` while it runs. */
  readonly endedAt: string | null
  /** Why it ended, in Telnyx's words; `null` while it runs, and if Telnyx sent no reason. */
  readonly reason: string | null
  /** Why Telnyx refused the command; `null` if it did not. */
  readonly refusal: Refusal | null
  /** The number of messages. */
  readonly length: number
  /** The last message; `null` if there is none. */
  readonly lastMessage: MessageEntry | null
}

/** Returns the conversation with this id, or the latest conversation without an id. `null` if there is none. */
export function selectConversation(state: CallState, id?: string): Conversation | null {
  const wanted =
    id ?? latestOf(state.latestConversation, state.conversations)?.id ?? (state.conversations.at(-1)?.id || null)
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
