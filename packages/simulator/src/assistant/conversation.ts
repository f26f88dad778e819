/** The conversation events that AI gathers and assistants share. */

import type { Effect, Message } from '../machine/machine.ts'
import type { AiContext } from './input.ts'

/** Fields of `call.conversation.ended` that are fixed when the conversation starts. */
export interface Conversation {
  id: string
  assistantId: string | undefined
  startedAt: number
  callingPartyType: 'pstn' | 'sip'
  llmModel: string
  sttModel: string
  voice: string
}

/** Telnyx's documented default voice and models. */
const DEFAULT_VOICE = 'Telnyx.KokoroTTS.af'
export const DEFAULT_LLM_MODEL = 'Qwen/Qwen3-235B-A22B'
const DEFAULT_STT_MODEL = 'distil-whisper/distil-large-v2'

/** Creates a conversation from the body of its command. */
export function openConversation(params: Record<string, unknown>, ctx: AiContext, now: number): Conversation {
  const assistant = record(params.assistant)
  return {
    id: ctx.conversation_id,
    assistantId: string(assistant.id),
    startedAt: now,
    callingPartyType: /^sips?:|@/.test(ctx.from) ? 'sip' : 'pstn',
    llmModel: string(assistant.model) ?? DEFAULT_LLM_MODEL,
    sttModel: string(record(params.transcription).model) ?? DEFAULT_STT_MODEL,
    voice: string(params.voice) ?? DEFAULT_VOICE,
  }
}

/** Returns the fields that `call.conversation.created` and `call.conversation.ended` share. */
const identityOf = ({ assistantId, id, callingPartyType }: Conversation) => ({
  ...(assistantId === undefined ? {} : { assistant_id: assistantId }),
  conversation_id: id,
  calling_party_type: callingPartyType,
})

/** Emits `call.conversation.created`, which only newer Telnyx documents describe. */
export const conversationCreated = (conversation: Conversation): Effect => ({
  do: 'emit',
  event_type: 'call.conversation.created',
  payload: identityOf(conversation),
})

/** Emits `call.conversation.ended`. */
export function conversationEnded(conversation: Conversation, reason: string | null, now: number): Effect {
  const [provider = '', ...model] = conversation.voice.split('.')
  return {
    do: 'emit',
    event_type: 'call.conversation.ended',
    payload: {
      ...identityOf(conversation),
      duration_sec: Math.max(0, Math.round((now - conversation.startedAt) / 1000)),
      llm_model: conversation.llmModel,
      stt_model: conversation.sttModel,
      tts_provider: provider.toLowerCase(),
      tts_model_id: model.length > 1 ? model.slice(0, -1).join('.') : '',
      tts_voice_id: model.at(-1) ?? '',
      reason,
    },
  }
}

/** Returns the valid messages of an untrusted list and drops other values. */
export function messagesOf(value: unknown): Message[] {
  return Array.isArray(value) ? value.filter(isMessage) : []
}

function isMessage(value: unknown): value is Message {
  const role = record(value).role
  return typeof role === 'string' && ['assistant', 'user', 'system', 'developer', 'tool'].includes(role)
}

/** Returns the spoken messages, in the shape of `message_history[]` in AI gather webhooks. */
export function spokenHistory(history: readonly Message[]): { role: string; content: string }[] {
  return history.flatMap(({ role, content }) =>
    content === undefined || (role !== 'user' && role !== 'assistant') ? [] : [{ role, content }],
  )
}

/** Returns a copy of an untrusted object, or an empty object. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** Returns an untrusted value if it is a non-empty string. */
export function string(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** Parses JSON. Returns `undefined` for invalid JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
