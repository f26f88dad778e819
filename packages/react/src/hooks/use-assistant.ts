import {
  type AssistantMessage,
  type CommandBodies,
  type CommandRequest,
  type Conversation,
  type MessageEntry,
  type SocketError,
  SortedMap,
  selectConversation,
  selectPartialSpeech,
} from '@callgather/protocol'
import { useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { messagesOf } from './arrays.ts'
import { useCall } from './use-call.ts'
import { type SettledCommandStatus, type UseCommandResult, useCommand } from './use-command.ts'

/** The result of `useAssistant`: a conversation with an AI, and the commands that control it. */
export interface UseAssistantResult {
  /** The latest conversation of the call, with an assistant or in an AI gather; `null` if there was none. */
  readonly conversation: Conversation | null
  /** The messages of the conversation, in order. Built on first read. An unchanged message keeps its identity. */
  readonly messages: readonly MessageEntry[]
  /** Whether the conversation runs. */
  readonly isActive: boolean
  /** Whether the transcription shows that the caller is speaking. An answer now would interrupt the caller. */
  readonly callerSpeaking: boolean
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
  /** Starts an assistant on the call. */
  readonly start: (body?: CommandBodies['ai_assistant_start']) => Promise<SettledCommandStatus>
  /** Ends the conversation. The call continues. */
  readonly stop: () => Promise<SettledCommandStatus>
  /** Sends the assistant a message that the caller does not hear. The assistant uses it in its next answer. */
  readonly whisper: (content: string, role?: WhisperRole) => Promise<SettledCommandStatus>
  /** Makes the assistant answer now, following `content` if given. May interrupt the caller. */
  readonly answerNow: (content?: string, role?: WhisperRole) => Promise<SettledCommandStatus>
  /** Restarts the assistant with the conversation so far and a summary. */
  readonly handBack: (options?: HandBackOptions) => Promise<SettledCommandStatus>
  /** The progress of the last `start` or `handBack`. `stopping`, `whispering` and `answering` are for the others. */
  readonly starting: UseCommandResult<'ai_assistant_start'>
  /** The progress of the last `stop`. */
  readonly stopping: UseCommandResult<'ai_assistant_stop'>
  /** The progress of the last `whisper`. */
  readonly whispering: UseCommandResult<'ai_assistant_add_messages'>
  /** The progress of the last `answerNow`. */
  readonly answering: UseCommandResult<'ai_assistant_add_messages'>
}

/** The role of a whisper in the conversation. Default `system`. */
export type WhisperRole = 'system' | 'developer' | 'user'

/** The options of `handBack`. */
export interface HandBackOptions {
  /** A text about what happened since the assistant stopped. Sent to the assistant as a system message. */
  summary?: string
  /** The messages that the assistant starts with. Default: the messages of the conversation. */
  messageHistory?: readonly AssistantMessage[]
  /** Further fields of `ai_assistant_start`. Default: the fields of the last start, such as `assistant`. */
  body?: CommandBodies['ai_assistant_start']
}

/** Returns the call's conversation with an AI, and the commands to start, stop, whisper, prompt and hand back. */
export function useAssistant(callId?: string): UseAssistantResult {
  const slice = useCall(callId, assistantSlice)
  const starting = useCommand(callId, 'ai_assistant_start', { slot: 'assistant.start' })
  const stopping = useCommand(callId, 'ai_assistant_stop', { slot: 'assistant.stop' })
  const whispering = useCommand(callId, 'ai_assistant_add_messages', { slot: 'assistant.whisper' })
  const answering = useCommand(callId, 'ai_assistant_add_messages', { slot: 'assistant.answer' })

  return useMemo(() => {
    const { began, messages, ...shown } = slice
    const say = (content: string, role: WhisperRole) => ({ messages: [{ role, content }] })
    return {
      ...shown,
      get messages() {
        return messagesOf(messages)
      },
      isActive: shown.conversation?.status === 'collecting',
      start: (body: CommandBodies['ai_assistant_start'] = {}) => starting.mutateAsync(body),
      stop: () => stopping.mutateAsync({}),
      whisper: (content: string, role: WhisperRole = 'system') => whispering.mutateAsync(say(content, role)),
      answerNow: (content?: string, role: WhisperRole = 'system') =>
        answering.mutateAsync({ ...(content ? say(content, role) : {}), trigger_response: true }),
      handBack: ({ summary, messageHistory, body }: HandBackOptions = {}) => {
        const before = messageHistory ?? messagesOf(messages).flatMap(asHistory)
        const added: AssistantMessage[] = summary ? [{ role: 'system', content: summary }] : []
        return starting.mutateAsync({ ...restartBody(began), ...body, message_history: [...before, ...added] })
      },
      starting,
      stopping,
      whispering,
      answering,
    }
  }, [slice, starting, stopping, whispering, answering])
}

function assistantSlice({ state, sync, error }: CallFeed) {
  const conversation = selectConversation(state)
  const known = conversation ? state.conversations.get(conversation.id) : undefined
  return {
    conversation,
    messages: known?.messages ?? noMessages,
    began: known?.command?.request ?? null,
    callerSpeaking: selectPartialSpeech(state, 'inbound') !== null,
    sync,
    error: error ?? null,
  }
}

const noMessages = SortedMap.empty<MessageEntry>()

/** Returns the body of the last start command without the fields that apply only to a first start (`greeting`, …). */
function restartBody(began: CommandRequest | null): CommandBodies['ai_assistant_start'] {
  if (began?.command !== 'ai_assistant_start') return {}
  const {
    greeting: _,
    message_history: __,
    command_id: ___,
    client_state: ____,
    ...again
  } = began.body as CommandBodies['ai_assistant_start']
  return again
}

function asHistory({ role, content }: MessageEntry): AssistantMessage[] {
  // Telnyx may report roles that it does not accept in `message_history`.
  return isRole(role) ? [{ role, content }] : []
}

const isRole = (role: string): role is AssistantMessage['role'] =>
  role === 'user' || role === 'assistant' || role === 'tool' || role === 'system' || role === 'developer'
