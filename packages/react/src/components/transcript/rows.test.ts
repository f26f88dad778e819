import { foldCall } from '@callgather/protocol'
import {
  assistantWhisper,
  hiddenPin,
  menuWithWrongKey,
  type Scenario,
  ScenarioWriter,
  scenarios,
  twoGathers,
} from '@callgather/protocol/scenarios'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { categoryOf, TimelineRows, type TranscriptRow } from './rows.ts'

const rowsIn = ({ callId, steps }: Scenario): readonly TranscriptRow[] =>
  TimelineRows.none
    .of(
      foldCall(
        callId,
        steps.map(({ event }) => event),
      ).timeline,
    )
    .with([])

const ofKind = <Kind extends TranscriptRow['kind']>(rows: readonly TranscriptRow[], kind: Kind) =>
  rows.filter((row): row is Extract<TranscriptRow, { kind: Kind }> => row.kind === kind)

describe('transcript rows', () => {
  it('builds the same transcript rows for every order in which events arrive', () => {
    for (const { callId, steps } of Object.values(scenarios)) {
      const events = steps.map(({ event }) => event)
      const written = TimelineRows.none.of(foldCall(callId, events).timeline).with([])
      fc.assert(
        fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
          const versions = [TimelineRows.none]
          for (let length = 1; length <= shuffled.length; length++) {
            versions.push((versions.at(-1) as TimelineRows).of(foldCall(callId, shuffled.slice(0, length)).timeline))
          }
          expect(versions.at(-1)?.with([])).toEqual(written)
        }),
        { numRuns: 5 },
      )
    }
  })

  it('does not change the transcript rows of an earlier call state when it builds the rows of a later state', () => {
    for (const { callId, steps } of Object.values(scenarios)) {
      const versions = steps.map((_, nth) =>
        foldCall(
          callId,
          steps.slice(0, nth + 1).map(({ event }) => event),
        ),
      )
      let rows = TimelineRows.none
      for (const { timeline } of versions) {
        const before = [...rows.with([])]
        const later = rows.of(timeline)
        // React may discard a render, so building the same rows twice must give the same result.
        expect(rows.of(timeline).with([])).toEqual(later.with([]))
        expect(rows.with([])).toEqual(before)
        expect(later.of(timeline)).toBe(later)
        rows = later
      }
    }
  })

  it('reuses all transcript rows but one when an event is appended', () => {
    for (const { callId, steps } of Object.values(scenarios)) {
      let known = foldCall(callId, []).timeline
      let rows = TimelineRows.none
      for (let length = 1; length <= steps.length; length++) {
        const { timeline } = foldCall(
          callId,
          steps.slice(0, length).map(({ event }) => event),
        )
        const before = rows.with([])
        rows = rows.of(timeline)
        const after = rows.with([])
        const changed = before.filter((row, index) => row !== after[index])
        // Skip events that change an earlier timeline entry, because they rebuild all rows.
        if (timeline.sharedPrefix(known) === known.size) expect(changed.length).toBeLessThanOrEqual(1)
        known = timeline
      }
    }
  })

  it('`TimelineRows.with` returns rows of partial transcripts without storing them', () => {
    const rows = TimelineRows.none.of(foldCall('call', []).timeline)
    const partial = (text: string) => [{ track: 'inbound', at: '2026-11-22T10:41:00.000000Z', text }]
    expect(rows.with(partial('I'))).toMatchObject([{ key: 'inbound#1', text: 'I', partial: true }])
    expect(rows.with(partial('I would'))).toMatchObject([{ key: 'inbound#1', text: 'I would', partial: true }])
    expect(rows.with([])).toEqual([])
  })

  it('groups the keys of a gather in one transcript row, in the order of the key presses', () => {
    const keys = ofKind(rowsIn(twoGathers), 'keys')
    expect(keys.map((row) => [row.keys.map((key) => key.digit).join(''), row.stray])).toEqual([
      ['12', false],
      ['78', false],
      ['9', true],
    ])
  })

  it('a transcript row marks a key as invalid if the gather does not accept it', () => {
    const [first] = ofKind(rowsIn(menuWithWrongKey), 'keys')
    expect(first?.keys).toEqual([{ digit: '9', role: 'invalid' }])
  })

  it('a transcript row of masked keys has the number of keys but not the digits', () => {
    const [row] = ofKind(rowsIn(hiddenPin), 'keys')
    expect(row?.keys.map((key) => key.digit)).toEqual([null, null, null, null, null, null])
  })

  it('shows a whisper in one transcript row, marked as seen when the conversation contains it', () => {
    const rows = rowsIn(assistantWhisper)
    expect(ofKind(rows, 'whisper')).toMatchObject([{ text: 'Offer Thursday first.', outcome: 'seen', who: 'agent-7' }])
    expect(ofKind(rows, 'speech').some((row) => row.text === 'Offer Thursday first.')).toBe(false)
  })

  it('assigns each transcript row to a filter category', () => {
    expect(new Set(rowsIn(assistantWhisper).map(categoryOf))).toEqual(new Set(['system', 'commands', 'ai', 'speech']))
  })
})

