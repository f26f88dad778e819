import { foldCall } from '@callgather/protocol'
import { scenarios } from '@callgather/protocol/scenarios'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TimelineRows } from './rows.ts'

describe('the rows of a transcript', () => {
  it('are the same however the call grew, and in whatever order its events came', () => {
    for (const { callId, steps } of Object.values(scenarios)) {
      const events = steps.map(({ event }) => event)
      const written = new TimelineRows().of(foldCall(callId, events).timeline, [])
      fc.assert(
        fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
          const growing = new TimelineRows()
          for (let length = 1; length < shuffled.length; length++) {
            growing.of(foldCall(callId, shuffled.slice(0, length)).timeline, [])
          }
          expect(growing.of(foldCall(callId, shuffled).timeline, [])).toEqual(written)
        }),
        { numRuns: 5 },
      )
    }
  })

  it('keep what is being said out of what was said', () => {
    const rows = new TimelineRows()
    const { timeline } = foldCall('call', [])
    const partial = (text: string) => [{ track: 'inbound', at: '2026-11-22T10:41:00.000000Z', text }]
    expect(rows.of(timeline, partial('I'))).toMatchObject([{ key: 'inbound#1', text: 'I', partial: true }])
    expect(rows.of(timeline, partial('I would'))).toMatchObject([{ key: 'inbound#1', text: 'I would', partial: true }])
    expect(rows.of(timeline, [])).toEqual([])
  })
})
