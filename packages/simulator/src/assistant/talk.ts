/**
 * What an AI gather and an assistant have in common: they speak, hear, remember, and put questions to a model. A step
 * works on a copy of the state, so that to its driver a machine stays a function.
 */
import type { Effect, Message } from '../machine/machine.ts'
import type { ChatTool, ToolAnswer, ToolCall, ToolUse } from '../machine/model.ts'
import { chatOf, toolMessages } from './chat.ts'
import { type Conversation, messagesOf, openConversation, record, spokenHistory } from './conversation.ts'
import type { AiContext } from './input.ts'
import { functionsOf, MOST_ROUNDS } from './tools.ts'

export interface TalkState {
  readonly ctx: AiContext
  readonly conversation: Conversation
  readonly historyUpdates: boolean
  readonly interruptible: boolean
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
  rounds: number
  /** What the model called and has no answer to yet. */
  calling: readonly ToolCall[]
}

/** A step in the making. */
export interface Run<State extends TalkState = TalkState> {
  readonly state: State
  readonly effects: Effect[]
  readonly now: number
}

export const run = <State extends TalkState>(state: State, now: number): Run<State> => ({
  state: { ...state },
  effects: [],
  now,
})

/** The state at the start of the command whose body is `params`. */
export const startTalk = (params: Record<string, unknown>, ctx: AiContext, now: number): TalkState => ({
  ctx,
  conversation: openConversation(params, ctx, now),
  historyUpdates: params.send_message_history_updates === true,
  interruptible: record(params.interruption_settings).enable !== false,
  tools: record(params.assistant).tools,
  phase: 'opening',
  history: messagesOf(params.message_history),
  whispers: [],
  turn: 0,
  rounds: 0,
  calling: [],
})

/** Says something. */
export function speak<It extends Run>(
  it: It,
  text: string,
  purpose: Extract<Effect, { do: 'say' }>['purpose'],
  phase: TalkState['phase'] = 'speaking',
): It {
  remember(it, { role: 'assistant', content: text })
  it.effects.push({ do: 'say', text, purpose })
  it.state.phase = phase
  return it
}

/** Adds to the history, and reports it. */
function remember(run: Run, message: Message): void {
  run.state.history = [...run.state.history, message]
  reportHistory(run)
}

/** Sends the history, where the command asked for updates. */
export function reportHistory({ state, effects }: Run): void {
  if (state.historyUpdates)
    emit(effects, 'call.ai_gather.message_history_updated', { message_history: spokenHistory(state.history) })
}

export function emit(effects: Effect[], event_type: string, payload: Record<string, unknown>): void {
  effects.push({ do: 'emit', event_type, payload })
}

/** Takes what the caller says into the history. False when it does not count. */
export function hear(run: Run, text: string): boolean {
  const { state } = run
  if (text.trim() === '' || state.phase === 'closing') return false
  if (state.phase === 'speaking' && !state.interruptible) return false
  nextTurn(run)
  remember(run, { role: 'user', content: text.trim() })
  return true
}

/** Falls silent, for a turn that begins now. */
export function nextTurn({ state, effects }: Run): void {
  // A model may say something and call a tool in one answer, and thinks while it is heard.
  if (state.phase === 'speaking' || state.calling.length > 0) effects.push({ do: 'silence' })
  state.turn += 1
  state.rounds = 0
}

/** The question that is open: an answer to any other comes too late. */
const questionOf = ({ turn, rounds }: TalkState) => `turn ${turn} round ${rounds}`

export const isOpen = (state: TalkState, id: string): boolean => state.phase === 'thinking' && id === questionOf(state)

/** Puts the conversation to a real model; its answer comes back as `model`. */
export function consult<It extends Run>(it: It, system: readonly string[], own: readonly ChatTool[] = []): It {
  const { state, effects } = it
  const request = {
    model: state.conversation.llmModel,
    messages: chatOf(system.join('\n'), state.history),
    tools: [...own, ...(state.rounds < MOST_ROUNDS ? functionsOf(state.tools) : [])],
  }
  effects.push({ do: 'ask-model', id: questionOf(state), request })
  Object.assign(state, { phase: 'thinking', calling: [], whispers: [] })
  return it
}

/** Lets the driver do what the model called. False out of rounds: then it has no tools, but some models call them all the same. */
export function useTools({ state, effects }: Run, calling: readonly ToolCall[], uses: ToolUse[]): boolean {
  if (uses.length === 0 || state.rounds >= MOST_ROUNDS) return false
  effects.push({ do: 'use-tools', id: questionOf(state), uses })
  Object.assign(state, { phase: 'thinking', calling })
  return true
}

/** Takes what the tools answered into the history, for the model alone. */
export function takeAnswers<It extends Run>(it: It, answers: readonly ToolAnswer[]): It {
  const { state } = it
  state.history = [...state.history, ...toolMessages(state.calling, answers)]
  state.rounds += 1
  return it
}
