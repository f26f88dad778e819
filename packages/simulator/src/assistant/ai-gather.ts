/**
 * `gather_using_ai` as a state machine: asks for each property of the JSON Schema in turn, listens, and
 * ends when every required property is in and Ajv says the result conforms.
 *
 * One turn: the caller's words answer the open question (or, as a JSON object, several fields) → the answer goes into the
 * draft → webhooks if asked for → the next question. It understands no language: that is a model's work. The machine has
 * no clock (time comes in with each input) and no randomness.
 */

import type { Message, Step } from '../machine/machine.ts'
import { answered, consult, heed } from './ai-gather-model.ts'
import {
  ask,
  finish,
  giveUp,
  keep,
  keepAndAsk,
  plainSpeech,
  type Run,
  remember,
  reportHistory,
  set,
  speak,
} from './ai-gather-run.ts'
import {
  type AiGatherParams,
  type AiGatherState,
  collected,
  initial,
  isComplete,
  isRequired,
  nextSlot,
  walked,
} from './ai-gather-state.ts'
import { readAnswer, readNamed } from './answers.ts'
import { created, string } from './conversation.ts'
import type { AiContext, AiInput } from './input.ts'
import { hint } from './questions.ts'
import type { Slot } from './slots.ts'

const answerTimer = 'user-response'
const openingTimer = 'opening'

/** The AI gather machine. */
export const aiGather = {
  start(params: AiGatherParams, ctx: AiContext, now: number): Step<AiGatherState> {
    const run: Run = { state: initial(params, ctx, now), effects: [] }
    set(run, { asked: nextSlot(run.state)?.id })
    const { state } = run
    if (ctx.settings.emitConversationCreated) run.effects.push(created(state.conversation))
    const greeting = string(params.greeting)
    if (greeting !== undefined) {
      speak(run, plainSpeech(greeting), 'greeting', /\?/.test(greeting) ? 'listen' : 'ask')
    } else if (state.history.some(({ role }) => role === 'user' || role === 'assistant')) {
      ask(run, '', now)
    } else {
      const pause = ctx.settings.openingPauseMs ?? state.options.responseTimeoutMs
      run.effects.push({ do: 'wake', after: pause, name: openingTimer })
    }
    return run
  },

  step(state: AiGatherState, input: AiInput, now: number): Step<AiGatherState> {
    const run: Run = { state, effects: [] }
    if (state.phase === 'ended') return run
    switch (input.type) {
      case 'said':
        said(run, input.text, now)
        break
      case 'spoken':
        spoken(run, now)
        break
      case 'woke':
        woke(run, input.name, now)
        break
      case 'messages':
        addMessages(run, input.messages, input.trigger_response, now)
        break
      case 'stop':
        leave(run, state.ctx.settings.endedReason.stopped, now)
        break
      case 'hangup':
        leave(run, state.ctx.settings.endedReason.hangup, now)
        break
      case 'model':
        heed(run, input.id, input.reply, now)
        break
      case 'tools':
        answered(run, input.id, input.answers, now)
        break
      case 'key':
        // Keys are the call's own affair (`call.dtmf.received`); the conversation is by voice.
        break
    }
    return run
  },
}

function said(run: Run, text: string, now: number): Run {
  const { phase, options, calling } = run.state
  if (phase === 'closing' || text.trim() === '') return run
  if (phase === 'speaking' && !options.interruptible) return run
  // A model may say something and call a tool in one answer, and thinks while it is heard.
  if (phase === 'speaking' || calling.length > 0) run.effects.push({ do: 'silence' })
  run.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  set(run, { phase: 'listening', silences: 0, turn: run.state.turn + 1, rounds: 0 })
  remember(run, { role: 'user', content: text.trim() })
  return run.state.ctx.settings.model === null ? answer(run, text.trim(), now) : consult(run, now)
}

