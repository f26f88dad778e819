/**
 * An AI gather held by a real model. The model talks, and reports what it learns through one function,
 * `record_answers`; whether an answer counts is decided here, by the schema, just as without a model.
 */

import type { ModelReply, ToolAnswer } from '../machine/model.ts'
import { ask, close, finish, keep, type Run, set, speak } from './ai-gather-run.ts'
import { type AiGatherState, answersOf, collected, isComplete, walked } from './ai-gather-state.ts'
import { conforms, valueAt } from './answers.ts'
import { chatOf, toolMessages } from './chat.ts'
import type { Slot } from './slots.ts'
import { functionsOf, MOST_ROUNDS, useOf } from './tools.ts'

const recorder = 'record_answers'

/** Puts the conversation so far to the model; its answer comes back as `model`. */
export function consult(run: Run, now: number): Run {
  const { state } = run
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
  run.effects.push({
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
  return set(run, { phase: 'thinking', consulting: id, calling: [], whispers: [] })
}

/** What the model said: its answers are kept, its words spoken. */
export function heed(run: Run, id: string, reply: ModelReply, now: number): Run {
  if (run.state.phase !== 'thinking' || run.state.consulting !== id) return run
  if (!reply.ok) {
    // The engineer at the phone page has to see why; a real caller is never on this line.
    set(run, { outcome: { status: 'client_error', result: null, reason: run.state.ctx.settings.endedReason.gaveUp } })
    return close(run, reply.error)
  }
  const { content } = reply
  const recorded = reply.calls.filter(({ name }) => name === recorder)
  keep(
    run,
    recorded.flatMap((call) => answersIn(run.state, call.arguments)),
  )
  const calls = reply.calls.filter(({ name }) => name !== recorder)
  const uses = calls.map((call) => useOf(run.state.options.tools, call))
  if (uses.some(({ type }) => type === 'hangup')) return leave(run, content, now)
  if (isComplete(run.state)) return ask(run, '', now)
  if (uses.length > 0 && run.state.rounds < MOST_ROUNDS) {
    if (content !== '') speak(run, content, 'reply', 'listen')
    run.effects.push({ do: 'use-tools', id, uses })
    return set(run, { phase: 'thinking', calling: calls })
  }
  return content === '' ? ask(run, '', now) : speak(run, content, 'question', 'listen')
}

/** What its tools answered is put to the model, which goes on from there. */
export function answered(run: Run, id: string, answers: readonly ToolAnswer[], now: number): Run {
  const { phase, consulting, history, calling, rounds } = run.state
  if (phase !== 'thinking' || consulting !== id) return run
  set(run, { history: [...history, ...toolMessages(calling, answers)], rounds: rounds + 1 })
  return consult(run, now)
}

/** The model hangs up: with what was collected, after its last words. */
function leave(run: Run, words: string, now: number): Run {
  const { completed, gaveUp } = run.state.ctx.settings.endedReason
  const valid = isComplete(run.state)
  const outcome = valid
    ? { status: 'valid' as const, result: answersOf(run.state), reason: completed }
    : { status: 'invalid' as const, result: collected(run.state), reason: gaveUp }
  set(run, { outcome, leaving: true })
  return words === '' ? finish(run, now) : close(run, words)
}

function answersIn(state: AiGatherState, given: Record<string, unknown>): { slot: Slot; value: unknown }[] {
  return walked(state).slots.flatMap((slot) => {
    const value = valueAt(given, slot.path)
    const isNew = value !== undefined && JSON.stringify(value) !== JSON.stringify(state.draft[slot.id]?.value)
    return isNew && conforms(slot.whole, value) ? [{ slot, value }] : []
  })
}
