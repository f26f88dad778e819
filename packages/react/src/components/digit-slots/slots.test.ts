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
  if (gather?.kind !== 'digits') throw new Error('The scenario has no gather of digits after this many events.')
  return gather
}

const states = (gather: DigitGather) => slotsOf(gather).slots.map((slot) => slot.state)

describe('digit slots', () => {
  // In `pinEntry`, six events come before the first key.
  test('the digit slots show one slot per allowed digit, and the first slot is current', () => {
    expect(states(gatherAt(pinEntry, 6))).toEqual(['current', 'empty', 'empty', 'empty', 'empty', 'empty'])
  })

  test('each digit that the caller enters fills the next digit slot', () => {
    const { slots } = slotsOf(gatherAt(pinEntry, 8))
    expect(slots.map((slot) => slot.digit)).toEqual(['5', '5', null, null, null, null])
    expect(slots.map((slot) => slot.state)).toEqual(['filled', 'filled', 'current', 'empty', 'empty', 'empty'])
  })

  test('the digit slot that reaches the minimum number of digits is marked as enough', () => {
    expect(slotsOf(gatherAt(pinEntry, 6)).slots.map((slot) => slot.enough)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
    ])
  })

  test('no digit slot is current after the caller presses the terminating key', () => {
    const { slots, terminator } = slotsOf(gatherAt(pinEntry, 11))
    expect(terminator).toEqual({ key: '#', pressed: true })
    expect(slots.some((slot) => slot.state === 'current')).toBe(false)
  })

  test('a masked digit fills its digit slot, and the slot has no value', () => {
    const { slots } = slotsOf(gatherAt(hiddenPin, 9))
    expect(slots.slice(0, 3).map((slot) => [slot.state, slot.digit])).toEqual([
      ['filled', null],
      ['filled', null],
      ['filled', null],
    ])
  })

  test('a key that the gather does not accept stays in a digit slot marked as invalid', () => {
    expect(slotsOf(gatherAt(menuWithWrongKey, 6)).slots).toEqual([
      { index: 0, state: 'invalid', digit: '9', enough: false },
    ])
  })

  test('a gather of up to 128 digits shows only one empty slot after the digits entered', () => {
    const gather = gatherAt(pinEntry, 8)
    const open = slotsOf({ ...gather, rules: gather.rules && { ...gather.rules, maxDigits: 128 } })
    expect(open.open).toBe(true)
    expect(open.slots.map((slot) => slot.state)).toEqual(['filled', 'filled', 'current'])
  })
})
