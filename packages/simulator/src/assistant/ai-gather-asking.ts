/** How an AI gather asks, keeps answers and ends. */

import { spoken } from '../machine/ssml.ts'
import { type AiGatherState, answersOf, collected, isComplete, nextSlot, resultOf, walked } from './ai-gather-state.ts'
import { problems } from './conform.ts'
import { ended, spokenHistory } from './conversation.ts'
import { question, readBack, sayWhisper } from './questions.ts'
import type { Slot } from './slots.ts'
import { emit, type Run, speak } from './talk.ts'

export type Gather = Run<AiGatherState>

/** A value for a field. */
export interface SlotAnswer {
  slot: Slot
  value: unknown
}

/** Finished results that do not conform before the gather gives up. */
const MAX_REJECTIONS = 3

/** Keeps answers, and reports them where the command asked for partial results. */
export function keep({ state, effects }: Gather, answers: readonly SlotAnswer[]): void {
  if (answers.length === 0) return
  const given = answers.map(({ slot, value }) => [slot.id, { path: slot.path, value }])
  state.draft = { ...state.draft, ...Object.fromEntries(given) }
  if (!state.partialResults) return
  const message_history = spokenHistory(state.history)
  emit(effects, 'call.ai_gather.partial_results', { message_history, partial_results: answersOf(state) })
}

/** Keeps answers and asks for what is missing, after reading back what was understood. */
export function keepAndAsk(it: Gather, answers: readonly SlotAnswer[]): Gather {
  keep(it, answers)
  return ask(it, answers.length > 0 && it.state.ctx.settings.readBack ? readBack(answers) : '')
}

/** Says `lead`, the whispers and the next question, or ends when nothing is left to ask. */
export function ask(it: Gather, lead = ''): Gather {
  const { state } = it
  if (isComplete(state)) return complete(it)
  const slot = nextSlot(state)
  if (!slot) return giveUp(it)
  const words = [lead, ...state.whispers.map(sayWhisper), question(slot)].filter((each) => each !== '')
  state.asked = slot.id
  state.whispers = []
  state.next = 'listen'
  return speak(it, words.join(' '), 'question')
}

/** Ajv decides: rules across properties (`if`, `dependentRequired`, …) may send the gather back to asking. */
function complete(it: Gather): Gather {
  const { state } = it
  const result = resultOf(state)
  const wrong = problems(state.parameters, result)
  if (wrong.length === 0) {
    state.outcome = { status: 'valid', result, reason: state.ctx.settings.endedReason.completed }
    return close(it, state.endedSpeech === undefined ? '' : plainSpeech(state.endedSpeech))
  }
  const missing = wrong.map(({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`)
  const ids = walked(state).slots.map(({ id }) => id)
  const forced = ids.filter((id) => state.draft[id] === undefined && missing.includes(id))
  const invalid = ids.filter((id) =>
    wrong.some(({ instancePath }) => instancePath !== '' && id.startsWith(instancePath)),
  )
  if ((forced.length === 0 && invalid.length === 0) || state.rejected >= MAX_REJECTIONS) return giveUp(it)
  const kept = Object.entries(state.draft).filter(([id]) => forced.length > 0 || !invalid.includes(id))
  state.draft = Object.fromEntries(kept)
  state.forced = [...state.forced, ...forced]
  state.rejected += 1
  return ask(it, forced.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.')
}

/** Ends `invalid` with what was collected, after some last words. */
export function giveUp(it: Gather, words = ''): Gather {
  const { state } = it
  state.outcome = { status: 'invalid', result: collected(state), reason: state.ctx.settings.endedReason.gaveUp }
  return close(it, words)
}

/** Says the last words, if any; the gather ends when they have been said. */
export function close(it: Gather, words: string): Gather {
  return words === '' ? finish(it) : speak(it, words, 'ended', 'closing')
}

/** Sends the end of the gather and of its conversation. */
export function finish(it: Gather): Gather {
  const { state, effects, now } = it
  const { outcome, conversation, history, leaving } = state
  if (!outcome) return it
  const { result, status, reason } = outcome
  emit(effects, 'call.ai_gather.ended', { message_history: spokenHistory(history), result, status })
  effects.push(ended(conversation, reason, now), { do: 'end' })
  if (leaving) effects.push({ do: 'hangup' })
  state.phase = 'ended'
  return it
}

/** SSML may be spoken, but only its words count in a conversation. */
export function plainSpeech(text: string): string {
  return /^\s*<speak\b/i.test(text) ? spoken(text) : text
}
