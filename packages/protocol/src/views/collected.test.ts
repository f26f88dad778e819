import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallEvent } from '../events/event.ts'
import { anyHistory, shuffledAndRepeated } from '../reduce/history.test-kit.ts'
import { foldCall } from '../reduce/reduce-call.ts'
import { type Scenario, ScenarioWriter, scenarios } from '../scenarios/index.ts'
import { selectCollected } from './collected.ts'

const eventsOf = ({ steps }: Scenario) => steps.map(({ event }) => event)
const collected = (events: readonly CallEvent[]) => selectCollected(foldCall('v3:call', events))

/** A call that asks for a masked PIN and an account number, with an AI gather between them. */
const longCall = new ScenarioWriter('Long call')
  .answered()
  .command('pin', 'gather_using_speak', { payload: 'Your PIN?', maximum_digits: 4 }, { mask: 'digits' })
  .press('••••', { gather: 'pin' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .wait(1000)
  .command('booking', 'gather_using_ai', {
    parameters: { properties: { day: { title: 'Day', format: 'date' }, party: { type: 'integer' } } },
  })
  .event('call.ai_gather.partial_results', {
    command_id: 'booking',
    payload: { partial_results: { day: '2026-11-24' } },
  })
  .wait(1000)
  .event('call.ai_gather.ended', {
    command_id: 'booking',
    payload: { status: 'valid', result: { day: '2026-11-26', party: 0 } },
  })
  .wait(1000)
  .command('account', 'gather', { maximum_digits: 10 })
  .press('4071', { gather: 'account' })
  .hangup()
  .end()

describe('selectCollected', () => {
  it('selectCollected returns the same values for any order and repetition of the events of any call', () => {
    const histories = fc.oneof(
      anyHistory,
      fc.constantFrom(longCall, ...Object.values(scenarios)).map((scenario): CallEvent[] => eventsOf(scenario)),
    )
    fc.assert(
      fc.property(
        histories.chain((events) => fc.tuple(fc.constant(events), shuffledAndRepeated(events))),
        ([events, mixed]) => {
          const values = collected(events)
          expect(collected(mixed)).toEqual(values)
          expect(new Set(values.map(({ id }) => id)).size).toBe(values.length)
          expect(values.map(({ at }) => at)).toEqual(
            values
              .map(({ at }) => at)
              .sort()
              .reverse(),
          )
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('selectCollected lists the newest value first, and the fields of one gather in their order', () => {
    const values = collected(eventsOf(longCall))
    expect(values.map(({ id, label, value, outcome }) => [id, label, value, outcome])).toEqual([
      ['account digits', 'digits', '4071', 'call_hangup'],
      ['booking day', 'Day', '2026-11-26', 'valid'],
      ['booking party', 'Party', 0, 'valid'],
      ['pin digits', 'Your PIN?', null, 'valid'],
    ])
  })

  it('selectCollected replaces a heard field with its confirmed value under the same id', () => {
    const untilHeard = eventsOf(longCall).filter(({ event_type }) => event_type !== 'call.ai_gather.ended')
    const heard = collected(
      untilHeard.slice(
        0,
        untilHeard.findIndex(({ command_id }) => command_id === 'account'),
      ),
    )
    expect(heard[0]).toMatchObject({ id: 'booking day', value: '2026-11-24', status: 'heard', isFinal: false })
    const confirmed = collected(eventsOf(longCall)).find(({ id }) => id === 'booking day')
    expect(confirmed).toMatchObject({ value: '2026-11-26', status: 'confirmed', isFinal: true, format: 'date' })
  })

  it('selectCollected returns only the count of a masked value', () => {
    const pin = collected(eventsOf(longCall)).find(({ gatherId }) => gatherId === 'pin')
    expect(pin).toMatchObject({ value: null, mask: 'digits', digitCount: 4, last4: null, isFinal: true })
    expect(JSON.stringify(pin)).not.toContain('•')
  })

  it('selectCollected reads the mask of a gather that only the server policy masked from its ending event', () => {
    const [card] = collected([
      {
        id: 'end',
        event_type: 'call.gather.ended',
        occurred_at: '2026-11-22T10:41:00.000000Z',
        payload: { status: 'valid', digits: null, digit_count: 16, last4: '4242' },
      },
    ])
    expect(card).toMatchObject({ value: null, mask: 'allButLast4', digitCount: 16, last4: '4242' })
  })

  it('selectCollected does not label a value with its hidden prompt', () => {
    const hidden = new ScenarioWriter('Hidden prompt')
      .answered()
      .command('account', 'gather_using_speak', { payload: '•••' })
      .press('••••', { gather: 'account' })
      .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: null, digit_count: 4 } })
    expect(collected(eventsOf(hidden.end()))).toMatchObject([{ label: 'digits', value: null }])
  })

  it('selectCollected lists a gather with the mask `all` without its count', () => {
    const hidden = new ScenarioWriter('All hidden')
      .answered()
      .command('pin', 'gather', {}, { mask: 'all' })
      .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null } })
    expect(collected(eventsOf(hidden.end()))).toMatchObject([{ value: null, mask: 'all', digitCount: null }])
  })

  it('selectCollected leaves out gathers without a value: running, refused and timed out without a key', () => {
    expect(collected(eventsOf(scenarios.silence))).toEqual([])
    expect(collected(eventsOf(scenarios.refusedCommand))).toEqual([])
    expect(collected(eventsOf(scenarios.pinEntry).slice(0, -1))).toEqual([])
  })

  it('selectCollected reports the keys of a gather that a hang-up ended before Telnyx reported them as not final', () => {
    const [account] = collected(eventsOf(longCall))
    expect(account).toMatchObject({ value: '4071', isFinal: false, outcome: 'call_hangup' })
  })
})
