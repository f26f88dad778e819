/** The AI gather's side of a turn: what it makes of the caller's words, what it asks next, and when it is over. */
import { anotherItem, dateAloud, hint, missingHalf, question, readBack, timeAloud } from '../questions.ts'
import { problems } from '../schema/conform.ts'
import { pointer, touched } from '../schema/draft.ts'
import type { Slot } from '../schema/slots.ts'
import type { Fragment } from '../understand/answers.ts'
import { plainAnswer } from '../understand/free-text.ts'
import { intentOf } from '../understand/intents.ts'
import { understand } from '../understand/turn.ts'
import { findYesNo } from '../understand/yes-no.ts'
import { obey } from '../whispers.ts'
import { type Draw, finish, keep, partialResults, say, set, speak } from './draw.ts'
import {
  type AiGatherState,
  collected,
  contextOf,
  isComplete,
  isRequired,
  nextQuestion,
  type Outcome,
  resultOf,
  walked,
} from './progress.ts'

/** Results that Ajv may turn down before the gather gives up. */
const mostRejections = 3

/** Makes something of what the caller said. */
export function answer(draw: Draw, text: string, now: number): Draw {
  const { asked } = draw.state
  if (asked !== undefined && 'another' in asked) return answerAnother(draw, asked.another, text, now)
  const context = contextOf(draw.state, now)
  const turn = understand(text, context)
  const slot = context.asked
  switch (turn.intent) {
    case 'repeat':
      return ask(draw, '', now)
    case 'hold':
      return speak(draw, 'Of course, take your time.', 'reply', 'listen')
    case 'why':
      return ask(
        draw,
        slot?.description === undefined
          ? 'I need it to complete your request.'
          : `I am asking for this: ${slot.description.replace(/[.?]*$/, '.')}`,
        now,
      )
    case 'complaint':
      return ask(draw, 'I am very sorry about that.', now)
    case 'wrong':
      return takeBack(draw, now)
    case 'refusal':
    case 'none-left':
      return slot === undefined ? ask(draw, '', now) : refused(draw, slot, now)
    case 'answers':
      break
  }
  if (turn.fragment !== undefined)
    set(draw, { fragments: { ...draw.state.fragments, [turn.fragment.slot.id]: turn.fragment.fragment } })
  if (turn.answers.length > 0) {
    keep(draw, turn.answers)
    partialResults(draw)
    return ask(draw, draw.state.ctx.settings.readBack ? readBack(turn.answers, draw.state.turn) : '', now)
  }
  if (turn.fragment !== undefined) return askOtherHalf(draw, turn.fragment.fragment)
  if (plainAnswer(text) === '') return ask(draw, '', now)
  return confused(draw, slot, turn.problem, now)
}

function answerAnother(draw: Draw, group: string, text: string, now: number): Draw {
  const none = intentOf(text) === 'none-left' || findYesNo(text)[0]?.value === false
  if (none) {
    set(draw, { passed: [...draw.state.passed, group] })
    return ask(draw, '', now)
  }
  set(draw, {
    items: { ...draw.state.items, [group]: (walked(draw.state).groups.find(({ id }) => id === group)?.count ?? 1) + 1 },
  })
  set(draw, { asked: nextQuestion(draw.state) })
  if (/^(?:yes|yeah|yep|sure|and|also|there is|one more)?[\s,.!]*$/i.test(text.trim()) || plainAnswer(text) === '')
    return ask(draw, '', now)
  return answer(draw, text.replace(/^(?:yes|yeah|yep|sure)[\s,.!]*/i, '').replace(/^(?:and\s+)?also\s+/i, ''), now)
}

/** The last answer was wrong, and nothing right was said instead. */
function takeBack(draw: Draw, now: number): Draw {
  const [last] = Object.entries(draw.state.draft).sort(([, one], [, other]) => other.turn - one.turn)
  if (last === undefined) return ask(draw, '', now)
  const { [last[0]]: _, ...draft } = draw.state.draft
  set(draw, { draft })
  partialResults(draw)
  const slot = walked(draw.state).slots.find(({ id }) => id === last[0])
  set(draw, { asked: { slot: last[0] } })
  return say(draw, `Sorry about that. ${slot === undefined ? '' : question(slot)}`.trim(), 'question')
}

function refused(draw: Draw, slot: Slot, now: number): Draw {
  const { ctx } = draw.state
  const instead = [slot.schema.default, null].find(
    (value) => value !== undefined && problems(slot.schema, value).length === 0,
  )
  if (instead !== undefined) {
    keep(draw, [{ slot, value: instead }])
    partialResults(draw)
    return ask(draw, 'That is all right.', now)
  }
  if (!isRequired(draw.state, slot)) {
    set(draw, { passed: [...draw.state.passed, ...passedWith(draw.state, slot)] })
    return ask(draw, 'That is all right.', now)
  }
  const refusals = (draw.state.refusals[slot.id] ?? 0) + 1
  set(draw, { refusals: { ...draw.state.refusals, [slot.id]: refusals } })
  if (refusals >= ctx.settings.refusalsBeforeGivingUp)
    return giveUp(draw, `I understand. Without your ${slot.label} I cannot go on.`, now)
  return ask(draw, `I understand, but I do need your ${slot.label} to go on.`, now)
}

