import { foldCall } from '@callgather/protocol'
import {
  assistantWhisper,
  hiddenPin,
  menuWithWrongKey,
  type Scenario,
  scenarios,
  twoGathers,
} from '@callgather/protocol/scenarios'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { categoryOf, type Row, TimelineRows } from './rows.ts'

const rowsIn = ({ callId, steps }: Scenario): Row[] =>
  new TimelineRows().of(
    foldCall(
      callId,
      steps.map(({ event }) => event),
    ).timeline,
    [],
  )

const ofKind = <Kind extends Row['kind']>(rows: readonly Row[], kind: Kind) =>
  rows.filter((row): row is Extract<Row, { kind: Kind }> => row.kind === kind)

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

  it('hold each key once, those of one gather together, in the order they were pressed', () => {
    const keys = ofKind(rowsIn(twoGathers), 'keys')
    expect(keys.map((row) => [row.keys.map((key) => key.digit).join(''), row.stray])).toEqual([
      ['12', false],
      ['78', false],
      ['9', true],
    ])
  })

  it('mark a key that the gather did not accept', () => {
    const [first] = ofKind(rowsIn(menuWithWrongKey), 'keys')
    expect(first?.keys).toEqual([{ digit: '9', role: 'invalid' }])
  })

  it('know how many hidden keys there were, and not which', () => {
    const [row] = ofKind(rowsIn(hiddenPin), 'keys')
    expect(row?.keys.map((key) => key.digit)).toEqual([null, null, null, null, null, null])
  })

  it('say a whisper once: the message in the conversation is its receipt', () => {
    const rows = rowsIn(assistantWhisper)
    expect(ofKind(rows, 'whisper')).toMatchObject([{ text: 'Offer Thursday first.', outcome: 'seen', who: 'agent-7' }])
    expect(ofKind(rows, 'speech').some((row) => row.text === 'Offer Thursday first.')).toBe(false)
  })

  it('belong to the categories by which they are filtered', () => {
    expect(new Set(rowsIn(assistantWhisper).map(categoryOf))).toEqual(new Set(['system', 'commands', 'ai', 'speech']))
  })
})
