import { describe, expect, it } from 'vitest'
import { findDates, isoDate } from './dates.ts'
import { findTimes } from './times.ts'

/** Sunday, 22 November 2026, 10:00 UTC. */
const today = { now: Date.UTC(2026, 10, 22, 10), utcOffsetMinutes: 0 }
const dates = (text: string, past = false) => findDates(text, today, past).map(({ value }) => isoDate(value))
const times = (text: string, bare = false) =>
  findTimes(text, bare).map(({ value }) => `${value.hour}:${String(value.minute).padStart(2, '0')}`)

describe('dates as people say them', () => {
  it.each([
    ['14 May 1991', '1991-05-14'],
    ['May 14th, 1991', '1991-05-14'],
    ['the fourteenth of May nineteen ninety-one', '1991-05-14'],
    ['1991-05-14', '1991-05-14'],
    ['the fifth of June', '2027-06-05'],
    ['today', '2026-11-22'],
    ['tomorrow', '2026-11-23'],
    ['Thursday', '2026-11-26'],
    ['next Tuesday please', '2026-11-24'],
    ['in three days', '2026-11-25'],
  ])('reads %j', (text, expected) => {
    expect(dates(text)).toEqual([expected])
  })

  it('takes tomorrow by the clock of the caller', () => {
    const evening = { now: Date.UTC(2026, 10, 22, 23), utcOffsetMinutes: 120 }
    expect(findDates('tomorrow', evening).map(({ value }) => isoDate(value))).toEqual(['2026-11-24'])
  })

  it('finds no date where none was said', () => {
    expect(dates('I would like the large one')).toEqual([])
  })
})

describe('times as people say them', () => {
  it.each([
    ['10:30', '10:30'],
    ['half past ten', '10:30'],
    ['quarter to three', '14:45'],
    ['3 pm', '15:00'],
    ['ten in the morning', '10:00'],
    ['nine thirty p.m.', '21:30'],
    ["eight o'clock", '8:00'],
    ['at ten', '10:00'],
    ['noon', '12:00'],
    ['midnight', '0:00'],
    ['five in the afternoon', '17:00'],
  ])('reads %j', (text, expected) => {
    expect(times(text)).toEqual([expected])
  })

  it('takes a lone number for an hour only when a time was asked for', () => {
    expect(times('ten')).toEqual([])
    expect(times('ten', true)).toEqual(['10:00'])
    expect(times('about ten, please', true)).toEqual(['10:00'])
    expect(times('the extra large one', true)).toEqual([])
  })

  it('does not take a date in figures for a time', () => {
    expect(times('14.05.1991')).toEqual([])
  })
})