/** Refusing the first question about an optional object refuses the object. */
function passedWith(state: AiGatherState, slot: Slot): string[] {
  const around = slot.path.slice(0, -1)
  if (around.length === 0 || touched(state.draft, around)) return [slot.id]
  return walked(state)
    .slots.filter(({ id }) => id.startsWith(`${pointer(around)}/`))
    .map(({ id }) => id)
}

function confused(draw: Draw, slot: Slot | undefined, problem: string | undefined, now: number): Draw {
  if (slot === undefined) return ask(draw, 'Sorry, I did not catch that.', now)
  const confusions = (draw.state.confusions[slot.id] ?? 0) + 1
  set(draw, { confusions: { ...draw.state.confusions, [slot.id]: confusions } })
  if (confusions >= 2 && !isRequired(draw.state, slot)) set(draw, { passed: [...draw.state.passed, slot.id] })
  if (confusions >= draw.state.ctx.settings.misunderstandingsBeforeGivingUp)
    return giveUp(draw, `I am sorry, I could not get your ${slot.label}.`, now)
  return ask(draw, problem ?? ['Sorry, I did not catch that.', hint(slot)].filter((part) => part !== '').join(' '), now)
}

/** Says `lead` and the next question, or ends when there is nothing left to ask. */
export function ask(draw: Draw, lead: string, now: number): Draw {
  const whispered = draw.state.whispers.map(obey).join(' ')
  const opening = [lead, whispered].filter((part) => part !== '').join(' ')
  if (isComplete(draw.state)) return complete(draw, now)
  const asked = nextQuestion(draw.state)
  if (asked === undefined) return giveUp(draw, '', now)
  set(draw, { asked, whispers: [] })
  const { slots, groups } = walked(draw.state)
  const fragment = 'slot' in asked ? draw.state.fragments[asked.slot] : undefined
  if (fragment !== undefined && lead === '') return askOtherHalf(draw, fragment)
  const words =
    'another' in asked
      ? groups.filter(({ id }) => id === asked.another).map(anotherItem)[0]
      : slots.filter(({ id }) => id === asked.slot).map((slot) => question(slot))[0]
  return say(draw, [opening, words ?? ''].filter((part) => part !== '').join(' '), 'question')
}

function askOtherHalf(draw: Draw, { date, time }: Fragment): Draw {
  if (date !== undefined) return say(draw, missingHalf('date', dateAloud(date.year, date.month, date.day)), 'question')
  return time === undefined ? draw : say(draw, missingHalf('time', timeAloud(time.hour, time.minute)), 'question')
}

/** The last word is Ajv's: rules across properties (`if`, `dependentRequired`, …) may send the gather back to asking. */
function complete(draw: Draw, now: number): Draw {
  const { state } = draw
  const result = resultOf(state)
  const wrong = problems(state.options.parameters, result)
  if (wrong.length === 0)
    return close(draw, { status: 'valid', result, reason: state.ctx.settings.endedReason.completed }, now)
  const { slots } = walked(state)
  const missing = wrong.map(({ instancePath, params }) => `${instancePath}/${String(params.missingProperty ?? '')}`)
  const forced = slots
    .filter((slot) => state.draft[slot.id] === undefined && missing.includes(slot.id))
    .map(({ id }) => id)
  const spoilt = slots
    .filter(
      (slot) =>
        state.draft[slot.id] !== undefined &&
        wrong.some(({ instancePath }) => instancePath !== '' && slot.id.startsWith(instancePath)),
    )
    .map(({ id }) => id)
  if ((forced.length === 0 && spoilt.length === 0) || state.rejected >= mostRejections) return giveUp(draw, '', now)
  const kept = Object.entries(state.draft).filter(([id]) => forced.length > 0 || !spoilt.includes(id))
  set(draw, { draft: Object.fromEntries(kept), forced: [...state.forced, ...forced], rejected: state.rejected + 1 })
  return ask(draw, forced.length > 0 ? 'Thank you, one more thing.' : 'Those do not go together, I am afraid.', now)
}

function giveUp(draw: Draw, words: string, now: number): Draw {
  const { ctx } = draw.state
  const outcome: Outcome = { status: 'invalid', result: collected(draw.state), reason: ctx.settings.endedReason.gaveUp }
  if (words === '') {
    set(draw, { outcome })
    return finish(draw, now)
  }
  set(draw, { outcome })
  say(draw, words, 'ended')
  return set(draw, { phase: 'closing' })
}

function close(draw: Draw, outcome: Outcome, now: number): Draw {
  set(draw, { outcome })
  const { endedSpeech } = draw.state.options
  if (endedSpeech === undefined) return finish(draw, now)
  say(draw, plainSpeech(endedSpeech), 'ended')
  return set(draw, { phase: 'closing' })
}

/** SSML may be spoken, but it is its words that count in a conversation. */
export function plainSpeech(text: string): string {
  return /^\s*<speak\b/i.test(text)
    ? text
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
    : text
}
