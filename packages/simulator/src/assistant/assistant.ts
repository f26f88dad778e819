/**
 * State machine of `ai_assistant_start`: a rule-based conversation with the webhooks of a real assistant. It speaks the
 * messages that an agent adds in its next reply.
 */
import type { Message, Step } from '../machine/machine.ts'
import type { ModelReply } from '../machine/model.ts'
import { conversationCreated, conversationEnded, record, string } from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { sayWhisper } from './questions.ts'
import {
  addCallerSpeech,
  addToolResults,
  askModel,
  beginStep,
  emit,
  isPendingRequest,
  type MutableStep,
  reportHistory,
  speak,
  startTalk,
  startTurn,
  type TalkState,
  useTools,
} from './talk.ts'
import { toToolUse } from './tools.ts'

/** State of the assistant machine. */
interface AssistantState extends TalkState {
  /** Whether the assistant has the `hangup` tool. If so, it ends the call when the caller says goodbye. */
  readonly canHangUp: boolean
  readonly insightGroupId: string
  readonly insightId: string
  /** The assistant's instructions, followed by system and developer messages. */
  instructions: readonly string[]
}

type AssistantStep = MutableStep<AssistantState>

const INSIGHTS_TIMER = 'insights'

/** The assistant machine. */
export const assistant = {
  start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<AssistantState> {
    const command = record(params.assistant)
    const variables = variablesOf(command, ctx)
    const talk = startTalk(params, ctx, now)
    const instructions = string(command.instructions)
    const step = beginStep<AssistantState>(
      {
        ...talk,
        phase: 'listening',
        tools: fillVariables(command.tools, variables),
        canHangUp: Array.isArray(command.tools) && command.tools.some((tool) => record(tool).type === 'hangup'),
        insightGroupId: ctx.uuid(),
        insightId: ctx.uuid(),
        instructions: [
          ...(instructions === undefined ? [] : [fillVariables(instructions, variables)]),
          ...contentsOf(talk.history, ['system', 'developer']),
        ],
      },
      now,
    )
    if (ctx.settings.emitConversationCreated) step.effects.push(conversationCreated(talk.conversation))
    const greeting = string(params.greeting) ?? string(command.greeting)
    if (greeting !== undefined) speak(step, fillVariables(greeting, variables), 'greeting')
    return step
  },

  step(state: AssistantState, input: AiInput, now: number): Step<AssistantState> {
    const step = beginStep(state, now)
    const { stopped, hangup } = state.ctx.settings.endedReason
    if (state.phase === 'ended') return step
    if (state.phase === 'over')
      return input.type === 'timer' && input.name === INSIGHTS_TIMER ? sendInsights(step) : step
    switch (input.type) {
      case 'said':
        return addCallerSpeech(step, input.text) ? respond(step) : step
      case 'sound-ended':
        if (state.phase === 'closing') return hangUp(step)
        if (state.phase !== 'thinking') step.state.phase = 'listening'
        return step
      case 'messages':
        return addMessages(step, input.messages, input.trigger_response)
      case 'stop':
        return end(step, stopped)
      case 'hangup':
        return end(step, hangup)
      case 'model':
        return isPendingRequest(state, input.id) ? onModelReply(step, input.reply) : step
      case 'tools':
        return isPendingRequest(state, input.id) ? respond(addToolResults(step, input.answers)) : step
      case 'key':
      case 'timer':
        return step
    }
  },
}

/** Appends messages to the history. `trigger_response` replies at once, otherwise the next reply uses them (rule A10). */
function addMessages(step: AssistantStep, messages: readonly Message[], shouldRespond: boolean): AssistantStep {
  const { state } = step
  if (state.phase === 'closing') return step
  state.instructions = [...state.instructions, ...contentsOf(messages, ['system', 'developer'])]
  state.whispers = [...state.whispers, ...contentsOf(messages, ['system', 'developer', 'user'])]
  state.history = [...state.history, ...messages]
  if (messages.length > 0 && state.ctx.settings.updateAfterAddMessages) reportHistory(step)
  if (!shouldRespond) return step
  startTurn(step)
  return respond(step)
}

