/** Actions of an AI gather: record answers, ask for the next field, end the gather. */

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

/** A validated value for a field. */
export interface SlotAnswer {
  slot: Slot
  value: unknown
}

/** Number of complete results that may fail validation before the gather gives up. */
const MAX_REJECTIONS = 3

/** Stores answers, and emits `partial_results` if the command enabled them. */
export function recordAnswers({ state, effects }: GatherStep, answers: readonly SlotAnswer[]): void {
  if (answers.length === 0) return
  const entries = answers.map(({ slot, value }) => [slot.id, { path: slot.path, value }])
  state.draft = { ...state.draft, ...Object.fromEntries(entries) }
  if (!state.hasPartialResults) return
  const message_history = spokenHistory(state.history)
  emit(effects, 'call.ai_gather.partial_results', { message_history, partial_results: answersOf(state) })
}

/** Stores answers, reads them back and asks for the next field. */
export function recordAndAsk(step: GatherStep, answers: readonly SlotAnswer[]): GatherStep {
  recordAnswers(step, answers)
  return ask(step, answers.length > 0 && step.state.ctx.settings.readBack ? readBack(answers) : '')
}

/** Speaks `lead`, the pending whispers and the next question, or ends the gather when no question remains. */
export function ask(step: GatherStep, lead = ''): GatherStep {
  const { state } = step
  if (isComplete(state)) return complete(step)
  const slot = nextSlot(state)
  if (!slot) return giveUp(step)
  const sentences = [lead, ...state.whispers.map(sayWhisper), questionFor(slot)].filter((text) => text !== '')
  state.openSlotId = slot.id
  state.whispers = []
  state.afterSpeech = 'listen'
  return speak(step, sentences.join(' '), 'question')
}

/** Validates the complete result. Rules across properties (`if`, `dependentRequired`, …) can require more answers. */
function complete(step: GatherStep): GatherStep {
  const { state } = step
  const result = resultOf(state)
  const errors = validationErrors(state.parameters, result)
  if (errors.length === 0) {
    state.outcome = { status: 'valid', result, reason: state.ctx.settings.endedReason.completed }
    return sayLastWords(step, state.endedSpeech === undefined ? '' : plainSpeech(state.endedSpeech))
  }
  const missingPaths = errors.map(
    ({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`,
  )
  const ids = fieldsOf(state).slots.map(({ id }) => id)
  const newlyRequired = ids.filter((id) => state.draft[id] === undefined && missingPaths.includes(id))
  const invalid = ids.filter((id) =>
    errors.some(({ instancePath }) => instancePath !== '' && id.startsWith(instancePath)),
  )
  if ((newlyRequired.length === 0 && invalid.length === 0) || state.rejectionCount >= MAX_REJECTIONS)
    return giveUp(step)
  const validEntries = Object.entries(state.draft).filter(([id]) => newlyRequired.length > 0 || !invalid.includes(id))
  state.draft = Object.fromEntries(validEntries)
  state.forcedSlotIds = [...state.forcedSlotIds, ...newlyRequired]
  state.rejectionCount += 1
  return ask(step, newlyRequired.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.')
}

/** Ends the gather as `invalid` with the partial result, after speaking `words`. */
export function giveUp(step: GatherStep, words = ''): GatherStep {
  const { state } = step
  state.outcome = { status: 'invalid', result: partialResultOf(state), reason: state.ctx.settings.endedReason.gaveUp }
  return sayLastWords(step, words)
}

/** Speaks the closing words, if any, then ends the gather. */
export function sayLastWords(step: GatherStep, words: string): GatherStep {
  return words === '' ? finish(step) : speak(step, words, 'ended', 'closing')
}

/** Emits `call.ai_gather.ended` and `call.conversation.ended`. */
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

/** Strips SSML tags from speech, because the message history contains plain text. */
export function plainSpeech(text: string): string {
  return /^\s*<speak\b/i.test(text) ? stripSsml(text) : text
}
