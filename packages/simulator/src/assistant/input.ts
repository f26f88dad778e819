/** Inputs and context of AI gathers and assistants. */
import type { Message } from '../machine/machine.ts'
import type { ModelReply, ToolResult } from '../machine/model.ts'
import type { AiSettings } from './settings.ts'

/** An input of an AI gather or an assistant. */
export type AiInput =
  /** The caller said something. */
  | { type: 'said'; text: string }
  /** The last `say` effect finished playing. */
  | { type: 'sound-ended' }
  | { type: 'timer'; name: string }
  | { type: 'key'; digit: string }
  /** The reply to `ask-model`. */
  | { type: 'model'; id: string; reply: ModelReply }
  /** The results of `use-tools`. */
  | { type: 'tools'; id: string; answers: ToolResult[] }
  /** `ai_assistant_stop`. */
  | { type: 'stop' }
  | { type: 'hangup' }
  /** `ai_assistant_add_messages`. */
  | { type: 'messages'; messages: Message[]; trigger_response: boolean }

/** Call data and settings for an AI machine. */
export interface AiContext {
  conversation_id: string
  from: string
  to: string
  settings: AiSettings
  /** Generates a UUID from the simulator's seed. */
  uuid(): string
}
