/**
 * An AI gather held by a real model. The model talks, and reports what it learns through one function,
 * `record_answers`; whether an answer counts is decided here, by the schema, just as without a model.
 */
import { chatOf, toolMessages } from '../chat.ts'
import type { ModelReply } from '../model.ts'
import type { Slot } from '../schema/slots.ts'
import { functionsOf, MOST_ROUNDS, type ToolAnswer, useOf } from '../tools.ts'
import { checked } from '../understand/answers.ts'
import { type Draw, finish, keep, partialResults, set, speak } from './draw.ts'
import { type AiGatherState, answersOf, collected, isComplete, walked } from './progress.ts'
import { ask } from './turn.ts'

const recorder = 'record_answers'

/** Puts the conversation so far to the model; its answer comes back as `model`. */
export function consult(draw: Draw, now: number): Draw {
  const { state } = draw
  const { options, whispers } = state
  const id = `turn ${state.turn} round ${state.rounds}`
  const system = [
    options.instructions ?? 'You are a friendly assistant on a telephone call.',
    `Today is ${new Date(now + state.ctx.settings.utcOffsetMinutes * 60_000).toISOString().slice(0, 10)}.`,
    `Collect from the caller what the function ${recorder} takes. Ask for one thing at a time, in short spoken sentences. Call ${recorder} as soon as you learn or correct something, and say the next question in the same answer.`,
    `Collected so far: ${JSON.stringify(answersOf(state))}.`,
    ...whispers,
  ].join('\n')
  const { required: _, ...parameters } = options.parameters
  draw.effects.push({
    do: 'ask-model',
    id,
    request: {
      model: state.conversation.llmModel,
      messages: chatOf(system, state.history),
      tools: [
        { type: 'function', function: { name: recorder, description: 'Records what the caller said.', parameters } },
        ...(state.rounds < MOST_ROUNDS ? functionsOf(options.tools) : []),
      ],
    },
  })
  return set(draw, { phase: 'thinking', consulting: id, calling: [], whispers: [] })
}

/** What the model said: its answers are kept, its words spoken. */
export function heed(draw: Draw, id: string, reply: ModelReply, now: number): Draw {
  if (draw.state.phase !== 'thinking' || draw.state.consulting !== id) return draw
  if (!reply.ok) {
    // The engineer at the phone page has to see why; a real caller is never on this line.
    set(draw, { outcome: { status: 'client_error', result: null, reason: draw.state.ctx.settings.endedReason.gaveUp } })
    speak(draw, reply.error, 'ended', 'listen')
    return set(draw, { phase: 'closing' })
  }
  const { content } = reply
  const recorded = reply.calls.filter(({ name }) => name === recorder)
  const answers = recorded.flatMap((call) => answersIn(draw.state, call.arguments))
  if (answers.length > 0) {
    keep(draw, answers)
    partialResults(draw)
  }
  const calls = reply.calls.filter(({ name }) => name !== recorder)
  const uses = calls.map((call) => useOf(draw.state.options.tools, call))
  if (uses.some(({ type }) => type === 'hangup')) return leave(draw, content, now)
  if (isComplete(draw.state)) return ask(draw, '', now)
  if (uses.length > 0 && draw.state.rounds < MOST_ROUNDS) {
    if (content !== '') speak(draw, content, 'reply', 'listen')
    draw.effects.push({ do: 'use-tools', id, uses })
    return set(draw, { phase: 'thinking', calling: calls })
  }
  return content === '' ? ask(draw, '', now) : speak(draw, content, 'question', 'listen')
}

/** What its tools answered is put to the model, which goes on from there. */
export function answered(draw: Draw, id: string, answers: readonly ToolAnswer[], now: number): Draw {
  const { phase, consulting, history, calling, rounds } = draw.state
  if (phase !== 'thinking' || consulting !== id) return draw
  set(draw, { history: [...history, ...toolMessages(calling, answers)], rounds: rounds + 1 })
  return consult(draw, now)
}

/** The model hangs up: with what was collected, after its last words. */
function leave(draw: Draw, words: string, now: number): Draw {
  const { completed, gaveUp } = draw.state.ctx.settings.endedReason
  const valid = isComplete(draw.state)
  const outcome = valid
    ? { status: 'valid' as const, result: answersOf(draw.state), reason: completed }
    : { status: 'invalid' as const, result: collected(draw.state), reason: gaveUp }
  set(draw, { outcome, leaving: true })
  if (words === '') return finish(draw, now)
  speak(draw, words, 'ended', 'listen')
  return set(draw, { phase: 'closing' })
}

function answersIn(
  state: AiGatherState,
  given: Record<string, unknown>,
): { slot: Slot; value: unknown; corrected: boolean }[] {
  return walked(state).slots.flatMap((slot) => {
    const value = slot.path.reduce<unknown>(
      (at, step) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined,
      given,
    )
    if (value === undefined || value === null || JSON.stringify(value) === JSON.stringify(state.draft[slot.id]?.value))
      return []
    const items = slot.list === undefined ? [value] : Array.isArray(value) ? value : []
    if (items.length === 0 || items.some((item) => 'problem' in checked(slot, item))) return []
    return [{ slot, value, corrected: true }]
  })
}