function respond(step: AssistantStep): AssistantStep {
  const { state } = step
  if (state.ctx.settings.model !== null)
    return askModel(step, [
      ...state.instructions,
      'You are on a telephone call: answer in one or two short spoken sentences.',
    ])
  const { whispers } = state
  state.whispers = []
  // The caller's last speech, unless the assistant has already replied to it.
  const last = state.history.findLast(
    ({ role, content }) => role === 'assistant' || (role === 'user' && !whispers.includes(content?.trim() ?? '')),
  )
  const said = last?.role === 'user' ? (last.content ?? '') : ''
  const isGoodbye = whispers.length === 0 && /\b(?:goodbye|good bye|bye)\b/i.test(said)
  if (isGoodbye)
    return speak(step, 'Thank you for calling. Goodbye.', 'reply', state.canHangUp ? 'closing' : 'speaking')
  const heard = said === '' ? [] : [`I heard: ${said}`]
  const next = whispers.length > 0 ? whispers.map(sayWhisper) : ['How can I help you?']
  const sentences = [...heard, ...next].map((words) => (/[.!?]$/.test(words) ? words : `${words}.`))
  return speak(step, sentences.join(' '), 'reply')
}

function onModelReply(step: AssistantStep, reply: ModelReply): AssistantStep {
  // Speak the error, so that the engineer on the phone page sees it. No real caller uses the simulator.
  if (!reply.ok) return speak(step, reply.error, 'reply')
  const { content, calls } = reply
  const uses = calls.map((call) => toToolUse(step.state.tools, call))
  const shouldHangUp = uses.some(({ type }) => type === 'hangup')
  if (shouldHangUp && content === '') return hangUp(step)
  if (content !== '') speak(step, content, 'reply', shouldHangUp ? 'closing' : 'speaking')
  if (shouldHangUp || useTools(step, calls, uses) || content !== '') return step
  return speak(step, 'I am sorry, could you say that again?', 'reply')
}

function hangUp(step: AssistantStep): AssistantStep {
  end(step, step.state.ctx.settings.endedReason.completed)
  step.effects.push({ do: 'hangup' })
  return step
}

/** Ends the conversation immediately and sends its insights later (rule A7). */
function end(step: AssistantStep, reason: string | null): AssistantStep {
  const { state, effects, now } = step
  if (state.phase !== 'listening') effects.push({ do: 'stop-sound' })
  effects.push(conversationEnded(state.conversation, reason, now))
  effects.push({ do: 'set-timer', after: state.ctx.settings.insightsDelayMs, name: INSIGHTS_TIMER })
  state.phase = 'over'
  return step
}

function sendInsights(step: AssistantStep): AssistantStep {
  const { state, effects } = step
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
  return step
}

/** Returns the contents of the messages with one of these roles. */
const contentsOf = (messages: readonly Message[], roles: readonly Message['role'][]): string[] =>
  messages
    .filter(({ role }) => roles.includes(role))
    .flatMap(({ content }) => (content === undefined || content.trim() === '' ? [] : [content.trim()]))

/** Merges the command's `dynamic_variables` with Telnyx's own variables. */
const variablesOf = (own: Record<string, unknown>, ctx: AiContext): Record<string, unknown> => ({
  telnyx_call_from: ctx.from,
  telnyx_call_to: ctx.to,
  telnyx_conversation_channel: 'phone_call',
  telnyx_agent_target: ctx.to,
  telnyx_end_user_target: ctx.from,
  ...record(own.dynamic_variables),
})

/** Replaces `{{name}}` variables in every string of `value`. Keeps unknown variables, so that the engineer notices them. */
function fillVariables<Value>(value: Value, variables: Record<string, unknown>): Value {
  const fill = (text: string) =>
    text.replace(/\{\{\s*([\w.-]+)\s*\}\}/g, (whole, name: string) =>
      Object.hasOwn(variables, name) ? String(variables[name]) : whole,
    )
  return value === undefined
    ? value
    : JSON.parse(JSON.stringify(value), (_, part) => (typeof part === 'string' ? fill(part) : part))
}
