/**
 * One thing the caller said, taken as a whole: which slots it answers, which it corrects, and what else it means.
 *
 * Every typed slot (numbers, dates, choices …) looks for its values in the text and bids for them; a bid is higher when
 * the slot was asked for, when a word near it names the slot ("I'm 29", "two adults"), or when nothing else could be
 * meant. The highest bids take their words, free text takes what is left. A slot answered before is only answered anew by
 * a correction ("no, Tuesday"; "I said 29, not 39") or by name ("my name is Bob").
 */
import type { Draft } from '../schema/draft.ts'
import type { Slot } from '../schema/slots.ts'
import { checked, type Fragment, findFragment, findTyped, readText, readTextList } from './answers.ts'
import { cuesOf, cuesWithin, textAfterCue } from './cues.ts'
import type { Today } from './dates.ts'
import { type Found, overlap, wordsOf } from './found.ts'
import { plainAnswer } from './free-text.ts'
import { type Correction, correctionOf, type Intent, intentOf } from './intents.ts'

/** What there is to understand a turn with. */
export interface Context {
  slots: readonly Slot[]
  draft: Draft
  /** The slot just asked for. */
  asked: Slot | undefined
  fragments: Readonly<Record<string, Fragment>>
  today: Today
}

/** What a turn came to. */
export interface Turn {
  intent: Intent | 'wrong'
  answers: { slot: Slot; value: unknown; corrected: boolean }[]
  fragment: { slot: Slot; fragment: Fragment } | undefined
  /** Why an answer to the asked slot was understood but cannot be taken. */
  problem: string | undefined
}

/** Understands one turn. */
export function understand(text: string, context: Context): Turn {
  const correction = correctionOf(text)
  if (correction !== undefined) {
    const corrected = applyCorrection(correction, text, context)
    if (corrected !== undefined) return corrected
  }
  const intent = intentOf(text)
  if (intent === 'repeat' || intent === 'hold' || intent === 'why')
    return { intent, answers: [], fragment: undefined, problem: undefined }
  const heard = assign(text, context)
  return { intent: heard.answers.length > 0 || heard.fragment !== undefined ? 'answers' : intent, ...heard }
}

/** What a whispered sentence tells about the fields: only what it names ("The caller's name is Anna"). */
export function understandNamed(text: string, context: Context): Turn['answers'] {
  return assign(text, { ...context, asked: undefined }).answers.filter(({ slot }) => cuesWithin(text, slot))
}

function applyCorrection(correction: Correction, text: string, context: Context): Turn | undefined {
  const recent = context.slots
    .filter(({ id }) => context.draft[id] !== undefined)
    .sort((one, other) => (context.draft[other.id]?.turn ?? 0) - (context.draft[one.id]?.turn ?? 0))
  const done = (slot: Slot, value: unknown): Turn => ({
    intent: 'answers',
    answers: [{ slot, value, corrected: true }],
    fragment: undefined,
    problem: undefined,
  })
  if (correction.wrong !== undefined) {
    for (const slot of recent) {
      const current = context.draft[slot.id]?.value
      if (!valuesOf(slot, correction.wrong, context).some((value) => same(value, current))) continue
      const right = valuesOf(slot, correction.right, context).find((value) => !same(value, current))
      if (right !== undefined) return done(slot, right)
    }
  }
  const rest = correction.right
  if (rest === '') {
    // A bare "no" to a yes-or-no question is its answer; to anything else it takes the last answer back.
    if (context.asked?.kind === 'boolean' && correction.bareNo) return undefined
    return recent[0] !== undefined &&
      !(correction.bareNo && context.asked?.list !== undefined) &&
      intentOf(text) !== 'repeat'
      ? { intent: 'wrong', answers: [], fragment: undefined, problem: undefined }
      : undefined
  }
  if (intentOf(rest) === 'refusal' || intentOf(rest) === 'none-left') return undefined
  const named = assign(rest, { ...context, asked: undefined }).answers.filter(({ slot }) => cuesWithin(rest, slot))
  const first = named[0]
  if (first !== undefined)
    return {
      intent: 'answers',
      answers: named.map((answer) => ({ ...answer, corrected: context.draft[answer.slot.id] !== undefined })),
      fragment: undefined,
      problem: undefined,
    }
  // What has a type is told apart by it; free text could be anything, so it comes last.
  const candidates = [...recent.filter((slot) => !isFreeText(slot)), ...recent.filter(isFreeText)]
  for (const slot of candidates) {
    const free = isFreeText(slot)
    if (slot.kind === 'boolean' && correction.bareNo) continue
    if (
      free &&
      (slot.id !== recent[0]?.id ||
        (correction.bareNo && context.asked?.kind === 'boolean') ||
        answersAsked(rest, context))
    )
      continue
    const value = valuesOf(slot, rest, context).find((candidate) => !same(candidate, context.draft[slot.id]?.value))
    if (value !== undefined) return done(slot, slot.list === undefined ? value : [value])
  }
  if (context.asked?.kind === 'boolean' && correction.bareNo) return undefined
  const heard = assign(rest, context)
  return heard.answers.length > 0 || heard.fragment !== undefined ? { intent: 'answers', ...heard } : undefined
}

