/**
 * State and actions that AI gathers and assistants share: speech, message history, model requests and tools. Each step
 * changes a copy of the state, so that a machine is a pure function.
 */
import type { Effect, Message } from '../machine/machine.ts'
import type { ChatTool, ToolCall, ToolResult, ToolUse } from '../machine/model.ts'
import { toChatMessages, toToolMessages } from './chat.ts'
import { type Conversation, messagesOf, openConversation, record, spokenHistory } from './conversation.ts'
import type { AiContext } from './input.ts'
import { functionsOf, MAX_TOOL_ROUNDS } from './tools.ts'

export interface TalkState {
  readonly ctx: AiContext
  readonly conversation: Conversation
  readonly hasHistoryUpdates: boolean
  readonly isInterruptible: boolean
  readonly tools: unknown
  /**
   * `opening`: no greeting and no speech yet; `thinking`: a model or tool request is pending; `closing`: the AI speaks its
   * last words; `over`: the conversation has ended, but its insights are pending; `ended`: all events are emitted.
   */
  phase: 'opening' | 'speaking' | 'listening' | 'thinking' | 'closing' | 'over' | 'ended'
  history: readonly Message[]
  /** Whispers: added messages that the AI speaks in its next reply. */
  whispers: readonly string[]
  turn: number
  /** Number of tool rounds in the current turn. */
  toolRounds: number
  /** Tool calls of the model that have no result yet. */
  pendingToolCalls: readonly ToolCall[]
}

/** A step of a machine. Actions change its state and append to its effects. */
export interface MutableStep<State extends TalkState = TalkState> {
  readonly state: State
  readonly effects: Effect[]
  readonly now: number
}

export const beginStep = <State extends TalkState>(state: State, now: number): MutableStep<State> => ({
  state: { ...state },
  effects: [],
  now,
})

/** Returns the initial state of a conversation that a command with the body `params` starts. */
export const startTalk = (params: Record<string, unknown>, ctx: AiContext, now: number): TalkState => ({
  ctx,
  conversation: openConversation(params, ctx, now),
  hasHistoryUpdates: params.send_message_history_updates === true,
  isInterruptible: record(params.interruption_settings).enable !== false,
  tools: record(params.assistant).tools,
  phase: 'opening',
  history: messagesOf(params.message_history),
  whispers: [],
  turn: 0,
  toolRounds: 0,
  pendingToolCalls: [],
})

/** Speaks `text`, adds it to the history and enters `phase`. */
export function speak<AnyStep extends MutableStep>(
  step: AnyStep,
  text: string,
  purpose: Extract<Effect, { do: 'say' }>['purpose'],
  phase: TalkState['phase'] = 'speaking',
): AnyStep {
  addMessage(step, { role: 'assistant', content: text })
  step.effects.push({ do: 'say', text, purpose })
  step.state.phase = phase
  return step
}

function addMessage(step: MutableStep, message: Message): void {
  step.state.history = [...step.state.history, message]
  reportHistory(step)
}

/** Emits the message history if the command enabled updates. */
export function reportHistory({ state, effects }: MutableStep): void {
  if (state.hasHistoryUpdates)
    emit(effects, 'call.ai_gather.message_history_updated', { message_history: spokenHistory(state.history) })
}

export function emit(effects: Effect[], event_type: string, payload: Record<string, unknown>): void {
  effects.push({ do: 'emit', event_type, payload })
}

/** Adds the caller's speech to the history. Returns false if the AI ignores the speech. */
export function addCallerSpeech(step: MutableStep, text: string): boolean {
  const { state } = step
  if (text.trim() === '' || state.phase === 'closing') return false
  if (state.phase === 'speaking' && !state.isInterruptible) return false
  startTurn(step)
  addMessage(step, { role: 'user', content: text.trim() })
  return true
}

/** Starts a turn: stops the current speech and resets the tool rounds. */
export function startTurn({ state, effects }: MutableStep): void {
  // A model reply with both content and tool calls is still playing while its tools run.
  if (state.phase === 'speaking' || state.pendingToolCalls.length > 0) effects.push({ do: 'stop-sound' })
  state.turn += 1
  state.toolRounds = 0
}

/** Returns the id of the pending model or tool request. Replies with another id are stale. */
const requestIdOf = ({ turn, toolRounds }: TalkState) => `turn ${turn} round ${toolRounds}`

export const isPendingRequest = (state: TalkState, id: string): boolean =>
  state.phase === 'thinking' && id === requestIdOf(state)

/** Sends the conversation to a real model. The reply arrives as a `model` input. */
export function askModel<AnyStep extends MutableStep>(
  step: AnyStep,
  system: readonly string[],
  machineTools: readonly ChatTool[] = [],
): AnyStep {
  const { state, effects } = step
  const request = {
    model: state.conversation.llmModel,
    messages: toChatMessages(system.join('\n'), state.history),
    tools: [...machineTools, ...(state.toolRounds < MAX_TOOL_ROUNDS ? functionsOf(state.tools) : [])],
  }
  effects.push({ do: 'ask-model', id: requestIdOf(state), request })
  Object.assign(state, { phase: 'thinking', pendingToolCalls: [], whispers: [] })
  return step
}

/** Requests tool results. Returns false above MAX_TOOL_ROUNDS, because some models call tools that were not offered. */
export function useTools({ state, effects }: MutableStep, calls: readonly ToolCall[], uses: ToolUse[]): boolean {
  if (uses.length === 0 || state.toolRounds >= MAX_TOOL_ROUNDS) return false
  effects.push({ do: 'use-tools', id: requestIdOf(state), uses })
  Object.assign(state, { phase: 'thinking', pendingToolCalls: calls })
  return true
}

/** Adds tool calls and results to the history. Only the model sees them. */
export function addToolResults<AnyStep extends MutableStep>(step: AnyStep, results: readonly ToolResult[]): AnyStep {
  const { state } = step
  state.history = [...state.history, ...toToolMessages(state.pendingToolCalls, results)]
  state.toolRounds += 1
  return step
}
