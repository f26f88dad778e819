/**
 * The one shape every state machine of the simulator has: `(state, input, now) => Step`.
 *
 * Machines are pure. They never read a clock, roll a die, or touch a socket; they describe what should happen as
 * effects, and one driver (the `call` room) makes it happen. That is what lets a 60-second timeout pass in no time, and two
 * runs with one seed give the same bytes.
 */
import type { ModelRequest, ToolUse } from './model.ts'

/** What a machine asks its driver to do; the driver is the only one that touches the world. */
export type Effect =
  /** Spoken to the caller; the driver feeds back `{type:'sound-ended'}` when it has been said to the end. */
  | { do: 'say'; text: string; purpose: 'greeting' | 'question' | 'reply' | 'ended' | 'prompt' | 'invalid' }
  /** Played to the caller from a file; `spoken` follows as after `say`, or `failed` when it cannot be played. */
  | { do: 'play'; media: Media; purpose: 'prompt' | 'invalid' }
  /** Stop whatever is being said or played (the caller barged in). No `spoken` follows. `status`: how a media prompt ends. */
  | { do: 'stop-sound'; status?: string }
  /** A webhook. The driver adds the common fields (ids, `client_state`, `from`, `to` where the event has them). */
  | { do: 'emit'; event_type: string; payload: Record<string, unknown> }
  /** One timer per name, `after` milliseconds from now; arming it again replaces it. Comes back as `{type:'timer', name}`. */
  | { do: 'set-timer'; after: number; name: string }
  | { do: 'clear-timer'; name: string }
  /** Only with `settings.model`: feed its answer back as `{type:'model', id, reply}`; drop it if the machine has ended. */
  | { do: 'ask-model'; id: string; request: ModelRequest }
  /** Only with `settings.model`: what its model called; fed back as `{type:'tools', id, answers}`, in the same order. */
  | { do: 'use-tools'; id: string; uses: ToolUse[] }
  /** This machine is finished. */
  | { do: 'end' }
  | { do: 'hangup' }

/** An audio file, by one of its two names. */
export interface Media {
  audio_url?: string
  media_name?: string
}

export interface Step<State> {
  state: State
  effects: Effect[]
}

/** One turn of a conversation, in Telnyx's words (`message_history[]`, `messages[]`). */
export interface Message {
  role: 'assistant' | 'user' | 'system' | 'developer' | 'tool'
  content?: string
  [extra: string]: unknown
}
