/**
 * An AI gather held by a real model. The model talks, and reports what it learns through one function,
 * `record_answers`; whether an answer counts is decided here, by the schema, just as without a model.
 */
import { callOf, chatOf, toolsOf } from '../chat.ts'
import { record } from '../conversation.ts'
import type { ModelReply } from '../model.ts'
import type { Slot } from '../schema/slots.ts'
import { checked } from '../understand/answers.ts'
import { type Draw, keep, partialResults, set, speak } from './draw.ts'
import { type AiGatherState, answersOf, isComplete, walked } from './progress.ts'
import { ask } from './turn.ts'

const recorder = 'record_answers'

/** Puts the conversation so far to the model; its answer comes back as `model`. */
export function consult(draw: Draw, now: number): Draw {
  const { state } = draw
  const { options, whispers } = state
  const id = `turn ${state.turn}`
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
        ...toolsOf(options.tools),
      ],
    },
  })
  return set(draw, { phase: 'thinking', consulting: id, whispers: [] })
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
  const answers = answersIn(draw.state, record(callOf(reply.calls, recorder)?.arguments))
  if (answers.length > 0) {
    keep(draw, answers)
    partialResults(draw)
  }
  if (callOf(reply.calls, 'hangup') !== undefined) {
    draw.effects.push({ do: 'hangup' })
    return draw
  }
  if (isComplete(draw.state) || reply.content === '') return ask(draw, '', now)
  return speak(draw, reply.content, 'question', 'listen')
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
