/**
 * `ai_assistant_start` as a state machine: a conversation by simple rules, with the same webhooks around it as the real
 * one. What it knows is its instructions and what was whispered to it; what it is told to do it does in its next reply.
 */
import type { Message, Step } from '../machine/machine.ts'
import type { ModelReply } from '../machine/model.ts'
import { created, ended, record, string } from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { sayWhisper } from './questions.ts'
import {
  consult,
  emit,
  hear,
  isOpen,
  nextTurn,
  type Run,
  reportHistory,
  run,
  speak,
  startTalk,
  type TalkState,
  takeAnswers,
  useTools,
} from './talk.ts'
import { useOf } from './tools.ts'

/** Everything the assistant remembers. */
interface AssistantState extends TalkState {
  /** May end the call when the caller says goodbye: it was given the `hangup` tool. */
  readonly mayHangUp: boolean
  readonly insightGroupId: string
  readonly insightId: string
  /** What it knows: instructions, then system and developer messages as they come. */
  instructions: readonly string[]
}

type Assistant = Run<AssistantState>

const insightsTimer = 'insights'

/** The assistant machine. */
export const assistant = {
  start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<AssistantState> {
    const own = record(params.assistant)
    const variables = variablesOf(own, ctx)
    const talk = startTalk(params, ctx, now)
    const instructions = string(own.instructions)
    const it = run<AssistantState>(
      {
        ...talk,
        phase: 'listening',
        tools: filledIn(own.tools, variables),
        mayHangUp: Array.isArray(own.tools) && own.tools.some((tool) => record(tool).type === 'hangup'),
        insightGroupId: ctx.uuid(),
        insightId: ctx.uuid(),
        instructions: [
          ...(instructions === undefined ? [] : [filledIn(instructions, variables)]),
          ...contentsOf(talk.history, ['system', 'developer']),
        ],
      },
      now,
    )
    if (ctx.settings.emitConversationCreated) it.effects.push(created(talk.conversation))
    const greeting = string(params.greeting) ?? string(own.greeting)
    if (greeting !== undefined) speak(it, filledIn(greeting, variables), 'greeting')
    return it
  },

  step(state: AssistantState, input: AiInput, now: number): Step<AssistantState> {
    const it = run(state, now)
    const { stopped, hangup } = state.ctx.settings.endedReason
    if (state.phase === 'ended') return it
    if (state.phase === 'over') return input.type === 'woke' && input.name === insightsTimer ? insights(it) : it
    switch (input.type) {
      case 'said':
        return hear(it, input.text) ? respond(it) : it
      case 'spoken':
        if (state.phase === 'closing') return hangUp(it)
        if (state.phase !== 'thinking') it.state.phase = 'listening'
        return it
      case 'messages':
        return addMessages(it, input.messages, input.trigger_response)
      case 'stop':
        return end(it, stopped)
      case 'hangup':
        return end(it, hangup)
      case 'model':
        return isOpen(state, input.id) ? takeReply(it, input.reply) : it
      case 'tools':
        return isOpen(state, input.id) ? respond(takeAnswers(it, input.answers)) : it
      case 'key':
      case 'woke':
        return it
    }
  },
}

/** A10: messages are appended; `trigger_response` makes a turn at once, otherwise they shape the next one. */
function addMessages(it: Assistant, messages: readonly Message[], respondNow: boolean): Assistant {
  const { state } = it
  if (state.phase === 'closing') return it
  state.instructions = [...state.instructions, ...contentsOf(messages, ['system', 'developer'])]
  state.whispers = [...state.whispers, ...contentsOf(messages, ['system', 'developer', 'user'])]
  state.history = [...state.history, ...messages]
  if (messages.length > 0 && state.ctx.settings.updateAfterAddMessages) reportHistory(it)
  if (!respondNow) return it
  nextTurn(it)
  return respond(it)
}

