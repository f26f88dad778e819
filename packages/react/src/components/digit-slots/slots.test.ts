import { type DigitGather, foldCall, selectGather } from '@callgather/protocol'
import { hiddenPin, menuWithWrongKey, pinEntry, type Scenario } from '@callgather/protocol/scenarios'
import { describe, expect, test } from 'vitest'
import { slotsOf } from './slots.ts'

function gatherAt(scenario: Scenario, steps: number): DigitGather {
  const state = foldCall(
    scenario.callId,
    scenario.steps.slice(0, steps).map((step) => step.event),
  )
  const gather = selectGather(state)
  if (gather?.kind !== 'digits') throw new Error('This scenario has no gather of digits at this step.')
  return gather
}

const states = (gather: DigitGather) => slotsOf(gather).slots.map((slot) => slot.state)

describe('the slots of a gather', () => {
  // Initiated, answered, requested, accepted, speak started, speak ended: six steps before the first key.
  test('are as many as digits may come, the first of them waiting', () => {
    expect(states(gatherAt(pinEntry, 6))).toEqual(['current', 'empty', 'empty', 'empty', 'empty', 'empty'])
  })

  test('fill one by one', () => {
    const { slots } = slotsOf(gatherAt(pinEntry, 8))
    expect(slots.map((slot) => slot.digit)).toEqual(['5', '5', null, null, null, null])
    expect(slots.map((slot) => slot.state)).toEqual(['filled', 'filled', 'current', 'empty', 'empty', 'empty'])
  })

  test('mark where the input is long enough', () => {
    expect(slotsOf(gatherAt(pinEntry, 6)).slots.map((slot) => slot.enough)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
    ])
  })

  test('show the terminator as pressed, and wait for nothing more', () => {
    const { slots, terminator } = slotsOf(gatherAt(pinEntry, 11))
    expect(terminator).toEqual({ key: '#', pressed: true })
    expect(slots.some((slot) => slot.state === 'current')).toBe(false)
  })

  test('tell that a digit is in without telling which, where policy hides it', () => {
    const { slots } = slotsOf(gatherAt(hiddenPin, 9))
    expect(slots.slice(0, 3).map((slot) => [slot.state, slot.digit])).toEqual([
      ['filled', null],
      ['filled', null],
      ['filled', null],
    ])
  })

  test('cross a key that is not accepted, and keep it', () => {
    expect(slotsOf(gatherAt(menuWithWrongKey, 6)).slots).toEqual([
      { index: 0, state: 'invalid', digit: '9', enough: false },
    ])
  })

  test('grow with the input when it has no near end', () => {
    const gather = gatherAt(pinEntry, 8)
    const open = slotsOf({ ...gather, rules: { ...gather.rules, maxDigits: 128 } })
    expect(open.open).toBe(true)
    expect(open.slots.map((slot) => slot.state)).toEqual(['filled', 'filled', 'current'])
  })
})
