import { describe, expect, it } from 'vitest'
import type { KeyEntry } from '../call-state/call-state.ts'
import { scenarioTime } from '../scenarios/index.ts'
import { readDigitRules, readKeys } from './digits.ts'

/** Creates key presses, each given with the milliseconds since the previous key. */
function pressed(...keys: [digit: string | null, after: number][]): KeyEntry[] {
  let now = 0
  return keys.map(([digit, after], index) => {
    now += after
    const at = scenarioTime(now)
    return { kind: 'key', id: String(index), stamp: `${at} 6 ${index}`, at, digit, gatherId: 'g' }
  })
}

const read = (body: Record<string, unknown>, ...keys: [string | null, number][]) => {
  const { attempt, digits, keys: presses } = readKeys(pressed(...keys), readDigitRules('gather_using_speak', body))
  return { attempt, digits, roles: presses.map((press) => press.role).join(' ') }
}

describe('readDigitRules', () => {
  it("readDigitRules fills in Telnyx's defaults for missing parameters", () => {
    expect(readDigitRules('gather', {})).toEqual({
      minDigits: 1,
      maxDigits: 128,
      terminatingDigit: '#',
      validDigits: '0123456789#*',
      maxAttempts: 1,
      firstDigitTimeoutMs: 5000,
      interDigitTimeoutMs: 5000,
    })
  })

  it('readDigitRules reads timeout_millis as the first-digit timeout of a prompted gather', () => {
    expect(readDigitRules('gather_using_audio', { timeout_millis: 9000 })).toMatchObject({
      firstDigitTimeoutMs: 9000,
      maxAttempts: 3,
    })
    expect(readDigitRules('gather', { timeout_millis: 9000 })).toMatchObject({ firstDigitTimeoutMs: 5000 })
  })

  it('readDigitRules returns no terminating digit when terminating_digit is empty', () => {
    expect(readDigitRules('gather', { terminating_digit: '' }).terminatingDigit).toBeNull()
  })
})

describe('readKeys', () => {
  it('readKeys does not count the terminator as a digit', () => {
    expect(read({}, ['1', 0], ['2', 400], ['#', 400])).toEqual({
      attempt: 1,
      digits: '12',
      roles: 'digit digit terminator',
    })
  })

  it('readKeys counts # as a digit when the gather has no terminating digit', () => {
    expect(read({ terminating_digit: '' }, ['1', 0], ['#', 400]).digits).toBe('1#')
  })

  it('readKeys keeps an invalid key and marks it as invalid', () => {
    expect(read({ valid_digits: '12' }, ['1', 0], ['9', 400])).toMatchObject({ digits: '19', roles: 'digit invalid' })
  })

  it('readKeys starts the next attempt after a terminator', () => {
    expect(read({}, ['1', 0], ['#', 400], ['7', 3000])).toEqual({ attempt: 2, digits: '7', roles: 'digit' })
  })

  it('readKeys starts the next attempt after the maximum number of digits', () => {
    expect(read({ maximum_digits: 2 }, ['1', 0], ['2', 400], ['3', 400])).toMatchObject({ attempt: 2, digits: '3' })
  })

  it('readKeys starts the next attempt after the inter-digit timeout plus 250 ms', () => {
    expect(read({}, ['1', 0], ['2', 5200])).toMatchObject({ attempt: 1, digits: '12' })
    expect(read({}, ['1', 0], ['2', 5300])).toMatchObject({ attempt: 2, digits: '2' })
  })

  it('readKeys never counts more attempts than maximum_tries allows', () => {
    expect(read({ maximum_tries: 2 }, ['#', 0], ['#', 500], ['#', 500]).attempt).toBe(2)
  })

  it('readKeys returns a dot for a masked digit', () => {
    expect(read({}, [null, 0], [null, 400])).toMatchObject({ digits: '••', roles: 'digit digit' })
  })
})
