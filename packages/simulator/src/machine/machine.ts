/**
 * The shape of every state machine of the simulator: `(state, input, now) => Step`.
 *
 * Machines are pure: they use no clock, randomness or I/O. They return effects, which `call/runner.ts` performs, so a
 * virtual clock can skip a 60-second timeout, and two runs with the same seed produce the same bytes.
 */
import type { ModelRequest, ToolUse } from './model.ts'

/** An effect that a machine returns and its runner performs. */
export type Effect =
  /** Speaks to the caller. `{type:'sound-ended'}` is fed back when the speech ends. */
  | { do: 'say'; text: string; purpose: 'greeting' | 'question' | 'reply' | 'ended' | 'prompt' | 'invalid' }
  /** Plays a file to the caller. `sound-ended` is fed back at its end, or `sound-failed` if it can't be played. */
  | { do: 'play'; media: Media; purpose: 'prompt' | 'invalid' }
  /** Stops the prompts that this state machine plays. No `sound-ended` follows. `status`: how the stopped prompt ended. */
  | { do: 'stop-sound'; status?: string }
  /** Emits a webhook. The runner's call adds the common fields: ids, `client_state`, and `from` and `to` if the event has them. */
  | { do: 'emit'; event_type: string; payload: Record<string, unknown> }
  /** Sets or replaces the timer `name`, in `after` milliseconds. It fires as the input `{type:'timer', name}`. */
  | { do: 'set-timer'; after: number; name: string }
  | { do: 'clear-timer'; name: string }
  /** Asks the model in `settings.ai.model`. Fed back as `{type:'model', id, reply}`, unless the machine has ended. */
  | { do: 'ask-model'; id: string; request: ModelRequest }
  /** Executes the model's tool calls. Their results are fed back as `{type:'tools', id, answers}`, in the same order. */
  | { do: 'use-tools'; id: string; uses: ToolUse[] }
  /** Ends the machine, which gets no further input. */
  | { do: 'end' }
  | { do: 'hangup' }

/** An audio file, named by URL or by Telnyx media name. */
export interface Media {
  audio_url?: string
  media_name?: string
}

export interface Step<State> {
  state: State
  effects: Effect[]
}

/** One message of a conversation, as in Telnyx's `message_history[]` and `messages[]`. */
export interface Message {
  role: 'assistant' | 'user' | 'system' | 'developer' | 'tool'
  content?: string
  [extra: string]: unknown
}
