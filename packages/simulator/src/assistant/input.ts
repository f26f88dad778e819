/** Inputs and context of AI gathers and assistants. */
import type { Message } from '../machine/machine.ts'
import type { ModelReply, ToolResult } from '../machine/model.ts'
import type { AiSettings } from './settings.ts'

/** An input of an AI gather or an assistant. */
export type AiInput =
  /** The caller said something. */
  | { type: 'said'; text: string }
  /** The speech of the last `say` effect finished playing. */
  | { type: 'sound-ended' }
  | { type: 'timer'; name: string }
  | { type: 'key'; digit: string }
  /** The model's reply to the `ask-model` effect with this `id`. */
  | { type: 'model'; id: string; reply: ModelReply }
  /** The results of the `use-tools` effect with this `id`. */
  | { type: 'tools'; id: string; answers: ToolResult[] }
  /** The command `ai_assistant_stop`, or another command that ends the conversation. */
  | { type: 'stop' }
  | { type: 'hangup' }
  /** The command `ai_assistant_add_messages`. */
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
