import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallEvent } from '../events/event.ts'
import { foldCall } from '../reduce/reduce-call.ts'
import { scenarios } from './library.ts'
import { createReplay } from './replay.ts'
import { scenarioOf } from './scenario-of.ts'

const exported = ({ callId, steps }: (typeof scenarios)[keyof typeof scenarios]) => ({
  callId,
  events: steps.map(({ event }): CallEvent => event),
})

/** A call of two events a second: keys, and words of a conversation. */
function longCall(length: number) {
  const events = Array.from({ length }, (_, index): CallEvent => {
    const occurred_at = new Date(1_700_000_000_000 + index * 500).toISOString().replace('Z', '000Z')
    const common = { id: `event-${index}`, occurred_at, command_id: 'talk' }
    if (index % 4 === 0) return { ...common, event_type: 'call.dtmf.received', payload: { digit: '5' } }
    const from = index - Math.floor(index / 4) - 1
    const message_history = { from, messages: [{ role: index % 2 ? 'user' : 'assistant', content: `Turn ${index}` }] }
    return { ...common, event_type: 'call.ai_gather.message_history_updated', payload: { message_history } }
  })
  return { callId: 'v3:long', events }
}

describe('a replay', () => {
  it('returns at any position, in any order of seeking, the fold of the events before it', () => {
    const calls = [...Object.values(scenarios).map(exported), longCall(250)]
    const cases = fc.constantFrom(...calls).chain((call) =>
      fc.record({
        // Also in the order of arrival, which differs from the order of time.
        events: fc.shuffledSubarray([...call.events], { minLength: call.events.length }),
        positions: fc.array(fc.integer({ min: 0, max: call.events.length }), { minLength: 1, maxLength: 12 }),
      }),
    )
    fc.assert(
      fc.property(cases, ({ events, positions }) => {
        const replay = createReplay({ callId: 'v3:a', events })
        for (const position of positions) {
          const prefix = foldCall('v3:a', events.slice(0, position))
          expect(JSON.stringify(replay.stateAt(position))).toBe(JSON.stringify(prefix))
        }
      }),
      { numRuns: 150 },
    )
  })

  it('finds the position of any time, and never counts an event before its predecessor in the log', () => {
    const times = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(times, fc.integer({ min: -10, max: 6_000 }), (offsets, timeMs) => {
        const events = offsets.map((offset, index): CallEvent => {
          const occurred_at = new Date(1_700_000_000_000 + offset).toISOString().replace('Z', '000Z')
          return { id: `${index}`, event_type: 'call.hold', occurred_at, payload: {} }
        })
        const replay = createReplay({ callId: 'v3:a', events })
        const arrived = events.filter((_, index) => replay.timeAt(index + 1) <= timeMs)
        expect(replay.positionAt(timeMs)).toBe(arrived.length)
        expect(arrived).toEqual(events.slice(0, arrived.length))
        expect(replay.durationMs).toBe(Math.max(...offsets) - (offsets[0] ?? 0))
      }),
    )
  })

  it('treats a position outside of the log as the start or the end', () => {
    const call = longCall(120)
    const replay = createReplay(call)
    expect(replay.stateAt(-5)).toBe(replay.stateAt(0))
    expect(replay.stateAt(Number.NaN)).toBe(replay.stateAt(0))
    expect(JSON.stringify(replay.stateAt(1e9))).toBe(JSON.stringify(foldCall(call.callId, call.events)))
  })
})

describe('a scenario of an exported call', () => {
  it.each(Object.entries(scenarios))('scenarioOf keeps the events of %s in the same order', (_, scenario) => {
    const events = scenario.steps.map(({ event }) => ({
      ...event,
      occurred_at: new Date(Date.parse(event.occurred_at) + 86_400_000).toISOString().replace('Z', '042Z'),
    }))
    const made = scenarioOf({ callId: scenario.callId, events }, scenario.title)
    expect(made.steps.map(({ at }) => at)).toEqual(scenario.steps.map(({ at }) => at))
    expect(JSON.stringify(made).replaceAll('042Z', '000Z')).toBe(JSON.stringify(scenario))
  })
})
