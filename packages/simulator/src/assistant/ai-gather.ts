/**
 * `gather_using_ai` as a state machine: asks for each property of the JSON Schema in turn, listens, and
 * ends when every required property is in and Ajv says the result conforms.
 *
 * One turn: the caller's words answer the open question (or, as a JSON object, several fields) → the answer goes into the
 * draft → webhooks if asked for → the next question. It understands no language: that is a model's work, which talks and
 * reports what it learns through one function; whether an answer counts is decided here, by the schema. The machine has
 * no clock (time comes in with each input) and no randomness.
 */
import type { Message, Step } from '../machine/machine.ts'
import type { ModelReply } from '../machine/model.ts'
import {
  ask,
  close,
  finish,
  type Gather,
  giveUp,
  keep,
  keepAndAsk,
  plainSpeech,
  type SlotAnswer,
} from './ai-gather-asking.ts'
import {
  type AiGatherState,
  answersOf,
  collected,
  initial,
  isComplete,
  isRequired,
  nextSlot,
  walked,
} from './ai-gather-state.ts'
import { conforms, readAnswer, readNamed, valueAt } from './answers.ts'
import { created, string } from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { hint } from './questions.ts'
import type { Slot } from './slots.ts'
import { consult, hear, isOpen, nextTurn, reportHistory, run, speak, takeAnswers, useTools } from './talk.ts'
import { useOf } from './tools.ts'

const answerTimer = 'user-response'
const openingTimer = 'opening'
/** The function through which a model reports what it learns. */
const recorder = 'record_answers'

/** The AI gather machine. */
export const aiGather = {
  start(params: Record<string, unknown>, ctx: AiContext, now: number): Step<AiGatherState> {
    const it = run(initial(params, ctx, now), now)
    const { state } = it
    state.asked = nextSlot(state)?.id
    if (ctx.settings.emitConversationCreated) it.effects.push(created(state.conversation))
    const greeting = string(params.greeting)
    if (greeting !== undefined) {
      if (!greeting.includes('?')) state.next = 'ask'
      speak(it, plainSpeech(greeting), 'greeting')
    } else if (state.history.some(({ role }) => role === 'user' || role === 'assistant')) {
      ask(it)
    } else {
      const pause = ctx.settings.openingPauseMs ?? state.responseTimeoutMs
      it.effects.push({ do: 'wake', after: pause, name: openingTimer })
    }
    return it
  },

  step(state: AiGatherState, input: AiInput, now: number): Step<AiGatherState> {
    const it = run(state, now)
    if (state.phase === 'ended') return it
    switch (input.type) {
      case 'said':
        return said(it, input.text)
      case 'spoken':
        return spoken(it)
      case 'woke':
        return woke(it, input.name)
      case 'messages':
        return addMessages(it, input.messages, input.trigger_response)
      case 'stop':
      case 'hangup':
        return leave(it, state.ctx.settings.endedReason[input.type === 'stop' ? 'stopped' : 'hangup'])
      case 'model':
        return isOpen(state, input.id) ? takeReply(it, input.reply) : it
      case 'tools':
        return isOpen(state, input.id) ? consultModel(takeAnswers(it, input.answers)) : it
      case 'key':
        // Keys are the call's own affair (`call.dtmf.received`); the conversation is by voice.
        return it
    }
  },
}

function said(it: Gather, text: string): Gather {
  const { state } = it
  if (!hear(it, text)) return it
  stopWaiting(it)
  state.phase = 'listening'
  state.silences = 0
  return state.ctx.settings.model === null ? answer(it, text.trim()) : consultModel(it)
}

function stopWaiting({ effects }: Gather): void {
  effects.push({ do: 'unwake', name: answerTimer }, { do: 'unwake', name: openingTimer })
}

function spoken(it: Gather): Gather {
  const { state } = it
  if (state.phase === 'closing') return finish(it)
  if (state.phase !== 'speaking') return it
  if (state.next === 'ask') return ask(it)
  state.phase = 'listening'
  it.effects.push({ do: 'wake', after: state.responseTimeoutMs, name: answerTimer })
  return it
}

function woke(it: Gather, name: string): Gather {
  const { state } = it
  const { silencesBeforeGivingUp, gaveUpStatus } = state.ctx.settings
  if (name === openingTimer && state.phase === 'opening') return ask(it)
  if (name !== answerTimer || state.phase !== 'listening') return it
  state.silences += 1
  if (state.silences < silencesBeforeGivingUp)
    return ask(it, state.silences === 1 ? 'Are you still there?' : 'I am afraid I cannot hear you.')
  return gaveUpStatus === 'client_error' ? fail(it, '') : giveUp(it)
}

/** Ends `client_error`, as the real platform was seen to. */
function fail(it: Gather, words: string): Gather {
  it.state.outcome = { status: 'client_error', result: null, reason: it.state.ctx.settings.endedReason.gaveUp }
  return close(it, words)
}

