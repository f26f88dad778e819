/** What an AI gather and an assistant are given. */
import type { Message } from '../machine/machine.ts'
import type { ModelReply, ToolResult } from '../machine/model.ts'
import type { AiSettings } from './settings.ts'

/** What can happen to an AI gather or an assistant. */
export type AiInput =
  /** The caller said something. */
  | { type: 'said'; text: string }
  /** The last `say` has been spoken to its end. */
  | { type: 'sound-ended' }
  | { type: 'timer'; name: string }
  | { type: 'key'; digit: string }
  /** The answer to `ask-model`. */
  | { type: 'model'; id: string; reply: ModelReply }
  /** The answers to `use-tools`. */
  | { type: 'tools'; id: string; answers: ToolResult[] }
  /** `ai_assistant_stop`. */
  | { type: 'stop' }
  | { type: 'hangup' }
  /** `ai_assistant_add_messages`. */
  | { type: 'messages'; messages: Message[]; trigger_response: boolean }

/** What an AI machine knows of the call it runs on. */
export interface AiContext {
  conversation_id: string
  from: string
  to: string
  settings: AiSettings
  /** Deterministic under a seed. */
  uuid(): string
}
