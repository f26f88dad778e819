import { describe, expect, it } from 'vitest'
import type { Activity, CallView } from '../simulator.ts'
import { initialPhone, linesOf, type PhoneEvent, type PhoneState, phoneReducer, ringOf } from './phone-state.ts'

const at = '2026-11-22T10:00:00.000Z'
const here = Date.parse(at)

const call = (id: string, change: Partial<CallView> = {}): CallView => ({
  id,
  call_control_id: id,
  call_leg_id: id,
  call_session_id: id,
  connection_id: '1',
  direction: 'incoming',
  from: '+15550001111',
  to: '+15550002222',
  state: 'ringing',
  client_state: null,
  created_at: at,
  answered_at: null,
  ended_at: null,
  hangup_cause: null,
  bridged_with: null,
  speaking: null,
  collecting: null,
  transcript: [],
  ...change,
})
const updated = (view: CallView): PhoneEvent => ({
  type: 'activity',
  activity: { at, type: 'call.updated', call: view },
  here,
})
const hello = (calls: CallView[]): PhoneEvent => ({ type: 'hello', hello: { calls, now: at, logged: 0 }, here })
const after = (...events: PhoneEvent[]): PhoneState => events.reduce(phoneReducer, initialPhone)

describe('phone state', () => {
  it('the phone selects a dialled call and plays ring-back until the call is answered', () => {
    const state = after(hello([]), { type: 'dialled', call: call('a') })
    expect([state.selected, ringOf(state)]).toEqual(['a', 'ringback'])
    expect(ringOf(phoneReducer(state, updated(call('a', { state: 'answered' }))))).toBeNull()
  })

  it('the phone keeps a call that was answered before the response to its dialling came', () => {
    const state = after(hello([]), updated(call('a', { state: 'answered' })), { type: 'dialled', call: call('a') })
    expect([state.selected, state.calls[0]?.state]).toEqual(['a', 'answered'])
  })

  it('an idle phone rings for an incoming call and selects it', () => {
    const state = after(hello([]), updated(call('a', { direction: 'outgoing' })))
    expect([state.selected, ringOf(state)]).toEqual(['a', 'ringing'])
  })

  it('the phone lists an incoming call without ringing while another call is answered', () => {
    const state = after(hello([call('a', { state: 'answered' })]), updated(call('b', { direction: 'outgoing' })))
    expect([state.selected, ringOf(state)]).toEqual(['a', null])
    expect(linesOf(state).map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('the phone does not select a call that a script dials', () => {
    expect(after(hello([]), updated(call('a'))).selected).toBeNull()
  })

  it('the phone keeps an ended call selected until it is dismissed, and then clears justEnded', () => {
    const ended = call('a', { state: 'ended', hangup_cause: 'normal_clearing' })
    const state = after(hello([call('a', { state: 'answered' })]), updated(ended))
    expect([state.selected, state.justEnded]).toEqual(['a', 'a'])
    const away = phoneReducer(state, { type: 'dismiss', id: 'a' })
    expect([away.selected, away.justEnded, linesOf(away)]).toEqual([null, null, []])
  })

  it('the phone keeps its selected call when it reconnects to the simulator', () => {
    const lost = after(
      hello([call('a', { state: 'answered' }), call('b', { state: 'answered' })]),
      { type: 'select', id: 'b' },
      { type: 'lost' },
    )
    expect(lost.connection).toBe('lost')
    const back = phoneReducer(lost, hello([call('c'), call('b', { state: 'answered' })]))
    expect([back.connection, back.selected]).toEqual(['live', 'b'])
  })

  it('the phone computes the offset between the clocks of the simulator and the browser', () => {
    expect(after({ type: 'hello', hello: { calls: [], now: at, logged: 0 }, here: here - 5000 }).clockOffset).toBe(5000)
  })

  it('the phone keeps the latest partial results of an AI gather', () => {
    const event = {
      record_type: 'event' as const,
      event_type: 'call.ai_gather.partial_results',
      id: '1',
      occurred_at: at,
      payload: { partial_results: { age: 29 } },
    }
    const activity: Activity = { at, type: 'webhook', call_id: 'a', event }
    expect(after(hello([call('a')]), { type: 'activity', activity, here }).heard).toEqual({ a: { age: 29 } })
  })

  it('evicts the oldest of more than 50 calls from the phone', () => {
    const many = Array.from({ length: 500 }, (_, index) => updated(call(String(index), { state: 'ended' })))
    expect(after(hello([]), ...many).calls.length).toBeLessThanOrEqual(50)
  })
})
