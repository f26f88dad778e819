/** One step of an AI gather in the making: the state so far, and the effects it has led to. */
import type { Effect, Message } from '../../machine.ts'
import { ended, spokenHistory } from '../conversation.ts'
import type { Slot } from '../schema/slots.ts'
import { type AiGatherState, answersOf } from './progress.ts'

export interface Draw {
  state: AiGatherState
  effects: Effect[]
}

/** Changes the state. */
export function set(draw: Draw, change: Partial<AiGatherState>): Draw {
  draw.state = { ...draw.state, ...change }
  return draw
}

/** Says a question or the last words. */
export function say(draw: Draw, text: string, purpose: 'question' | 'ended'): Draw {
  return speak(draw, text, purpose, 'listen')
}

/** Says something; `next` is what follows when it has been said. */
export function speak(
  draw: Draw,
  text: string,
  purpose: 'greeting' | 'question' | 'reply' | 'ended',
  next: AiGatherState['next'],
): Draw {
  remember(draw, { role: 'assistant', content: text })
  draw.effects.push({ do: 'say', text, purpose })
  return set(draw, { phase: 'speaking', next })
}

/** Adds to the history, and tells of it. */
export function remember(draw: Draw, message: Message): void {
  set(draw, { history: [...draw.state.history, message] })
  historyUpdated(draw)
}

export function historyUpdated(draw: Draw): void {
  if (!draw.state.options.historyUpdates) return
  draw.effects.push({
    do: 'emit',
    event_type: 'call.ai_gather.message_history_updated',
    payload: { message_history: spokenHistory(draw.state.history) },
  })
}

export function partialResults(draw: Draw): void {
  if (!draw.state.options.partialResults) return
  draw.effects.push({
    do: 'emit',
    event_type: 'call.ai_gather.partial_results',
    payload: { message_history: spokenHistory(draw.state.history), partial_results: answersOf(draw.state) },
  })
}

/** Keeps answers. */
export function keep(draw: Draw, answers: readonly { slot: Slot; value: unknown; corrected?: boolean }[]): void {
  const { turn } = draw.state
  const draft = { ...draw.state.draft }
  for (const { slot, value, corrected } of answers) {
    const before = draft[slot.id]?.value
    // A list named again while it is complete grows ("and also olives"), unless the caller takes it back.
    const grown =
      Array.isArray(before) && Array.isArray(value) && corrected !== true
        ? [...new Set<unknown>([...before, ...value])].slice(0, slot.list?.most)
        : value
    draft[slot.id] = { path: slot.path, value: grown, turn: turn + Object.keys(draft).length / 1e6 }
  }
  set(draw, { draft })
}

/** Sends the end of the gather and of its conversation. */
export function finish(draw: Draw, now: number): Draw {
  const { outcome, conversation, history, leaving } = draw.state
  if (outcome === undefined) return draw
  draw.effects.push(
    {
      do: 'emit',
      event_type: 'call.ai_gather.ended',
      payload: { message_history: spokenHistory(history), result: outcome.result, status: outcome.status },
    },
    ended(conversation, outcome.reason, now),
    { do: 'end' },
  )
  if (leaving) draw.effects.push({ do: 'hangup' })
  return set(draw, { phase: 'ended' })
}