describe('rows of keys that a gather reported', () => {
  const ended = (status: string, digits: string) => ({ payload: { status, digits } })
  const keysIn = (writer: ScenarioWriter) =>
    ofKind(rowsIn(writer.end()), 'keys').map((row) => [row.keys.map((key) => key.digit).join(''), row.stray])

  it('a transcript row of keys is not stray once a gather of another client reported its digits', () => {
    const writer = new ScenarioWriter('Other').answered().press('91234')
    expect(keysIn(writer)).toEqual([['91234', true]])
    expect(keysIn(writer.event('call.gather.ended', ended('invalid', '1234')))).toEqual([
      ['9', true],
      ['1234', false],
    ])
  })

  it('a transcript row with a key before its gather was accepted is not stray once the digits contain the key', () => {
    const writer = new ScenarioWriter('Early')
      .answered()
      .event('command.requested', { command_id: 'pin', payload: { command: 'gather', body: {} } })
      .press('5', { intervalMs: 20 })
      .wait(80)
      .event('command.accepted', { command_id: 'pin', payload: {} })
      .press('503', { gather: 'pin' })
      .event('call.gather.ended', { command_id: 'pin', ...ended('valid', '5503') })
    expect(keysIn(writer).map(([, stray]) => stray)).toEqual([false, false])
  })

  it('keeps the role of each key when a rejected entry and the next entry share a transcript row', () => {
    const writer = new ScenarioWriter('Again').answered().command('pin', 'gather', {}).press('1#2', { gather: 'pin' })
    const [row] = ofKind(rowsIn(writer.end()), 'keys')
    expect(row?.keys.map((key) => key.role)).toEqual(['digit', 'terminator', 'digit'])
  })

  it('builds a transcript row of 3,000 keys', () => {
    const writer = new ScenarioWriter('Long').answered().command('pin', 'gather', {})
    const rows = ofKind(rowsIn(writer.press('7'.repeat(3000), { gather: 'pin', intervalMs: 10 }).end()), 'keys')
    expect(rows.map((row) => row.keys.length)).toEqual([3000])
  })
})

describe('rows of the start and the end of a call', () => {
  const whats = (direction: string, answered: boolean) => {
    const writer = new ScenarioWriter('Phases').event('call.initiated', { payload: { direction } }).wait(5000)
    if (answered) writer.event('call.answered', { payload: {} }).wait(5000)
    return ofKind(rowsIn(writer.event('call.hangup', { payload: {} }).end()), 'system').map((row) => row.what)
  }

  it('a transcript row names an outgoing call as placed, and an unanswered call as missed or not answered', () => {
    expect(whats('incoming', false)).toEqual(['call.initiated', 'call.missed'])
    expect(whats('outgoing', false)).toEqual(['call.placed', 'call.unanswered'])
    expect(whats('outgoing', true)).toEqual(['call.placed', 'call.answered', 'call.hangup'])
  })
})

test('a transcript row shows the characters that would reorder its text', () => {
  const writer = new ScenarioWriter('Bidi').answered().command('bot', 'ai_assistant_start', {})
  const rows = ofKind(rowsIn(writer.say('bot', 'user', 'I am \u202Eevil\nnew line').end()), 'speech')
  expect(rows.map((row) => row.text)).toEqual(['I am \uFFFDevil\nnew line'])
})
