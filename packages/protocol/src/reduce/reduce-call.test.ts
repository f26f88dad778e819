import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallState } from '../call-state/call-state.ts'
import type { CallEvent } from '../events/event.ts'
import { type Scenario, scenarios, scenarioTime } from '../scenarios/index.ts'
import { selectConversation, selectPartialSpeech } from '../views/conversation.ts'
import { selectGather } from '../views/gather.ts'
import { selectCallPhase } from '../views/status.ts'
import { isStrayKey, selectStrayKeys } from '../views/stray-keys.ts'
import { selectCallSummary } from '../views/summary.ts'
import { anyHistory, shuffledAndRepeated } from './history.test-kit.ts'
import { foldCall, reduceCall } from './reduce-call.ts'

const eventsOf = (scenario: Scenario) => scenario.steps.map((step) => step.event)
const canonical = (state: CallState) => JSON.stringify(state)
const fold = (events: readonly CallEvent[]) => foldCall('v3:call', events)

describe('reduceCall and the order of events', () => {
  for (const [name, scenario] of Object.entries(scenarios)) {
    it(`reduceCall returns the same state for any order and repetition of the events of "${name}"`, () => {
      const events = eventsOf(scenario)
      const expected = canonical(fold(events))
      fc.assert(
        fc.property(shuffledAndRepeated(events), (mixed) => {
          expect(canonical(fold(mixed))).toBe(expected)
        }),
        { numRuns: 1_000 },
      )
    })
  }

  it('reduceCall returns the same state for any order and repetition of the events of any history', () => {
    fc.assert(
      fc.property(
        anyHistory.chain((events) => fc.tuple(fc.constant(events), shuffledAndRepeated(events))),
        ([events, mixed]) => {
          expect(canonical(fold(mixed))).toBe(canonical(fold(events)))
        },
      ),
      { numRuns: process.env.CALLGATHER_LONG ? 10_000 : 2_500 },
    )
  })

  it('reduceCall does not change the call state when an event is repeated', () => {
    for (const scenario of Object.values(scenarios)) {
      const state = fold(eventsOf(scenario))
      for (const event of eventsOf(scenario)) expect(canonical(reduceCall(state, event))).toBe(canonical(state))
    }
  })
})

