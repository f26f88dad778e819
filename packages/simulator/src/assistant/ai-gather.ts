/**
 * State machine of `gather_using_ai`: asks for each property of the JSON Schema and ends when the result is valid.
 *
 * Without a model, the caller's speech answers the last question, or several fields as a JSON object. A model holds the
 * conversation itself and reports answers through one function. In both cases the schema decides whether an answer counts.
 * The machine is deterministic: each step gets the current time as an argument.
 */
import type { Message, Step } from '../machine/machine.ts'
import type { ModelReply } from '../machine/model.ts'
import {
  ask,
  finish,
  type GatherStep,
  giveUp,
  plainSpeech,
  recordAndAsk,
  recordAnswers,
  type SlotAnswer,
  sayLastWords,
} from './ai-gather-actions.ts'
import {
  type AiGatherState,
  answersOf,
  fieldsOf,
  initialState,
  isComplete,
  isRequired,
  nextSlot,
  partialResultOf,
} from './ai-gather-state.ts'
import { conforms, readAnswer, readNamedAnswers, valueAt } from './answers.ts'
import { conversationCreated, string } from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { hintFor } from './questions.ts'
import type { Slot } from './slots.ts'
import {
  addCallerSpeech,
  addToolResults,
  askModel,
  beginStep,
  isPendingRequest,
  reportHistory,
  speak,
  startTurn,
  useTools,
} from './talk.ts'
import { toToolUse } from './tools.ts'

const ANSWER_TIMER = 'user-response'
const OPENING_TIMER = 'opening'
/** Name of the function that a model calls to report answers. */
const RECORDER_TOOL = 'record_answers'

/** The AI gather machine. */
export const aiGather = {
  start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<AiGatherState> {
    const step = beginStep(initialState(params, ctx, now), now)
    const { state } = step
    state.openSlotId = nextSlot(state)?.id
    if (ctx.settings.emitConversationCreated) step.effects.push(conversationCreated(state.conversation))
    const greeting = string(params.greeting)
    if (greeting !== undefined) {
      if (!greeting.includes('?')) state.afterSpeech = 'ask'
      speak(step, plainSpeech(greeting), 'greeting')
    } else if (state.history.some(({ role }) => role === 'user' || role === 'assistant')) {
      ask(step)
    } else {
      const pause = ctx.settings.openingPauseMs ?? state.responseTimeoutMs
      step.effects.push({ do: 'set-timer', after: pause, name: OPENING_TIMER })
    }
    return step
  },

  step(state: AiGatherState, input: AiInput, now: number): Step<AiGatherState> {
    const step = beginStep(state, now)
    if (state.phase === 'ended') return step
    switch (input.type) {
      case 'said':
        return onSpeech(step, input.text)
      case 'sound-ended':
        return onSoundEnded(step)
      case 'timer':
        return onTimer(step, input.name)
      case 'messages':
        return addMessages(step, input.messages, input.trigger_response)
      case 'stop':
      case 'hangup':
        return endEarly(step, state.ctx.settings.endedReason[input.type === 'stop' ? 'stopped' : 'hangup'])
      case 'model':
        return isPendingRequest(state, input.id) ? onModelReply(step, input.reply) : step
      case 'tools':
        return isPendingRequest(state, input.id) ? consultModel(addToolResults(step, input.answers)) : step
      case 'key':
        // An AI gather ignores keys. The call emits `call.dtmf.received`.
        return step
    }
  },
}

function onSpeech(step: GatherStep, text: string): GatherStep {
  const { state } = step
  if (!addCallerSpeech(step, text)) return step
  stopWaiting(step)
  state.phase = 'listening'
  state.silenceCount = 0
  return state.ctx.settings.model === null ? recordSpokenAnswer(step, text.trim()) : consultModel(step)
}

function stopWaiting({ effects }: GatherStep): void {
  effects.push({ do: 'clear-timer', name: ANSWER_TIMER }, { do: 'clear-timer', name: OPENING_TIMER })
}

function onSoundEnded(step: GatherStep): GatherStep {
  const { state } = step
  if (state.phase === 'closing') return finish(step)
  if (state.phase !== 'speaking') return step
  if (state.afterSpeech === 'ask') return ask(step)
  state.phase = 'listening'
  step.effects.push({ do: 'set-timer', after: state.responseTimeoutMs, name: ANSWER_TIMER })
  return step
}

function onTimer(step: GatherStep, name: string): GatherStep {
  const { state } = step
  const { silencesBeforeGivingUp, gaveUpStatus } = state.ctx.settings
  if (name === OPENING_TIMER && state.phase === 'opening') return ask(step)
  if (name !== ANSWER_TIMER || state.phase !== 'listening') return step
  state.silenceCount += 1
  if (state.silenceCount < silencesBeforeGivingUp)
    return ask(step, state.silenceCount === 1 ? 'Are you still there?' : 'I am afraid I cannot hear you.')
  return gaveUpStatus === 'client_error' ? endWithError(step, '') : giveUp(step)
}

/** Ends the gather as `client_error`, as a user observed on the real platform. */
function endWithError(step: GatherStep, words: string): GatherStep {
  step.state.outcome = { status: 'client_error', result: null, reason: step.state.ctx.settings.endedReason.gaveUp }
  return sayLastWords(step, words)
}

