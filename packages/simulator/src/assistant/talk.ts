/**
 * What an AI gather and an assistant have in common: they speak, hear, remember, and put questions to a model. A step
 * works on a copy of the state, so that to its driver a machine stays a function.
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
   * `opening`: nothing said yet and no greeting; `thinking`: a model was asked; `closing`: the last words are being said;
   * `over`: the conversation has ended, its insights are still to come.
   */
  phase: 'opening' | 'speaking' | 'listening' | 'thinking' | 'closing' | 'over' | 'ended'
  history: readonly Message[]
  /** Whispers that were not said yet. */
  whispers: readonly string[]
  turn: number
  /** Rounds of tools in this turn. */
  toolRounds: number
  /** What the model called and has no answer to yet. */
  pendingToolCalls: readonly ToolCall[]
}

/** A step in the making. */
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

/** The state at the start of the command whose body is `params`. */
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

/** Says something. */
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

/** Adds to the history, and reports it. */
function addMessage(step: MutableStep, message: Message): void {
  step.state.history = [...step.state.history, message]
  reportHistory(step)
}

/** Sends the history, where the command asked for updates. */
export function reportHistory({ state, effects }: MutableStep): void {
  if (state.hasHistoryUpdates)
    emit(effects, 'call.ai_gather.message_history_updated', { message_history: spokenHistory(state.history) })
}

export function emit(effects: Effect[], event_type: string, payload: Record<string, unknown>): void {
  effects.push({ do: 'emit', event_type, payload })
}

/** Takes what the caller says into the history. False when it does not count. */
export function addCallerSpeech(step: MutableStep, text: string): boolean {
  const { state } = step
  if (text.trim() === '' || state.phase === 'closing') return false
  if (state.phase === 'speaking' && !state.isInterruptible) return false
  startTurn(step)
  addMessage(step, { role: 'user', content: text.trim() })
  return true
}

/** Falls silent, for a turn that begins now. */
export function startTurn({ state, effects }: MutableStep): void {
  // A model may say something and call a tool in one answer, and thinks while it is heard.
  if (state.phase === 'speaking' || state.pendingToolCalls.length > 0) effects.push({ do: 'stop-sound' })
  state.turn += 1
  state.toolRounds = 0
}

/** The question that is open: an answer to any other comes too late. */
const requestIdOf = ({ turn, toolRounds }: TalkState) => `turn ${turn} round ${toolRounds}`

export const isPendingRequest = (state: TalkState, id: string): boolean =>
  state.phase === 'thinking' && id === requestIdOf(state)

/** Puts the conversation to a real model; its answer comes back as `model`. */
export function askModel<AnyStep extends MutableStep>(
  step: AnyStep,
  system: readonly string[],
  own: readonly ChatTool[] = [],
): AnyStep {
  const { state, effects } = step
  const request = {
    model: state.conversation.llmModel,
    messages: toChatMessages(system.join('\n'), state.history),
    tools: [...own, ...(state.toolRounds < MAX_TOOL_ROUNDS ? functionsOf(state.tools) : [])],
  }
  effects.push({ do: 'ask-model', id: requestIdOf(state), request })
  Object.assign(state, { phase: 'thinking', pendingToolCalls: [], whispers: [] })
  return step
}

/** Lets the driver do what the model called. False out of rounds: then it has no tools, but some models call them all the same. */
export function useTools({ state, effects }: MutableStep, calling: readonly ToolCall[], uses: ToolUse[]): boolean {
  if (uses.length === 0 || state.toolRounds >= MAX_TOOL_ROUNDS) return false
  effects.push({ do: 'use-tools', id: requestIdOf(state), uses })
  Object.assign(state, { phase: 'thinking', pendingToolCalls: calling })
  return true
}

/** Takes what the tools answered into the history, for the model alone. */
export function addToolResults<AnyStep extends MutableStep>(step: AnyStep, answers: readonly ToolResult[]): AnyStep {
  const { state } = step
  state.history = [...state.history, ...toToolMessages(state.pendingToolCalls, answers)]
  state.toolRounds += 1
  return step
}
