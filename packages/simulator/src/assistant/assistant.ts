/**
 * `ai_assistant_start` as a state machine: a conversation by simple rules, with the same webhooks around it as the real
 * one. What it knows is its instructions and what was whispered to it; what it is told to do it does in its next reply.
 */

import type { Effect, Message, Step } from '../machine/machine.ts'
import type { ModelReply, ToolAnswer, ToolCall } from '../machine/model.ts'
import { chatOf, toolMessages } from './chat.ts'
import {
  type Conversation,
  created,
  ended,
  messagesOf,
  openConversation,
  record,
  spokenHistory,
  string,
} from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { reply } from './reply.ts'
import { functionsOf, MOST_ROUNDS, useOf } from './tools.ts'

/** The body of `ai_assistant_start`, as the API has validated it. */
export type AssistantParams = Record<string, unknown>

/** Everything the assistant remembers. */
export interface AssistantState {
  readonly ctx: AiContext
  readonly conversation: Conversation
  readonly historyUpdates: boolean
  readonly interruptible: boolean
  /** May end the call when the caller says goodbye: it was given the `hangup` tool. */
  readonly mayHangUp: boolean
  readonly tools: unknown
  readonly insightGroupId: string
  readonly insightId: string
  phase: 'listening' | 'speaking' | 'thinking' | 'parting' | 'over' | 'ended'
  history: readonly Message[]
  /** What it knows: instructions, then system and developer messages as they come. */
  instructions: readonly string[]
  /** Orders not yet carried out. */
  whispers: readonly string[]
  turn: number
  /** Rounds of tools in this turn. */
  rounds: number
  /** What the model called and has no answer to yet. */
  calling: readonly ToolCall[]
}

const insightsTimer = 'insights'

/** The assistant machine. */
export const assistant = {
  start(params: AssistantParams, ctx: AiContext, now: number): Step<AssistantState> {
    const state = initial(params, ctx, now)
    const effects: Effect[] = ctx.settings.emitConversationCreated ? [created(state.conversation)] : []
    const own = record(params.assistant)
    const greeting = string(params.greeting) ?? string(own.greeting)
    if (greeting === undefined) return { state, effects }
    return speak({ state, effects }, filledIn(greeting, variablesOf(own, ctx)), 'greeting')
  },

  step(state: AssistantState, input: AiInput, now: number): Step<AssistantState> {
    const quiet: Step<AssistantState> = { state, effects: [] }
    if (state.phase === 'ended') return quiet
    if (state.phase === 'over') return input.type === 'woke' && input.name === insightsTimer ? insights(state) : quiet
    switch (input.type) {
      case 'said':
        return said(state, input.text)
      case 'spoken':
        if (state.phase === 'parting') return hangUp(state, now)
        if (state.phase === 'thinking') return quiet
        return { state: { ...state, phase: 'listening' }, effects: [] }
      case 'messages':
        return told(state, input.messages, input.trigger_response)
      case 'stop':
        return over(state, state.ctx.settings.endedReason.stopped, now)
      case 'hangup':
        return over(state, state.ctx.settings.endedReason.hangup, now)
      case 'model':
        return heard(state, input.id, input.reply, now)
      case 'tools':
        return answered(state, input.id, input.answers)
      case 'key':
      case 'woke':
        return quiet
    }
  },
}

function initial(params: AssistantParams, ctx: AiContext, now: number): AssistantState {
  const own = record(params.assistant)
  const variables = variablesOf(own, ctx)
  const history = messagesOf(params.message_history)
  const instructions = string(own.instructions)
  const known = history
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(({ content }) => content ?? [])
  const tools = Array.isArray(own.tools) ? own.tools.map(record) : []
  return {
    ctx,
    conversation: openConversation(params, ctx, now),
    historyUpdates: params.send_message_history_updates === true,
    interruptible: record(params.interruption_settings).enable !== false,
    mayHangUp: tools.some(({ type }) => type === 'hangup'),
    tools: filledInAll(own.tools, variables),
    insightGroupId: ctx.uuid(),
    insightId: ctx.uuid(),
    phase: 'listening',
    history,
    instructions: [...(instructions === undefined ? [] : [filledIn(instructions, variables)]), ...known],
    whispers: [],
    turn: 0,
    rounds: 0,
    calling: [],
  }
}

