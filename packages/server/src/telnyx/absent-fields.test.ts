/** Telnyx marks no payload field as required, so an event must work without any of them. */
import { foldCall, initialCallState, isKnownEvent, selectGather } from '@callgather/protocol'
import { describe, expect, it } from 'vitest'
import { createMarkCodec } from './client-state.ts'
import { normalise } from './normalise.ts'

const message_history = [{ role: 'user', content: 'Hello' }]
const payloads: Record<string, Record<string, unknown>> = {
  'call.initiated': { from: '+1', to: '+2', direction: 'incoming', caller_id_name: 'Ann', call_session_id: 's' },
  'call.answered': { from: '+1', to: '+2', call_session_id: 's' },
  'call.bridged': { from: '+1', to: '+2', call_session_id: 's' },
  'call.hangup': { from: '+1', to: '+2', hangup_cause: 'normal_clearing', hangup_source: 'caller' },
  'call.dtmf.received': { digit: '1' },
  'call.gather.ended': { status: 'valid', digits: '12' },
  'call.ai_gather.message_history_updated': { message_history },
  'call.ai_gather.partial_results': { partial_results: { name: 'Ann' }, message_history },
  'call.ai_gather.ended': { status: 'valid', result: { name: 'Ann' }, message_history },
  'call.conversation.created': { conversation_id: 'c', assistant_id: 'a' },
  'call.conversation.ended': {
    conversation_id: 'c',
    assistant_id: 'a',
    reason: 'done',
    duration_sec: 3,
    llm_model: 'm',
  },
  'call.conversation_insights.generated': { results: [{ insight_id: 'i', result: 'good' }] },
  'call.playback.started': { media_url: 'https://m.test', media_name: 'm', overlay: false },
  'call.playback.ended': { media_url: 'https://m.test', overlay: false, status: 'completed', status_detail: 'd' },
  'call.speak.ended': { status: 'completed' },
  'call.transcription': {
    transcription_data: { transcript: 'Hello', is_final: true, confidence: 0.9, transcription_track: 'inbound' },
  },
}

const read = (eventType: string, payload: Record<string, unknown>, id = 'event', second = 0) =>
  normalise(
    { id, eventType, occurredAt: `2026-11-22T10:00:0${second}.000000Z`, payload },
    undefined,
    initialCallState('v3:call'),
  )

/** Yields variants of a payload: each field, at any depth, is missing in one variant and `null` in another. */
function* variants(payload: Record<string, unknown>): Generator<Record<string, unknown>> {
  for (const [key, value] of Object.entries(payload)) {
    const { [key]: _, ...rest } = payload
    yield rest
    yield { ...payload, [key]: null }
    const inner: unknown = Array.isArray(value) ? value[0] : value
    if (typeof inner !== 'object' || inner === null) continue
    for (const variant of variants({ ...inner })) {
      yield { ...payload, [key]: Array.isArray(value) ? [variant] : variant }
    }
  }
}

describe('an event without a field', () => {
  for (const [eventType, payload] of Object.entries(payloads)) {
    it(`normalises a ${eventType} event when any of its payload fields is missing or null`, () => {
      for (const variant of [payload, {}, ...variants(payload)]) {
        const event = read(eventType, variant)
        expect([JSON.stringify(variant), event.event_type]).toEqual([JSON.stringify(variant), eventType])
        expect(isKnownEvent(event)).toBe(true)
        expect(() => selectGather(foldCall('v3:call', [event]))).not.toThrow()
      }
    })
  }

  it('ends a gather when its `call.gather.ended` event has neither digits nor status', () => {
    const state = foldCall('v3:call', [read('call.gather.ended', {})])
    expect(selectGather(state)).toMatchObject({ kind: 'digits', status: 'ended', outcome: null, digits: '' })
  })

  it('shows an AI gather of another program with its result, and fills a null result with fields', () => {
    const events = [
      read('call.ai_gather.ended', { status: 'valid', result: { name: 'Ann' } }, 'first', 1),
      read('call.ai_gather.ended', { status: 'client_error', result: null }, 'second', 2),
    ]
    const state = foldCall('v3:call', events)
    expect(selectGather(state)).toMatchObject({ kind: 'fields', outcome: 'client_error', result: null })
    expect(selectGather(state, 'first')).toMatchObject({ kind: 'fields', result: { name: 'Ann' } })
  })
})

describe('a mark', () => {
  it('reads the mask in our `client_state` mark, and an unknown mask as `all`', () => {
    const { read: readMark, write } = createMarkCodec(Buffer.alloc(32, 7))
    const known = write('v3:call', { commandId: 'c', command: 'gather', mask: 'digits' })
    expect(readMark('v3:call', known)).toMatchObject({ mask: 'digits' })
    // These marks have mask names of other versions.
    const unknown = {
      count: 'WyJjZzEiLCJjIiwiZ2F0aGVyIiwiY291bnQiLCJFbVYzdU5FVUdRbmxGeEgybHJrTFZnIl0=',
      last4: 'WyJjZzEiLCJjIiwiZ2F0aGVyIiwibGFzdDQiLCJlWlc2UUtKemV5Z1RYdm83eG5wd1NnIl0=',
      none: 'WyJjZzEiLCJjIiwiZ2F0aGVyIiwibm9uZSIsIkwtd1hhT0RqblpYaGRuXzByb2ZxQ1EiXQ==',
      later: 'WyJjZzEiLCJjIiwiZ2F0aGVyIiwibGF0ZXIiLCJaNGVaMUxCYXFreEZEV25pUG1PZExBIl0=',
    }
    for (const mark of Object.values(unknown)) expect(readMark('v3:call', mark)).toMatchObject({ mask: 'all' })
    expect(readMark('v3:other', write('v3:call', { commandId: 'c', command: 'gather' }))).toBe('unreadable')
    expect(readMark('v3:call', 'aG9zdA==')).toBeNull()
  })
})