function spoken(run: Run, now: number): Run {
  const { phase, next, options } = run.state
  if (phase === 'closing') return finish(run, now)
  if (phase !== 'speaking') return run
  if (next === 'ask') return ask(run, '', now)
  set(run, { phase: 'listening' })
  run.effects.push({ do: 'wake', after: options.responseTimeoutMs, name: answerTimer })
  return run
}

function woke(run: Run, name: string, now: number): Run {
  const { phase, silences, ctx } = run.state
  if (name === openingTimer && phase === 'opening') return ask(run, '', now)
  if (name !== answerTimer || phase !== 'listening') return run
  if (silences + 1 >= ctx.settings.silencesBeforeGivingUp) {
    const lost = ctx.settings.gaveUpStatus === 'client_error'
    set(run, {
      outcome: {
        status: ctx.settings.gaveUpStatus,
        result: lost ? null : collected(run.state),
        reason: ctx.settings.endedReason.gaveUp,
      },
    })
    return finish(run, now)
  }
  set(run, { silences: silences + 1 })
  return ask(run, silences === 0 ? 'Are you still there?' : 'I am afraid I cannot hear you.', now)
}

/** The caller's words, without a model: they answer the open question, or several fields as a JSON object. */
function answer(run: Run, words: string, now: number): Run {
  const { slots } = walked(run.state)
  if (words.startsWith('{')) {
    const named = readNamed(slots, words)
    if (named.length > 0) return keepAndAsk(run, named, now)
  }
  const slot = slots.find(({ id }) => id === run.state.asked)
  if (!slot) return ask(run, '', now)
  const value = readAnswer(slot, words)
  return value === undefined ? misunderstood(run, slot, now) : keepAndAsk(run, [{ slot, value }], now)
}

function misunderstood(run: Run, slot: Slot, now: number): Run {
  const { state } = run
  const times = (state.confusions[slot.id] ?? 0) + 1
  set(run, { confusions: { ...state.confusions, [slot.id]: times } })
  if (times >= 2 && !isRequired(state, slot)) set(run, { passed: [...state.passed, slot.id] })
  if (times >= state.ctx.settings.misunderstandingsBeforeGivingUp) {
    return giveUp(run, `I am sorry, I could not get your ${slot.label}.`, now)
  }
  return ask(run, ['Sorry, I did not catch that.', hint(slot)].filter((part) => part !== '').join(' '), now)
}

/** Messages added from outside: what they name fills fields, the rest is said in the next reply. */
function addMessages(run: Run, messages: readonly Message[], respond: boolean, now: number): Run {
  if (run.state.phase === 'closing') return run
  set(run, { turn: run.state.turn + 1, rounds: 0 })
  const filled: { slot: Slot; value: unknown }[] = []
  for (const { role, content } of messages) {
    if (content === undefined || content.trim() === '') continue
    if (role === 'user' || role === 'assistant') set(run, { history: [...run.state.history, { role, content }] })
    if (role === 'assistant' || role === 'tool') continue
    const named = readNamed(walked(run.state).slots, content)
    if (named.length === 0) set(run, { whispers: [...run.state.whispers, content] })
    filled.push(...named)
  }
  if (messages.length > 0 && run.state.ctx.settings.updateAfterAddMessages) reportHistory(run)
  keep(run, filled)
  if (!respond && !isComplete(run.state)) return run
  const { phase } = run.state
  if (phase === 'speaking') run.effects.push({ do: 'silence' })
  run.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  if (run.state.ctx.settings.model !== null && !isComplete(run.state)) return consult(run, now)
  return ask(run, '', now)
}

/** Stopped or hung up: what was collected goes out at once. */
function leave(run: Run, reason: string | null, now: number): Run {
  const { outcome, phase } = run.state
  if (phase === 'speaking' || phase === 'closing') run.effects.push({ do: 'silence' })
  run.effects.push({ do: 'unwake', name: answerTimer }, { do: 'unwake', name: openingTimer })
  set(run, {
    leaving: false,
    outcome:
      outcome === undefined ? { status: 'invalid', result: collected(run.state), reason } : { ...outcome, reason },
  })
  return finish(run, now)
}
