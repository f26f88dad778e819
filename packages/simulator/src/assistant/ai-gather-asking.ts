/** How an AI gather asks, keeps answers and ends. */

import { stripSsml } from '../machine/ssml.ts'
import {
  type AiGatherState,
  answersOf,
  fieldsOf,
  isComplete,
  nextSlot,
  partialResultOf,
  resultOf,
} from './ai-gather-state.ts'
import { validationErrors } from './conform.ts'
import { conversationEnded, spokenHistory } from './conversation.ts'
import { questionFor, readBack, sayWhisper } from './questions.ts'
import type { Slot } from './slots.ts'
import { emit, type MutableStep, speak } from './talk.ts'

export type GatherStep = MutableStep<AiGatherState>

/** A value for a field. */
export interface SlotAnswer {
  slot: Slot
  value: unknown
}

/** Finished results that do not conform before the gather gives up. */
const MAX_REJECTIONS = 3

/** Keeps answers, and reports them where the command asked for partial results. */
export function recordAnswers({ state, effects }: GatherStep, answers: readonly SlotAnswer[]): void {
  if (answers.length === 0) return
  const given = answers.map(({ slot, value }) => [slot.id, { path: slot.path, value }])
  state.draft = { ...state.draft, ...Object.fromEntries(given) }
  if (!state.hasPartialResults) return
  const message_history = spokenHistory(state.history)
  emit(effects, 'call.ai_gather.partial_results', { message_history, partial_results: answersOf(state) })
}

/** Keeps answers and asks for what is missing, after reading back what was understood. */
export function recordAndAsk(step: GatherStep, answers: readonly SlotAnswer[]): GatherStep {
  recordAnswers(step, answers)
  return ask(step, answers.length > 0 && step.state.ctx.settings.readBack ? readBack(answers) : '')
}

/** Says `lead`, the whispers and the next question, or ends when nothing is left to ask. */
export function ask(step: GatherStep, lead = ''): GatherStep {
  const { state } = step
  if (isComplete(state)) return complete(step)
  const slot = nextSlot(state)
  if (!slot) return giveUp(step)
  const words = [lead, ...state.whispers.map(sayWhisper), questionFor(slot)].filter((each) => each !== '')
  state.openSlotId = slot.id
  state.whispers = []
  state.afterSpeech = 'listen'
  return speak(step, words.join(' '), 'question')
}

/** Ajv decides: rules across properties (`if`, `dependentRequired`, …) may send the gather back to asking. */
function complete(step: GatherStep): GatherStep {
  const { state } = step
  const result = resultOf(state)
  const wrong = validationErrors(state.parameters, result)
  if (wrong.length === 0) {
    state.outcome = { status: 'valid', result, reason: state.ctx.settings.endedReason.completed }
    return sayLastWords(step, state.endedSpeech === undefined ? '' : plainSpeech(state.endedSpeech))
  }
  const missing = wrong.map(({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`)
  const ids = fieldsOf(state).slots.map(({ id }) => id)
  const forced = ids.filter((id) => state.draft[id] === undefined && missing.includes(id))
  const invalid = ids.filter((id) =>
    wrong.some(({ instancePath }) => instancePath !== '' && id.startsWith(instancePath)),
  )
  if ((forced.length === 0 && invalid.length === 0) || state.rejectionCount >= MAX_REJECTIONS) return giveUp(step)
  const kept = Object.entries(state.draft).filter(([id]) => forced.length > 0 || !invalid.includes(id))
  state.draft = Object.fromEntries(kept)
  state.forcedSlotIds = [...state.forcedSlotIds, ...forced]
  state.rejectionCount += 1
  return ask(step, forced.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.')
}

/** Ends `invalid` with what was collected, after some last words. */
export function giveUp(step: GatherStep, words = ''): GatherStep {
  const { state } = step
  state.outcome = { status: 'invalid', result: partialResultOf(state), reason: state.ctx.settings.endedReason.gaveUp }
  return sayLastWords(step, words)
}

/** Says the last words, if any; the gather ends when they have been said. */
export function sayLastWords(step: GatherStep, words: string): GatherStep {
  return words === '' ? finish(step) : speak(step, words, 'ended', 'closing')
}

/** Sends the end of the gather and of its conversation. */
export function finish(step: GatherStep): GatherStep {
  const { state, effects, now } = step
  const { outcome, conversation, history, shouldHangUp } = state
  if (!outcome) return step
  const { result, status, reason } = outcome
  emit(effects, 'call.ai_gather.ended', { message_history: spokenHistory(history), result, status })
  effects.push(conversationEnded(conversation, reason, now), { do: 'end' })
  if (shouldHangUp) effects.push({ do: 'hangup' })
  state.phase = 'ended'
  return step
}

/** SSML may be spoken, but only its words count in a conversation. */
export function plainSpeech(text: string): string {
  return /^\s*<speak\b/i.test(text) ? stripSsml(text) : text
}
