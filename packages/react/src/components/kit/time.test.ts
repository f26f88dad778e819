import { expect, test } from 'vitest'
import { clockTime, durationOf, partyName, timeOfDay } from './time.ts'

test('durations are formatted as a clock and as an HTML duration string', () => {
  expect([0, 999, 161_000, 3_761_000, -5].map(clockTime)).toEqual(['00:00', '00:00', '02:41', '1:02:41', '00:00'])
  expect(durationOf(161_900)).toBe('PT161S')
})

test('the time of day is formatted with seconds on the 24-hour clock', () => {
  expect(timeOfDay('en', '2026-11-22T22:41:07.120000Z', 'UTC')).toBe('22:41:07')
})

test('North American telephone numbers are grouped, and other telephone numbers stay unchanged', () => {
  expect(partyName('+15550001111')).toBe('+1 555 000 1111')
  expect(partyName('+442079460018')).toBe('+442079460018')
  expect(partyName('anonymous')).toBe('anonymous')
})
