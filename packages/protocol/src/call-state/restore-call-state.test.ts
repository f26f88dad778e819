import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyHistory } from '../reduce/history.test-kit.ts'
import { foldCall, reduceCall } from '../reduce/reduce-call.ts'
import { scenarios } from '../scenarios/index.ts'
import type { CallState } from './call-state.ts'
import { restoreCallState } from './restore-call-state.ts'

const roundTrip = (state: CallState) => restoreCallState(JSON.parse(JSON.stringify(state)))

const expectSame = (restored: CallState, original: CallState) => {
  expect(restored).toEqual(original)
  expect(JSON.stringify(restored)).toBe(JSON.stringify(original))
}

describe('restoreCallState', () => {
  it('restoreCallState restores the call state of any event history from its JSON', () => {
    fc.assert(
      fc.property(anyHistory, (events) => {
        const state = foldCall('v3:call', events)
        expectSame(roundTrip(state), state)
      }),
      { numRuns: 1_000 },
    )
  })

  it('reduceCall folds events into a restored call state as it does into the original', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(14), (events, cut) => {
        let original = foldCall('v3:call', events.slice(0, cut))
        let restored = roundTrip(original)
        for (const event of events.slice(cut)) {
          original = reduceCall(original, event)
          restored = reduceCall(restored, event)
          expectSame(restored, original)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(Object.entries(scenarios))(
    'restoreCallState restores the call state after each step of the scenario "%s"',
    (_, { callId, steps }) => {
      let state = foldCall(callId, [])
      for (const { event } of steps) {
        state = reduceCall(roundTrip(state), event)
        expectSame(roundTrip(state), state)
      }
      expectSame(
        state,
        foldCall(
          callId,
          steps.map(({ event }) => event),
        ),
      )
    },
  )

  it('the maps of a restored call state find commands, gathers and messages by their keys', () => {
    const { callId, steps } = scenarios.aiBooking
    const state = foldCall(
      callId,
      steps.map(({ event }) => event),
    )
    const restored = roundTrip(state)
    expect(restored.commands.get('booking')).toEqual(state.commands.get('booking'))
    expect(restored.gathers.get('booking')?.ended?.status).toBe('valid')
    expect(restored.conversations.get('booking')?.messages.get('00000000')?.role).toBe('assistant')
  })
})