function said(state: AssistantState, text: string): Step<AssistantState> {
  if (text.trim() === '' || state.phase === 'parting') return { state, effects: [] }
  if (state.phase === 'speaking' && !state.interruptible) return { state, effects: [] }
  const effects: Effect[] = maySpeak(state) ? [{ do: 'silence' }] : []
  const heard = remember({ state: { ...state, turn: state.turn + 1, rounds: 0 }, effects }, [
    { role: 'user', content: text.trim() },
  ])
  return respond(heard)
}

/** A10: messages are appended; `trigger_response` makes a turn at once, otherwise they shape the next one. */
function told(state: AssistantState, messages: readonly Message[], respondNow: boolean): Step<AssistantState> {
  if (state.phase === 'parting') return { state, effects: [] }
  const contents = (roles: readonly Message['role'][]) =>
    messages
      .filter(({ role }) => roles.includes(role))
      .flatMap(({ content }) => (content === undefined || content.trim() === '' ? [] : [content.trim()]))
  const changed: AssistantState = {
    ...state,
    instructions: [...state.instructions, ...contents(['system', 'developer'])],
    whispers: [...state.whispers, ...contents(['system', 'developer', 'user'])],
  }
  const appended: Step<AssistantState> = {
    state: { ...changed, history: [...state.history, ...messages] },
    effects: [],
  }
  const shown = messages.length > 0 && state.ctx.settings.updateAfterAddMessages ? historyUpdated(appended) : appended
  if (!respondNow) return shown
  const effects: Effect[] = maySpeak(state) ? [...shown.effects, { do: 'silence' }] : shown.effects
  return respond({ state: { ...shown.state, turn: state.turn + 1, rounds: 0 }, effects })
}

/** A model may say something and call a tool in one answer, and thinks while it is heard. */
const maySpeak = ({ phase, calling }: AssistantState) =>
  phase === 'speaking' || (phase === 'thinking' && calling.length > 0)

function respond(step: Step<AssistantState>): Step<AssistantState> {
  const { state } = step
  if (state.ctx.settings.model !== null) return consult(step)
  const last = state.history.at(-1)
  const said = last?.role === 'user' && state.whispers.length === 0 ? (last.content ?? '') : lastSaid(state)
  const made = reply(said, state.whispers)
  const spoken = speak({ ...step, state: { ...state, whispers: [] } }, made.text, 'reply')
  return made.isGoodbye && state.mayHangUp ? { ...spoken, state: { ...spoken.state, phase: 'parting' } } : spoken
}

/** Puts the conversation to a real model. */
function consult({ state, effects }: Step<AssistantState>): Step<AssistantState> {
  const system = [
    ...state.instructions,
    'You are on a telephone call: answer in one or two short spoken sentences.',
  ].join('\n')
  const request = {
    model: state.conversation.llmModel,
    messages: chatOf(system, state.history),
    tools: state.rounds < MOST_ROUNDS ? functionsOf(state.tools) : [],
  }
  return {
    state: { ...state, phase: 'thinking', whispers: [], calling: [] },
    effects: [...effects, { do: 'ask-model', id: questionOf(state), request }],
  }
}

/** The question that is open: an answer to any other comes too late. */
const questionOf = ({ turn, rounds }: AssistantState) => `turn ${turn} round ${rounds}`

function heard(state: AssistantState, id: string, answer: ModelReply, now: number): Step<AssistantState> {
  if (state.phase !== 'thinking' || id !== questionOf(state)) return { state, effects: [] }
  // The engineer at the phone page has to see why there is no answer; a real caller is never on this line.
  if (!answer.ok) return speak({ state, effects: [] }, answer.error, 'reply')
  const { content, calls } = answer
  const uses = calls.map((call) => useOf(state.tools, call))
  const leaving = uses.some(({ type }) => type === 'hangup')
  if (leaving && content === '') return hangUp(state, now)
  const spoken = content === '' ? { state, effects: [] } : speak({ state, effects: [] }, content, 'reply')
  if (leaving) return { ...spoken, state: { ...spoken.state, phase: 'parting' } }
  // Out of rounds it has no tools, but some models call them all the same.
  if (uses.length > 0 && state.rounds < MOST_ROUNDS)
    return {
      state: { ...spoken.state, phase: 'thinking', calling: calls },
      effects: [...spoken.effects, { do: 'use-tools', id, uses }],
    }
  return content === '' ? speak(spoken, 'I am sorry, could you say that again?', 'reply') : spoken
}