function answersAsked(text: string, context: Context): boolean {
  const { asked } = context
  return asked !== undefined && !isFreeText(asked) && valuesOf(asked, text, context).length > 0
}

function isFreeText({ kind }: Slot): boolean {
  return kind === 'text' || kind === 'code' || kind === 'uri'
}

/** Every value of a slot that a text could mean, taken as an answer to it. */
function valuesOf(slot: Slot, text: string, context: Context): unknown[] {
  const candidates = isFreeText(slot)
    ? readText(slot, text)
    : findTyped(slot, text, { today: context.today, asked: true, fragment: fragmentOf(slot, context) }).map(
        ({ value }) => value,
      )
  return candidates.flatMap((candidate) => {
    const result = checked(slot, candidate)
    return 'value' in result ? [result.value] : []
  })
}

/** A date-time answered before lends its other half to a correction: "no, Tuesday" keeps the hour. */
function fragmentOf(slot: Slot, { draft, fragments }: Context): Fragment | undefined {
  const current = draft[slot.id]?.value
  const match =
    slot.kind === 'date-time' && typeof current === 'string'
      ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(current)
      : null
  if (match === null) return fragments[slot.id]
  const [year, month, day, hour, minute] = match.slice(1).map(Number)
  return { date: { year: year ?? 0, month: month ?? 1, day: day ?? 1 }, time: { hour: hour ?? 0, minute: minute ?? 0 } }
}

interface Bid {
  slot: Slot
  found: Found<unknown>
  score: number
}

function assign(text: string, context: Context): Pick<Turn, 'answers' | 'fragment' | 'problem'> {
  const { slots, draft, asked } = context
  let problem: string | undefined
  const bids: Bid[] = []
  for (const slot of slots) {
    const isAsked = slot.id === asked?.id
    const reading = { today: context.today, asked: isAsked, fragment: fragmentOf(slot, context) }
    for (const found of findTyped(slot, text, reading)) {
      const result = checked(slot, found.value)
      if ('problem' in result) {
        if (isAsked) problem ??= result.problem
        continue
      }
      const score = scoreOf(slot, found, text, context)
      if (score >= enough) bids.push({ slot, found: { ...found, value: result.value }, score })
    }
  }
  const taken = settle(bids)
  const answers: Turn['answers'] = []
  for (const slot of slots) {
    const mine = taken.filter((bid) => bid.slot.id === slot.id).map(({ found }) => found.value)
    if (mine.length === 0) continue
    answers.push({ slot, value: slot.list === undefined ? mine[0] : mine.slice(0, slot.list.most), corrected: false })
  }
  const used = taken.map(({ found }) => found)
  for (const slot of slots) {
    if (!isFreeText(slot) || slot.list !== undefined || slot.id === asked?.id) continue
    if (draft[slot.id] !== undefined && asked !== undefined && !/\b(?:my|the)\b/i.test(text)) continue
    const said = textAfterCue(slot, text, used, slots)
    if (said === undefined) continue
    const value = firstConforming(slot, readText(slot, said.value))
    if (value === undefined || same(value, draft[slot.id]?.value)) continue
    used.push(said)
    answers.push({ slot, value, corrected: false })
  }
  const fragment = answers.some(({ slot }) => slot.id === asked?.id) ? undefined : fragmentHeard(text, context)
  if (asked !== undefined && isFreeText(asked) && !answers.some(({ slot }) => slot.id === asked.id)) {
    const own = textAfterCue(asked, text, used, slots)?.value ?? leftover(text, used)
    const value = intentOf(own) === 'answers' ? freeAnswer(asked, own) : undefined
    if (value !== undefined) answers.push({ slot: asked, value, corrected: false })
    else if (intentOf(own) === 'answers' && readText(asked, own).length > 0) {
      const first = checked(asked, readText(asked, own)[0])
      problem ??= 'problem' in first ? first.problem : undefined
    }
  }
  return { answers, fragment, problem: answers.some(({ slot }) => slot.id === asked?.id) ? undefined : problem }
}

function freeAnswer(slot: Slot, text: string): unknown {
  if (slot.list === undefined) return firstConforming(slot, readText(slot, text))
  const items = readTextList(slot, text).filter((item) => 'value' in checked(slot, item))
  return items.length === 0 ? undefined : items.slice(0, slot.list.most)
}

function firstConforming(slot: Slot, candidates: readonly string[]): string | undefined {
  return candidates.find((candidate) => 'value' in checked(slot, candidate))
}