function respond(it: Assistant): Assistant {
  const { state } = it
  if (state.ctx.settings.model !== null)
    return consult(it, [
      ...state.instructions,
      'You are on a telephone call: answer in one or two short spoken sentences.',
    ])
  const { whispers } = state
  state.whispers = []
  // What the caller said last, unless it has been answered.
  const last = state.history.findLast(
    ({ role, content }) => role === 'assistant' || (role === 'user' && !whispers.includes(content?.trim() ?? '')),
  )
  const said = last?.role === 'user' ? (last.content ?? '') : ''
  const isGoodbye = whispers.length === 0 && /\b(?:goodbye|good bye|bye)\b/i.test(said)
  if (isGoodbye) return speak(it, 'Thank you for calling. Goodbye.', 'reply', state.mayHangUp ? 'closing' : 'speaking')
  // It repeats, it doesn't understand.
  const heard = said === '' ? [] : [`I heard: ${said}`]
  const next = whispers.length > 0 ? whispers.map(sayWhisper) : ['How can I help you?']
  const sentences = [...heard, ...next].map((words) => (/[.!?]$/.test(words) ? words : `${words}.`))
  return speak(it, sentences.join(' '), 'reply')
}

function takeReply(it: Assistant, answer: ModelReply): Assistant {
  // The engineer at the phone page has to see why there is no answer; a real caller is never on this line.
  if (!answer.ok) return speak(it, answer.error, 'reply')
  const { content, calls } = answer
  const uses = calls.map((call) => useOf(it.state.tools, call))
  const leaving = uses.some(({ type }) => type === 'hangup')
  if (leaving && content === '') return hangUp(it)
  if (content !== '') speak(it, content, 'reply', leaving ? 'closing' : 'speaking')
  if (leaving || useTools(it, calls, uses) || content !== '') return it
  return speak(it, 'I am sorry, could you say that again?', 'reply')
}

function hangUp(it: Assistant): Assistant {
  end(it, it.state.ctx.settings.endedReason.completed)
  it.effects.push({ do: 'hangup' })
  return it
}

/** A7: the conversation ends at once, its insights come later. */
function end(it: Assistant, reason: string | null): Assistant {
  const { state, effects, now } = it
  if (state.phase !== 'listening') effects.push({ do: 'silence' })
  effects.push(ended(state.conversation, reason, now))
  effects.push({ do: 'wake', after: state.ctx.settings.insightsDelayMs, name: insightsTimer })
  state.phase = 'over'
  return it
}

function insights(it: Assistant): Assistant {
  const { state, effects } = it
  const turns = contentsOf(state.history, ['user'])
  const times = `${turns.length} ${turns.length === 1 ? 'time' : 'times'}`
  const result =
    turns.length === 0 ? 'The caller said nothing.' : `The caller spoke ${times}. First: "${turns[0] ?? ''}"`
  emit(effects, 'call.conversation_insights.generated', {
    calling_party_type: state.conversation.callingPartyType,
    insight_group_id: state.insightGroupId,
    results: [{ insight_id: state.insightId, result }],
  })
  effects.push({ do: 'end' })
  state.phase = 'ended'
  return it
}

/** The words of the messages with one of these roles. */
const contentsOf = (messages: readonly Message[], roles: readonly Message['role'][]): string[] =>
  messages
    .filter(({ role }) => roles.includes(role))
    .flatMap(({ content }) => (content === undefined || content.trim() === '' ? [] : [content.trim()]))

/** The caller's own variables, and those Telnyx merges in. */
const variablesOf = (own: Record<string, unknown>, ctx: AiContext): Record<string, unknown> => ({
  telnyx_call_from: ctx.from,
  telnyx_call_to: ctx.to,
  telnyx_conversation_channel: 'phone_call',
  telnyx_agent_target: ctx.to,
  telnyx_end_user_target: ctx.from,
  ...record(own.dynamic_variables),
})

/** `{{name}}` becomes its value, in every string of `value`; an unknown one stays as it is, so that it is noticed. */
function filledIn<Value>(value: Value, variables: Record<string, unknown>): Value {
  const fill = (text: string) =>
    text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (whole, name: string) =>
      Object.hasOwn(variables, name) ? String(variables[name]) : whole,
    )
  return value === undefined
    ? value
    : JSON.parse(JSON.stringify(value), (_, part) => (typeof part === 'string' ? fill(part) : part))
}