/** The caller's words, without a model: they answer the open question, or several fields as a JSON object. */
function answer(it: Gather, words: string): Gather {
  const { slots } = walked(it.state)
  const named = words.startsWith('{') ? readNamed(slots, words) : []
  if (named.length > 0) return keepAndAsk(it, named)
  const slot = slots.find(({ id }) => id === it.state.asked)
  if (!slot) return ask(it)
  const value = readAnswer(slot, words)
  return value === undefined ? misunderstood(it, slot) : keepAndAsk(it, [{ slot, value }])
}

function misunderstood(it: Gather, slot: Slot): Gather {
  const { state } = it
  const times = (state.confusions[slot.id] ?? 0) + 1
  state.confusions = { ...state.confusions, [slot.id]: times }
  if (times >= 2 && !isRequired(state, slot)) state.passed = [...state.passed, slot.id]
  if (times >= state.ctx.settings.misunderstandingsBeforeGivingUp)
    return giveUp(it, `I am sorry, I could not get your ${slot.label}.`)
  return ask(it, ['Sorry, I did not catch that.', hint(slot)].filter((part) => part !== '').join(' '))
}

/** Messages added from outside: what they name fills fields, the rest is said in the next reply. */
function addMessages(it: Gather, messages: readonly Message[], respond: boolean): Gather {
  const { state } = it
  if (state.phase === 'closing') return it
  const filled: SlotAnswer[] = []
  for (const { role, content } of messages) {
    if (content === undefined || content.trim() === '') continue
    if (role === 'user' || role === 'assistant') state.history = [...state.history, { role, content }]
    if (role === 'assistant' || role === 'tool') continue
    const named = readNamed(walked(state).slots, content)
    if (named.length === 0) state.whispers = [...state.whispers, content]
    filled.push(...named)
  }
  if (messages.length > 0 && state.ctx.settings.updateAfterAddMessages) reportHistory(it)
  keep(it, filled)
  if (!respond && !isComplete(state)) return it
  nextTurn(it)
  stopWaiting(it)
  if (state.ctx.settings.model !== null && !isComplete(state)) return consultModel(it)
  return ask(it)
}

/** Stopped or hung up: what was collected goes out at once. */
function leave(it: Gather, reason: string | null): Gather {
  const { state } = it
  if (state.phase === 'speaking' || state.phase === 'closing') it.effects.push({ do: 'silence' })
  stopWaiting(it)
  state.leaving = false
  state.outcome = { status: 'invalid', result: collected(state), ...state.outcome, reason }
  return finish(it)
}

function consultModel(it: Gather): Gather {
  const { instructions, whispers, parameters, ctx } = it.state
  const today = new Date(it.now + ctx.settings.utcOffsetMinutes * 60_000).toISOString().slice(0, 10)
  const system = [
    instructions ?? 'You are a friendly assistant on a telephone call.',
    `Today is ${today}.`,
    `Collect from the caller what the function ${recorder} takes. Ask for one thing at a time, in short spoken sentences. Call ${recorder} as soon as you learn or correct something, and say the next question in the same answer.`,
    `Collected so far: ${JSON.stringify(answersOf(it.state))}.`,
    ...whispers,
  ]
  const { required: _, ...optional } = parameters
  const description = 'Records what the caller said.'
  return consult(it, system, [{ type: 'function', function: { name: recorder, description, parameters: optional } }])
}

/** What the model said: its answers are kept, its words spoken. */
function takeReply(it: Gather, reply: ModelReply): Gather {
  const { state } = it
  // The engineer at the phone page has to see why; a real caller is never on this line.
  if (!reply.ok) return fail(it, reply.error)
  const { content } = reply
  const recorded = reply.calls.filter(({ name }) => name === recorder)
  keep(
    it,
    recorded.flatMap((call) => answersIn(state, call.arguments)),
  )
  const calls = reply.calls.filter(({ name }) => name !== recorder)
  const uses = calls.map((call) => useOf(state.tools, call))
  state.next = 'listen'
  if (uses.some(({ type }) => type === 'hangup')) return hangUp(it, content)
  if (isComplete(state)) return ask(it)
  if (content !== '') speak(it, content, uses.length > 0 ? 'reply' : 'question')
  return useTools(it, calls, uses) || content !== '' ? it : ask(it)
}

/** The model hangs up: with what was collected, after its last words. */
function hangUp(it: Gather, words: string): Gather {
  const { state } = it
  const { completed, gaveUp } = state.ctx.settings.endedReason
  state.outcome = isComplete(state)
    ? { status: 'valid', result: answersOf(state), reason: completed }
    : { status: 'invalid', result: collected(state), reason: gaveUp }
  state.leaving = true
  return close(it, words)
}

/** What is new in the answers of a model, as far as it conforms. */
function answersIn(state: AiGatherState, given: Record<string, unknown>): SlotAnswer[] {
  return walked(state).slots.flatMap((slot) => {
    const value = valueAt(given, slot.path)
    const isNew = value !== undefined && JSON.stringify(value) !== JSON.stringify(state.draft[slot.id]?.value)
    return isNew && conforms(slot.whole, value) ? [{ slot, value }] : []
  })
}