/** A half of the asked date-time, or of the only open one. */
function fragmentHeard(text: string, context: Context): Turn['fragment'] {
  const slot = context.asked?.kind === 'date-time' ? context.asked : undefined
  if (slot === undefined || slot.list !== undefined) return undefined
  const fragment = findFragment(slot, text, { today: context.today, asked: true })
  return fragment === undefined ? undefined : { slot, fragment: { ...context.fragments[slot.id], ...fragment } }
}

const enough = 4
const distinct: ReadonlySet<Slot['kind']> = new Set(['date', 'date-time', 'time', 'email', 'phone', 'choice'])

/** How sure it is that a found value is meant for a slot; below `enough` it is not. */
function scoreOf(slot: Slot, found: Found<unknown>, text: string, { slots, draft, asked }: Context): number {
  // "And also olives" goes on with a list that was answered already.
  const open = draft[slot.id] === undefined || (slot.list !== undefined && goesOn.test(text))
  const cue = cuesOf(slot, text, found)
  const rivals = slots.filter((other) => other.kind === slot.kind && draft[other.id] === undefined)
  let score = distinct.has(slot.kind) ? 2 : 0
  if (slot.id === asked?.id) score += 4
  else if (!open && !cue) return 0
  if (cue) score += 5
  if (open) score += 1
  if (open && distinct.has(slot.kind) && (rivals.length <= 1 || saysOption(slot, text, found))) score += 2
  if (
    open &&
    (slot.kind === 'number' || slot.kind === 'integer') &&
    asked?.kind !== slot.kind &&
    rivals.length === 1 &&
    alone(text, found)
  )
    score += 4
  return score
}

const goesOn = /^(?:oh[,\s]+)?(?:and|also|plus)\b/i

/** An option named in so many words leaves no doubt which slot is meant. */
function saysOption(slot: Slot, text: string, { start, end }: Found<unknown>): boolean {
  const said = text.slice(start, end).toLowerCase()
  return slot.choices.some(({ label }) => label.toLowerCase().startsWith(said.replace(/s$/, '')))
}

/** A number that is a clause of its own: "Anna Smith, 29". */
function alone(text: string, { start, end }: { start: number; end: number }): boolean {
  const clause = clauseAt(text, start, end)
  return plainAnswer(clause.value).length <= end - start + 2
}

/** The highest bids take their words; a slot takes one value, a list slot all of them. */
function settle(bids: readonly Bid[]): Bid[] {
  const taken: Bid[] = []
  const order = [...bids].sort(
    (one, other) => other.score - one.score || length(other) - length(one) || one.found.start - other.found.start,
  )
  for (const bid of order) {
    const full = bid.slot.list === undefined && taken.some(({ slot }) => slot.id === bid.slot.id)
    if (!full && !taken.some(({ found }) => overlap(found, bid.found))) taken.push(bid)
  }
  return taken.sort((one, other) => one.found.start - other.found.start)
}

function length({ found }: Bid): number {
  return found.end - found.start
}

/** The text without the clauses that were mostly an answer to something else. */
function leftover(text: string, used: readonly { start: number; end: number }[]): string {
  const gone = used.map(({ start, end }) => clauseAt(text, start, end)).filter((clause) => covered(clause, used))
  let rest = ''
  for (let at = 0; at < text.length; at += 1) {
    if (!gone.some(({ start, end }) => at >= start && at < end)) rest += text[at]
  }
  return rest.replace(/^[\s,.;]*(?:and\s+)?|[\s,.;]*(?:\band)?[\s,.;]*$/gi, '')
}

function covered(clause: Found<string>, used: readonly { start: number; end: number }[]): boolean {
  const inside = used.filter((span) => overlap(clause, span)).reduce((sum, { start, end }) => sum + end - start, 0)
  const content = plainAnswer(clause.value).length
  return (
    content === 0 ||
    inside >= content * 0.5 ||
    wordsOf(clause.value).length - wordsOf(clause.value.slice(0, 0)).length <= 4
  )
}

const joint = /[,;]\s+|[.!?]\s+|\s+(?:and|but|so)\s+(?:also\s+)?/gi

/** The clause around a span: a boundary inside the span ("14 May, 1991") is none. */
function clauseAt(text: string, start: number, end: number): Found<string> {
  let from = 0
  let to = text.length
  for (const match of text.matchAll(joint)) {
    const after = match.index + match[0].length
    if (after <= start) from = Math.max(from, after)
    else if (match.index >= end) to = Math.min(to, match.index)
  }
  return { value: text.slice(from, to), start: from, end: to }
}

function same(one: unknown, other: unknown): boolean {
  if (typeof one === 'string' && typeof other === 'string') return one.toLowerCase() === other.toLowerCase()
  return (
    JSON.stringify(one) === JSON.stringify(other) || (Array.isArray(other) && other.some((item) => same(one, item)))
  )
}