describe('reduceCall', () => {
  it('reduceCall reports a call as ended when its hangup is the first event to arrive', () => {
    const events = eventsOf(scenarios.hangupMidGather).toReversed()
    const hangup = events[0] as CallEvent
    expect(selectCallPhase(fold([hangup]))).toBe('ended')
    expect(selectCallPhase(fold(events))).toBe('ended')
  })

  it('reduceCall counts a key that arrives after the end of its gather', () => {
    const events = eventsOf(scenarios.pinEntry)
    const late = events.find((event) => event.event_type === 'call.dtmf.received') as CallEvent
    const state = fold([...events.filter((event) => event !== late), late])
    const gather = selectGather(state)
    expect(gather).toMatchObject({ kind: 'digits', status: 'ended', outcome: 'valid', digits: '5503' })
    expect(gather?.kind === 'digits' && gather.keys.map((key) => key.digit).join('')).toBe('5503#')
    expect(selectStrayKeys(state)).toEqual([])
  })

  it('reduceCall assigns keys to the right one of two consecutive gathers and marks a late key as stray', () => {
    const state = fold(eventsOf(scenarios.twoGathers))
    expect(selectGather(state, 'first')).toMatchObject({ outcome: 'cancelled', digits: '12' })
    expect(selectGather(state, 'second')).toMatchObject({ outcome: 'valid', digits: '78' })
    expect(selectStrayKeys(state).map((key) => key.digit)).toEqual(['9'])
    expect([...state.timeline].filter((entry) => entry.kind === 'key' && isStrayKey(state, entry))).toHaveLength(1)
  })

  it('reduceCall keeps the newest message history and dates a message by the oldest history that contains it', () => {
    const history = (id: string, second: number, from: number, ...words: string[]): CallEvent => ({
      id,
      event_type: 'call.ai_gather.message_history_updated',
      occurred_at: scenarioTime(second * 1000),
      command_id: 'talk',
      payload: { message_history: { from, messages: words.map((content) => ({ role: 'user', content })) } },
    })
    const state = fold([history('2', 2, 0, 'a', 'b', 'c'), history('1', 1, 2), history('3', 3, 1, 'B')])
    const rows = [...state.timeline].map((entry) => entry.kind === 'message' && [entry.content, entry.at])
    expect(rows).toEqual([
      ['a', scenarioTime(1000)],
      ['B', scenarioTime(1000)],
    ])
  })

  it('reduceCall ignores a false length of a message history and visits only existing messages', () => {
    const state = fold([
      {
        id: 'liar',
        event_type: 'call.ai_gather.message_history_updated',
        occurred_at: scenarioTime(0),
        command_id: 'talk',
        payload: { message_history: { from: 2 ** 40, messages: [{ role: 'user', content: 'hello' }] } },
      },
    ])
    expect(state.timeline.size).toBe(1)
  })

  it('selectGather returns the partial fields of an AI gather, then its final fields', () => {
    const events = eventsOf(scenarios.aiBooking)
    const untilHeard = events.slice(
      0,
      events.findLastIndex((event) => event.event_type === 'call.ai_gather.partial_results') + 1,
    )
    const during = selectGather(fold(untilHeard))
    expect(during?.kind === 'fields' && during.fields.map((field) => field.status)).toEqual(['heard', 'heard', 'heard'])
    const after = selectGather(fold(events))
    expect(after).toMatchObject({ kind: 'fields', status: 'ended', outcome: 'valid', progress: { done: 3, of: 3 } })
    expect(after?.kind === 'fields' && after.fields.map((field) => [field.label, field.status, field.value])).toEqual([
      ['Patient name', 'confirmed', 'Sample Caller'],
      ['Date of birth', 'confirmed', '1991-05-14'],
      ['Preferred day', 'confirmed', 'Thursday'],
    ])
  })

  it('ai_assistant_stop ends the conversation and keeps the call answered', () => {
    const state = fold(eventsOf(scenarios.assistantWhisper))
    expect(selectConversation(state)).toMatchObject({ command: 'ai_assistant_start', status: 'ended', length: 5 })
    expect(selectCallPhase(state)).toBe('answered')
  })

  it('selectGather counts the attempts of a gather, records invalid keys and clears the digits at each new attempt', () => {
    const events = eventsOf(scenarios.menuWithWrongKey)
    const untilWrong = events.slice(0, events.findIndex((event) => event.event_type === 'call.dtmf.received') + 1)
    expect(selectGather(fold(untilWrong))).toMatchObject({ attempt: 1, digits: '9', keys: [{ role: 'invalid' }] })
    expect(selectGather(fold(events))).toMatchObject({ attempt: 2, digits: '2', keys: [{ digit: '2', role: 'digit' }] })
  })

  it('selectGather returns only the number of digits of a masked gather', () => {
    const state = fold(eventsOf(scenarios.hiddenPin))
    expect(selectGather(state)).toMatchObject({ outcome: 'valid', digits: '••••••', digitCount: 6, mask: 'digits' })
  })

  it('selectGather keeps a refused gather, and resolves an unknown outcome when the next key arrives', () => {
    expect(selectGather(fold(eventsOf(scenarios.refusedCommand)))).toMatchObject({
      status: 'refused',
      refusal: { code: '90018' },
    })
    const unknown = eventsOf(scenarios.unknownOutcome)
    expect(selectGather(fold(unknown))).toMatchObject({ status: 'unknown' })
    const key: CallEvent = {
      id: 'key',
      event_type: 'call.dtmf.received',
      occurred_at: scenarioTime(60_000),
      command_id: 'lost',
      payload: { digit: '4' },
    }
    expect(selectGather(fold([...unknown, key]))).toMatchObject({ status: 'collecting', digits: '4' })
  })

  it('selectPartialSpeech returns partial speech until the final transcript arrives', () => {
    const speech = (id: string, second: number, transcript: string, is_final: boolean): CallEvent => ({
      id,
      event_type: 'call.transcription',
      occurred_at: scenarioTime(second * 1000),
      payload: { transcription_data: { transcript, is_final, transcription_track: 'inbound' } },
    })
    const partial = fold([speech('1', 1, 'hang', false), speech('2', 2, 'hang on', false)])
    expect(selectPartialSpeech(partial, 'inbound')).toMatchObject({ text: 'hang on' })
    const final = fold([speech('3', 3, 'Hang on.', true), speech('2', 2, 'hang on', false)])
    expect(selectPartialSpeech(final, 'inbound')).toBeNull()
  })

  it('selectCallSummary returns the phase, parties and activity of a call', () => {
    expect(selectCallSummary(fold(eventsOf(scenarios.pinEntry)))).toMatchObject({
      phase: 'answered',
      from: '+15550001111',
      direction: 'incoming',
      activity: { kind: 'digits', status: 'ended', outcome: 'valid', count: 4 },
    })
  })

  it('reduceCall keeps the identity of state values that an event does not change', () => {
    const state = fold(eventsOf(scenarios.aiBooking))
    const next = reduceCall(state, {
      id: 'key',
      event_type: 'call.dtmf.received',
      occurred_at: scenarioTime(90_000),
      payload: { digit: '1' },
    })
    expect(next.conversations).toBe(state.conversations)
    expect(next.gathers).toBe(state.gathers)
    expect(selectGather(next)).toEqual(selectGather(state))
    expect(selectConversation(next)).toEqual(selectConversation(state))
  })
})