/** What its tools answered is put to the model, which goes on from there. */
function answered(state: AssistantState, id: string, answers: readonly ToolAnswer[]): Step<AssistantState> {
  if (state.phase !== 'thinking' || id !== questionOf(state)) return { state, effects: [] }
  const history = [...state.history, ...toolMessages(state.calling, answers)]
  return consult({ state: { ...state, history, rounds: state.rounds + 1 }, effects: [] })
}

/** What the caller said last, unless it has been answered. */
function lastSaid({ history, whispers }: AssistantState): string {
  const last = history.findLast(
    ({ role, content }) => role === 'assistant' || (role === 'user' && !whispers.includes(content?.trim() ?? '')),
  )
  return last?.role === 'user' ? (last.content ?? '') : ''
}

function hangUp(state: AssistantState, now: number): Step<AssistantState> {
  const { state: after, effects } = over(state, state.ctx.settings.endedReason.completed, now)
  return { state: after, effects: [...effects, { do: 'hangup' }] }
}

/** A7: the conversation ends at once, its insights come later. */
function over(state: AssistantState, reason: string | null, now: number): Step<AssistantState> {
  const silenced: Effect[] = state.phase === 'listening' ? [] : [{ do: 'silence' }]
  return {
    state: { ...state, phase: 'over' },
    effects: [
      ...silenced,
      ended(state.conversation, reason, now),
      { do: 'wake', after: state.ctx.settings.insightsDelayMs, name: insightsTimer },
    ],
  }
}

function insights(state: AssistantState): Step<AssistantState> {
  const turns = state.history
    .filter(({ role, content }) => role === 'user' && content !== undefined)
    .map(({ content }) => content ?? '')
  const result =
    turns.length === 0
      ? 'The caller said nothing.'
      : `The caller spoke ${turns.length} ${turns.length === 1 ? 'time' : 'times'}. First: "${turns[0] ?? ''}"`
  return {
    state: { ...state, phase: 'ended' },
    effects: [
      {
        do: 'emit',
        event_type: 'call.conversation_insights.generated',
        payload: {
          calling_party_type: state.conversation.callingPartyType,
          insight_group_id: state.insightGroupId,
          results: [{ insight_id: state.insightId, result }],
        },
      },
      { do: 'end' },
    ],
  }
}

function speak(step: Step<AssistantState>, text: string, purpose: 'greeting' | 'reply'): Step<AssistantState> {
  const { state, effects } = remember(step, [{ role: 'assistant', content: text }])
  return { state: { ...state, phase: 'speaking' }, effects: [...effects, { do: 'say', text, purpose }] }
}

function remember({ state, effects }: Step<AssistantState>, messages: readonly Message[]): Step<AssistantState> {
  return historyUpdated({ state: { ...state, history: [...state.history, ...messages] }, effects })
}

function historyUpdated({ state, effects }: Step<AssistantState>): Step<AssistantState> {
  if (!state.historyUpdates) return { state, effects }
  const update: Effect = {
    do: 'emit',
    event_type: 'call.ai_gather.message_history_updated',
    payload: { message_history: spokenHistory(state.history) },
  }
  return { state, effects: [...effects, update] }
}

/** The caller's own variables, and those Telnyx merges in. */
function variablesOf(own: Record<string, unknown>, ctx: AiContext): Record<string, unknown> {
  return {
    telnyx_call_from: ctx.from,
    telnyx_call_to: ctx.to,
    telnyx_conversation_channel: 'phone_call',
    telnyx_agent_target: ctx.to,
    telnyx_end_user_target: ctx.from,
    ...record(own.dynamic_variables),
  }
}

/** `{{name}}` becomes its value; an unknown one stays as it is, so that it is noticed. */
function filledIn(text: string, variables: Record<string, unknown>): string {
  return text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(variables, name) ? String(variables[name]) : whole,
  )
}

/** The same, in every string of a tool's description. */
function filledInAll(value: unknown, variables: Record<string, unknown>): unknown {
  if (typeof value === 'string') return filledIn(value, variables)
  if (Array.isArray(value)) return value.map((item) => filledInAll(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, filledInAll(item, variables)]))
}
