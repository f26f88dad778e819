/** One slot's answer read out of a text: what was said, as the JSON value the schema wants. */

import { problems } from '../schema/conform.ts'
import { number as numberKeyword } from '../schema/json-schema.ts'
import type { Slot } from '../schema/slots.ts'
import { findChoices } from './choices.ts'
import { asCode, asUri, findDigitRuns, findEmails, findPhones } from './contact.ts'
import { type CalendarDate, findDates, isoDate, type Today } from './dates.ts'
import { type Found, wordsOf } from './found.ts'
import { plainAnswer, severalThings, withCapitals } from './free-text.ts'
import { findNumbers } from './number-words.ts'
import { findTimes, type TimeOfDay } from './times.ts'
import { findYesNo } from './yes-no.ts'

/** A date heard without its time, or a time without its date, while both are wanted. */
export interface Fragment {
  date?: CalendarDate
  time?: TimeOfDay
}

/** What reading depends on besides the words. */
export interface Reading {
  today: Today
  /** The slot was the one asked for: short answers ("ten", "the second one", "yes") count. */
  asked: boolean
  fragment?: Fragment | undefined
}

/** Values of a typed slot said anywhere in a text, in order. Free text has no type to be recognised by: see `readText`. */
export function findTyped(slot: Slot, text: string, reading: Reading): Found<unknown>[] {
  switch (slot.kind) {
    case 'number':
      return findNumbers(text)
    case 'integer':
      return findNumbers(text).filter(({ value }) => Number.isInteger(value))
    case 'boolean':
      return reading.asked ? findYesNo(text) : []
    case 'choice':
      return findChoices(text, slot.choices, reading.asked)
    case 'date':
      return findDates(text, reading.today, isPast(slot)).map((found) => ({ ...found, value: isoDate(found.value) }))
    case 'time':
      return findTimes(text, reading.asked).map((found) => ({ ...found, value: isoTime(found.value, reading.today) }))
    case 'date-time':
      return findDateTimes(text, reading, isPast(slot))
    case 'email':
      return findEmails(text)
    case 'phone':
      return findPhones(text)
    default:
      return []
  }
}

/** Free text as candidate values, best first; the first that conforms is the answer. */
export function readText(slot: Slot, text: string): string[] {
  const plain = plainAnswer(text)
  if (plain === '') return []
  switch (slot.kind) {
    case 'code': {
      const digits = findDigitRuns(text, 3).map(({ value }) => value)
      const code = asCode(plain)
      const tight = code.replace(/\s+/g, '')
      return [
        ...new Set([
          code,
          code.toUpperCase(),
          ...digits,
          tight,
          tight.toUpperCase(),
          tight.toLowerCase(),
          plain,
          plain.toUpperCase(),
          plain.toLowerCase(),
        ]),
      ]
    }
    case 'uri':
      return [asUri(plain), plain]
    default:
      if (!isName(slot)) return [plain]
      return soundsLikeName(plain) ? [withCapitals(plain), plain] : []
  }
}

/** All items of a list slot of free text. */
export function readTextList(slot: Slot, text: string): string[] {
  return severalThings(text).map((thing) => readText(slot, thing)[0] ?? thing)
}

/** The part of a date-time that was said, when only a part was. */
export function findFragment(slot: Slot, text: string, reading: Reading): Fragment | undefined {
  if (slot.kind !== 'date-time') return undefined
  const { date, time } = dateAndTime(text, reading, isPast(slot))
  if (date === undefined && time === undefined) return undefined
  return { ...(date === undefined ? {} : { date: date.value }), ...(time === undefined ? {} : { time: time.value }) }
}

/** The value as the slot's schema has it, or why not. */
export function checked(slot: Slot, value: unknown): { value: unknown } | { problem: string } {
  const wrong = problems(slot.schema, value)
  const first = wrong[0]
  return first === undefined ? { value } : { problem: inWords(slot, first.keyword) }
}

function findDateTimes(text: string, reading: Reading, past: boolean): Found<unknown>[] {
  const heard = dateAndTime(text, reading, past)
  const date = heard.date ?? (reading.asked ? reading.fragment?.date : undefined)
  const time = heard.time ?? (reading.asked ? reading.fragment?.time : undefined)
  const spans = [heard.date, heard.time].filter((span) => span !== undefined)
  if (date === undefined || time === undefined || spans.length === 0) return []
  return [
    {
      value: `${isoDate('value' in date ? date.value : date)}T${isoTime('value' in time ? time.value : time, reading.today)}`,
      start: Math.min(...spans.map(({ start }) => start)),
      end: Math.max(...spans.map(({ end }) => end)),
    },
  ]
}

/** Times first, since a date swallows the time beside it; then, if a time was asked for, a lone number left over. */
function dateAndTime(
  text: string,
  reading: Reading,
  past: boolean,
): { date: Found<CalendarDate> | undefined; time: Found<TimeOfDay> | undefined } {
  const clear = findTimes(text)[0]
  const rest = clear === undefined ? text : blank(text, clear)
  const date = findDates(rest, reading.today, past)[0]
  const time = clear ?? findTimes(date === undefined ? rest : blank(rest, date), reading.asked)[0]
  return { date, time }
}

function blank(text: string, { start, end }: { start: number; end: number }): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end)
}

/** RFC 3339 `full-time`, in the caller's own offset. */
function isoTime({ hour, minute }: TimeOfDay, { utcOffsetMinutes }: Today): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const offset = Math.abs(utcOffsetMinutes)
  const zone =
    offset === 0 ? 'Z' : `${utcOffsetMinutes < 0 ? '-' : '+'}${two(Math.floor(offset / 60))}:${two(offset % 60)}`
  return `${two(hour)}:${two(minute)}:00${zone}`
}

function isPast(slot: Slot): boolean {
  return /birth|born|\bdob\b|since|started|issued/i.test(`${slot.label} ${slot.description ?? ''}`)
}

function isName(slot: Slot): boolean {
  return /\b(?:name|surname|city|town|country|state|street)\b/i.test(slot.label)
}

/** A name has few words, and none of those that make a sentence. */
function soundsLikeName(text: string): boolean {
  const words = wordsOf(text)
  return words.length <= 7 && !words.some(({ word }) => sentenceWords.has(word))
}

const sentenceWords = new Set(
  "i i'm i've i'd you you're we they am are was were have has had been do does did don't can can't will would should want need because why what how when".split(
    ' ',
  ),
)

function inWords(slot: Slot, keyword: string): string {
  const { schema } = slot
  const minimum = numberKeyword(schema, 'minimum') ?? numberKeyword(schema, 'exclusiveMinimum')
  const maximum = numberKeyword(schema, 'maximum') ?? numberKeyword(schema, 'exclusiveMaximum')
  switch (keyword) {
    case 'minimum':
    case 'exclusiveMinimum':
    case 'maximum':
    case 'exclusiveMaximum':
      if (minimum !== undefined && maximum !== undefined) return `It has to be between ${minimum} and ${maximum}.`
      return minimum !== undefined && keyword.toLowerCase().endsWith('minimum')
        ? `It has to be ${minimum} or more.`
        : `It has to be ${maximum} or less.`
    case 'multipleOf':
      return `It has to be a multiple of ${String(schema.multipleOf)}.`
    case 'minLength':
      return 'That seems too short.'
    case 'maxLength':
      return 'That seems too long.'
    default:
      return "That doesn't look right to me."
  }
}
