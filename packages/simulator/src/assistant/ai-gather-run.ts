/** One step of an AI gather: the state so far, the effects it has led to, and how it asks, keeps answers and ends. */
import type { Effect, Message } from '../machine/machine.ts'
import {
  type AiGatherState,
  answersOf,
  collected,
  isComplete,
  nextSlot,
  type Outcome,
  resultOf,
  walked,
} from './ai-gather-state.ts'
import { problems } from './conform.ts'
import { ended, spokenHistory } from './conversation.ts'
import { question, readBack } from './questions.ts'
import { sayWhisper } from './reply.ts'
import type { Slot } from './slots.ts'

/** A step in the making. */
export interface Run {
  state: AiGatherState
  effects: Effect[]
}

/** Finished results that do not conform before the gather gives up. */
const MAX_REJECTIONS = 3

/** Changes the state. */
export function set(run: Run, change: Partial<AiGatherState>): Run {
  run.state = { ...run.state, ...change }
  return run
}

/** Says something; `next` is what follows when it has been said. */
export function speak(
  run: Run,
  text: string,
  purpose: 'greeting' | 'question' | 'reply' | 'ended',
  next: AiGatherState['next'] = 'listen',
): Run {
  remember(run, { role: 'assistant', content: text })
  run.effects.push({ do: 'say', text, purpose })
  return set(run, { phase: 'speaking', next })
}

/** Adds to the history, and reports it. */
export function remember(run: Run, message: Message): void {
  set(run, { history: [...run.state.history, message] })
  reportHistory(run)
}

/** Sends the history, where the command asked for updates. */
export function reportHistory({ state, effects }: Run): void {
  if (!state.options.historyUpdates) return
  effects.push({
    do: 'emit',
    event_type: 'call.ai_gather.message_history_updated',
    payload: { message_history: spokenHistory(state.history) },
  })
}

/** Keeps answers, and reports them where the command asked for partial results. */
export function keep(run: Run, answers: readonly { slot: Slot; value: unknown }[]): Run {
  if (answers.length === 0) return run
  const given = answers.map(({ slot, value }) => [slot.id, { path: slot.path, value }])
  set(run, { draft: { ...run.state.draft, ...Object.fromEntries(given) } })
  if (run.state.options.partialResults) {
    run.effects.push({
      do: 'emit',
      event_type: 'call.ai_gather.partial_results',
      payload: { message_history: spokenHistory(run.state.history), partial_results: answersOf(run.state) },
    })
  }
  return run
}

/** Keeps answers and asks for what is missing, after reading back what was understood. */
export function keepAndAsk(run: Run, answers: readonly { slot: Slot; value: unknown }[], now: number): Run {
  keep(run, answers)
  return ask(run, answers.length > 0 && run.state.ctx.settings.readBack ? readBack(answers) : '', now)
}

/** Says `lead`, the whispers and the next question, or ends when nothing is left to ask. */
export function ask(run: Run, lead: string, now: number): Run {
  if (isComplete(run.state)) return complete(run, now)
  const slot = nextSlot(run.state)
  if (!slot) return giveUp(run, '', now)
  const words = [lead, ...run.state.whispers.map(sayWhisper), question(slot)].filter((each) => each !== '')
  set(run, { asked: slot.id, whispers: [] })
  return speak(run, words.join(' '), 'question')
}

/** Ajv decides: rules across properties (`if`, `dependentRequired`, …) may send the gather back to asking. */
function complete(run: Run, now: number): Run {
  const { state } = run
  const result = resultOf(state)
  const wrong = problems(state.options.parameters, result)
  if (wrong.length === 0) {
    set(run, { outcome: { status: 'valid', result, reason: state.ctx.settings.endedReason.completed } })
    return state.options.endedSpeech === undefined
      ? finish(run, now)
      : close(run, plainSpeech(state.options.endedSpeech))
  }
  const missing = wrong.map(({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`)
  const ids = walked(state).slots.map(({ id }) => id)
  const forced = ids.filter((id) => state.draft[id] === undefined && missing.includes(id))
  const invalid = ids.filter((id) =>
    wrong.some(({ instancePath }) => instancePath !== '' && id.startsWith(instancePath)),
  )
  if ((forced.length === 0 && invalid.length === 0) || state.rejected >= MAX_REJECTIONS) return giveUp(run, '', now)
  const kept = Object.entries(state.draft).filter(([id]) => forced.length > 0 || !invalid.includes(id))
  set(run, { draft: Object.fromEntries(kept), forced: [...state.forced, ...forced], rejected: state.rejected + 1 })
  return ask(run, forced.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.', now)
}

/** Ends `invalid` with what was collected, after some last words. */
export function giveUp(run: Run, words: string, now: number): Run {
  const outcome: Outcome = {
    status: 'invalid',
    result: collected(run.state),
    reason: run.state.ctx.settings.endedReason.gaveUp,
  }
  set(run, { outcome })
  return words === '' ? finish(run, now) : close(run, words)
}

/** Says the last words; the gather ends when they have been said. */
export const close = (run: Run, words: string): Run => set(speak(run, words, 'ended'), { phase: 'closing' })

/** Sends the end of the gather and of its conversation. */
export function finish(run: Run, now: number): Run {
  const { outcome, conversation, history, leaving } = run.state
  if (!outcome) return run
  run.effects.push(
    {
      do: 'emit',
      event_type: 'call.ai_gather.ended',
      payload: { message_history: spokenHistory(history), result: outcome.result, status: outcome.status },
    },
    ended(conversation, outcome.reason, now),
    { do: 'end' },
  )
  if (leaving) run.effects.push({ do: 'hangup' })
  return set(run, { phase: 'ended' })
}

/** SSML may be spoken, but only its words count in a conversation. */
export function plainSpeech(text: string): string {
  if (!/^\s*<speak\b/i.test(text)) return text
  return text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