/** Without a model: takes the caller's speech as the answer to the last question, or as a JSON object of several fields. */
function recordSpokenAnswer(step: GatherStep, words: string): GatherStep {
  const { slots } = fieldsOf(step.state)
  const named = words.startsWith('{') ? readNamedAnswers(slots, words) : []
  if (named.length > 0) return recordAndAsk(step, named)
  const slot = slots.find(({ id }) => id === step.state.openSlotId)
  if (!slot) return ask(step)
  const value = readAnswer(slot, words)
  return value === undefined ? askAgain(step, slot) : recordAndAsk(step, [{ slot, value }])
}

function askAgain(step: GatherStep, slot: Slot): GatherStep {
  const { state } = step
  const count = (state.misunderstandings[slot.id] ?? 0) + 1
  state.misunderstandings = { ...state.misunderstandings, [slot.id]: count }
  if (count >= 2 && !isRequired(state, slot)) state.skippedSlotIds = [...state.skippedSlotIds, slot.id]
  if (count >= state.ctx.settings.misunderstandingsBeforeGivingUp)
    return giveUp(step, `I am sorry, I could not get your ${slot.label}.`)
  return ask(step, ['Sorry, I did not catch that.', hintFor(slot)].filter((part) => part !== '').join(' '))
}

/** Adds an agent's messages. Records answers of the fields they name, and speaks other messages in the next reply. */
function addMessages(step: GatherStep, messages: readonly Message[], shouldRespond: boolean): GatherStep {
  const { state } = step
  if (state.phase === 'closing') return step
  const answers: SlotAnswer[] = []
  for (const { role, content } of messages) {
    if (content === undefined || content.trim() === '') continue
    if (role === 'user' || role === 'assistant') state.history = [...state.history, { role, content }]
    if (role === 'assistant' || role === 'tool') continue
    const named = readNamedAnswers(fieldsOf(state).slots, content)
    if (named.length === 0) state.whispers = [...state.whispers, content]
    answers.push(...named)
  }
  if (messages.length > 0 && state.ctx.settings.updateAfterAddMessages) reportHistory(step)
  recordAnswers(step, answers)
  if (!shouldRespond && !isComplete(state)) return step
  startTurn(step)
  stopWaiting(step)
  if (state.ctx.settings.model !== null && !isComplete(state)) return consultModel(step)
  return ask(step)
}

/** Ends the gather immediately with its partial result, on stop or hangup. */
function endEarly(step: GatherStep, reason: string | null): GatherStep {
  const { state } = step
  if (state.phase === 'speaking' || state.phase === 'closing') step.effects.push({ do: 'stop-sound' })
  stopWaiting(step)
  state.shouldHangUp = false
  state.outcome = { status: 'invalid', result: partialResultOf(state), ...state.outcome, reason }
  return finish(step)
}

function consultModel(step: GatherStep): GatherStep {
  const { instructions, whispers, parameters, ctx } = step.state
  const today = new Date(step.now + ctx.settings.utcOffsetMinutes * 60_000).toISOString().slice(0, 10)
  const system = [
    instructions ?? 'You are a friendly assistant on a telephone call.',
    `Today is ${today}.`,
    `Collect from the caller what the function ${RECORDER_TOOL} takes. Ask for one thing at a time, in short spoken sentences. Call ${RECORDER_TOOL} as soon as you learn or correct something, and say the next question in the same answer.`,
    `Collected so far: ${JSON.stringify(answersOf(step.state))}.`,
    ...whispers,
  ]
  const { required: _, ...optional } = parameters
  const description = 'Records what the caller said.'
  return askModel(step, system, [
    { type: 'function', function: { name: RECORDER_TOOL, description, parameters: optional } },
  ])
}

/** Records the answers of a model's reply and speaks its content. */
function onModelReply(step: GatherStep, reply: ModelReply): GatherStep {
  const { state } = step
  // Speak the error, so that the engineer on the phone page sees it. No real caller uses the simulator.
  if (!reply.ok) return endWithError(step, reply.error)
  const { content } = reply
  const recordCalls = reply.calls.filter(({ name }) => name === RECORDER_TOOL)
  recordAnswers(
    step,
    recordCalls.flatMap((call) => newAnswersOf(state, call.arguments)),
  )
  const toolCalls = reply.calls.filter(({ name }) => name !== RECORDER_TOOL)
  const uses = toolCalls.map((call) => toToolUse(state.tools, call))
  state.afterSpeech = 'listen'
  if (uses.some(({ type }) => type === 'hangup')) return hangUp(step, content)
  if (isComplete(state)) return ask(step)
  if (content !== '') speak(step, content, uses.length > 0 ? 'reply' : 'question')
  return useTools(step, toolCalls, uses) || content !== '' ? step : ask(step)
}

/** Ends the gather and hangs up, after speaking the model's closing `words`. */
function hangUp(step: GatherStep, words: string): GatherStep {
  const { state } = step
  const { completed, gaveUp } = state.ctx.settings.endedReason
  state.outcome = isComplete(state)
    ? { status: 'valid', result: answersOf(state), reason: completed }
    : { status: 'invalid', result: partialResultOf(state), reason: gaveUp }
  state.shouldHangUp = true
  return sayLastWords(step, words)
}

/** Returns a model's answers that are valid and differ from the draft. */
function newAnswersOf(state: AiGatherState, reported: Record<string, unknown>): SlotAnswer[] {
  return fieldsOf(state).slots.flatMap((slot) => {
    const value = valueAt(reported, slot.path)
    const isNew = value !== undefined && JSON.stringify(value) !== JSON.stringify(state.draft[slot.id]?.value)
    return isNew && conforms(slot.valueSchema, value) ? [{ slot, value }] : []
  })
}
