/**
 * `gather_using_ai` as a state machine: asks for each property of the JSON Schema in turn, listens, corrects itself, and
 * ends when every required property is in and Ajv says the result conforms.
 *
 * One turn goes: caller's words → `understand` → answers into the draft → webhooks if asked for → the next question. The
 * machine has no clock (time comes in with each input) and no randomness.
 */
import type { AiContext, AiInput, Message, Step } from '../../machine.ts'
import { created, string } from '../conversation.ts'
import { readBack } from '../questions.ts'
import type { Slot } from '../schema/slots.ts'
import { understandNamed } from '../understand/turn.ts'
import { answered, consult, heed } from './by-model.ts'
import { type Draw, finish, historyUpdated, keep, partialResults, remember, set, speak } from './draw.ts'
import {
  type AiGatherParams,
  type AiGatherState,
  collected,
  contextOf,
  initial,
  isComplete,
  nextQuestion,
} from './progress.ts'
import { answer, ask, plainSpeech } from './turn.ts'

const answerTimer = 'user-response'
const openingTimer = 'opening'

/** The AI gather machine. */
export const aiGather = {
  start(params: AiGatherParams, ctx: AiContext, now: number): Step<AiGatherState> {
    const draw: Draw = { state: initial(params, ctx, now), effects: [] }
    set(draw, { asked: nextQuestion(draw.state) })
    const { state } = draw
    if (ctx.settings.emitConversationCreated) draw.effects.push(created(state.conversation))
    const greeting = string(params.greeting)
    if (greeting !== undefined) {
      speak(draw, plainSpeech(greeting), 'greeting', /\?/.test(greeting) ? 'listen' : 'ask')
    } else if (state.history.some(({ role }) => role === 'user' || role === 'assistant')) {
      ask(draw, '', now)
    } else {
      const pause = ctx.settings.openingPauseMs ?? state.options.responseTimeoutMs
      draw.effects.push({ do: 'wake', after: pause, name: openingTimer })
    }
    return draw
  },

  step(state: AiGatherState, input: AiInput, now: number): Step<AiGatherState> {
    const draw: Draw = { state, effects: [] }
    if (state.phase === 'ended') return draw
    switch (input.type) {
      case 'said':
        said(draw, input.text, now)
        break
      case 'spoken':
        spoken(draw, now)
        break
      case 'woke':
        woke(draw, input.name, now)
        break
      case 'messages':
        told(draw, input.messages, input.trigger_response, now)
        break
      case 'stop':
        leave(draw, state.ctx.settings.endedReason.stopped, now)
        break
      case 'hangup':
        leave(draw, state.ctx.settings.endedReason.hangup, now)
        break
      case 'model':
        heed(draw, input.id, input.reply, now)
        break
      case 'tools':
        answered(draw, input.id, input.answers, now)
        break
      case 'key':
        // Keys are the call's own affair (`call.dtmf.received`); the conversation is by voice.
        break
    }
    return draw
  },
}

function said(draw: Draw, text: string, now: number): Draw {
  const { phase, options, calling } = draw.state
  if (phase === 'closing' || text.trim() === '') return draw
  if (phase === 'speaking' && !options.interruptible) return draw
  // A model may say something and call a tool in one answer, and thinks while it is heard.
  if (phase === 'speaking' || calling.length > 0) draw.effects.push({ do: 'silence' })
  draw.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  set(draw, { phase: 'listening', silences: 0, turn: draw.state.turn + 1, rounds: 0 })
  remember(draw, { role: 'user', content: text.trim() })
  return draw.state.ctx.settings.model === null ? answer(draw, text.trim(), now) : consult(draw, now)
}

function spoken(draw: Draw, now: number): Draw {
  const { phase, next, options } = draw.state
  if (phase === 'closing') return finish(draw, now)
  if (phase !== 'speaking') return draw
  if (next === 'ask') return ask(draw, '', now)
  set(draw, { phase: 'listening' })
  draw.effects.push({ do: 'wake', after: options.responseTimeoutMs, name: answerTimer })
  return draw
}

function woke(draw: Draw, name: string, now: number): Draw {
  const { phase, silences, ctx } = draw.state
  if (name === openingTimer && phase === 'opening') return ask(draw, '', now)
  if (name !== answerTimer || phase !== 'listening') return draw
  if (silences + 1 >= ctx.settings.silencesBeforeGivingUp) {
    const lost = ctx.settings.gaveUpStatus === 'client_error'
    set(draw, {
      outcome: {
        status: ctx.settings.gaveUpStatus,
        result: lost ? null : collected(draw.state),
        reason: ctx.settings.endedReason.gaveUp,
      },
    })
    return finish(draw, now)
  }
  set(draw, { silences: silences + 1 })
  return ask(draw, silences === 0 ? 'Are you still there?' : 'I am afraid I cannot hear you.', now)
}

/** Messages added from outside: what they name fills fields, what they order is done in the next reply. */
function told(draw: Draw, messages: readonly Message[], respond: boolean, now: number): Draw {
  if (draw.state.phase === 'closing') return draw
  set(draw, { turn: draw.state.turn + 1, rounds: 0 })
  const filled: { slot: Slot; value: unknown; corrected: boolean }[] = []
  for (const { role, content } of messages) {
    if (content === undefined || content.trim() === '') continue
    if (role === 'user' || role === 'assistant') set(draw, { history: [...draw.state.history, { role, content }] })
    if (role === 'assistant' || role === 'tool') continue
    const named = understandNamed(content, contextOf(draw.state, now))
    if (named.length === 0) set(draw, { whispers: [...draw.state.whispers, content] })
    filled.push(...named)
    keep(draw, named)
  }
  if (messages.length > 0 && draw.state.ctx.settings.updateAfterAddMessages) historyUpdated(draw)
  if (filled.length > 0) partialResults(draw)
  if (!respond && !isComplete(draw.state)) return draw
  const { phase } = draw.state
  if (phase === 'speaking') draw.effects.push({ do: 'silence' })
  draw.effects.push({ do: 'unwake', name: phase === 'opening' ? openingTimer : answerTimer })
  if (draw.state.ctx.settings.model !== null && !isComplete(draw.state)) return consult(draw, now)
  return ask(draw, filled.length > 0 && draw.state.ctx.settings.readBack ? readBack(filled, draw.state.turn) : '', now)
}

/** Stopped or hung up: what was collected goes out at once. */
function leave(draw: Draw, reason: string | null, now: number): Draw {
  const { outcome, phase } = draw.state
  if (phase === 'speaking' || phase === 'closing') draw.effects.push({ do: 'silence' })
  draw.effects.push({ do: 'unwake', name: answerTimer }, { do: 'unwake', name: openingTimer })
  set(draw, {
    leaving: false,
    outcome:
      outcome === undefined ? { status: 'invalid', result: collected(draw.state), reason } : { ...outcome, reason },
  })
  return finish(draw, now)
}
