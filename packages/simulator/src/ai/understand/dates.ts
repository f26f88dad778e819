/** Dates as people say them ("14 May 1991", "tomorrow", "the fifth of June", "next Thursday"), read by chrono-node. */
import * as chrono from 'chrono-node'
import type { Found } from './found.ts'
import { inFigures } from './number-words.ts'

/** A calendar date, month 1–12. */
export interface CalendarDate {
  year: number
  month: number
  day: number
}

/** Where "today" is: an instant and the speaker's offset from UTC in minutes. */
export interface Today {
  now: number
  utcOffsetMinutes: number
}

/** Only these can begin a date; looking for them first spares most turns a full reading, which is costly. */
const dateLike =
  /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|today|tonight|tomorrow|yesterday|days?\b|weeks?\b|weekend|months?\b|years?\b|\d+(?:st|nd|rd|th)\b|\d{1,4}[-/.]\d{1,2})/i

/** Every date said in a text; one without a year lies ahead, unless `past` (a birthday) says otherwise. */
export function findDates(text: string, today: Today, past = false): Found<CalendarDate>[] {
  const figures = inFigures(text)
  if (!dateLike.test(figures.text)) return []
  const reference = { instant: new Date(today.now), timezone: today.utcOffsetMinutes }
  const found: Found<CalendarDate>[] = []
  for (const result of chrono.casual.parse(figures.text, reference, { forwardDate: !past })) {
    const { start } = result
    const dated = start.isCertain('day') || start.isCertain('weekday')
    const year = start.get('year')
    const month = start.get('month')
    const day = start.get('day')
    if (!dated || year === null || month === null || day === null) continue
    found.push({
      value: { year, month, day },
      start: figures.origin(result.index),
      end: figures.origin(result.index + result.text.length),
    })
  }
  return found
}

/** As JSON Schema's `date` has it (RFC 3339 `full-date`). */
export function isoDate({ year, month, day }: CalendarDate): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
