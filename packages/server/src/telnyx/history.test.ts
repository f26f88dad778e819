import { type CallEvent, initialCallState, reduceCall, type WireEventFrame } from '@callgather/protocol'
import { expect, it } from 'vitest'
import { normalise } from './normalise.ts'

const uuid = (index: number) => `7a3c1f52-9b1e-4d58-8f0a-${String(index).padStart(12, '0')}`
const callId = `v3:${Buffer.from('a call control id of the usual length, as Telnyx makes').toString('base64url')}`
const turn = (place: number) => ({
  role: place % 2 ? 'user' : 'assistant',
  content: `${place}: `.padEnd(120, 'and so they talk on '),
})

/** Returns the nth webhook of a conversation with all messages up to then, as Telnyx sends it. */
const webhookData = (nth: number) => ({
  record_type: 'event',
  event_type: 'call.ai_gather.message_history_updated',
  id: uuid(nth),
  occurred_at: `2026-11-22T10:41:00.${String(nth).padStart(6, '0')}Z`,
  payload: {
    call_control_id: callId,
    call_leg_id: uuid(0),
    call_session_id: uuid(0),
    client_state: null,
    connection_id: '1494404757140276705',
    from: '+15550001111',
    to: '+15550002222',
    message_history: Array.from({ length: nth }, (_, place) => turn(place)),
  },
})

const bytesOf = (name: string, frame: unknown) => Buffer.byteLength(`42${JSON.stringify([name, frame])}`)

// Goals: 1/4, 1/15 and 1/110 at 10, 100 and 1,000 messages. The 1/4 goal is missed by 4 %, see docs/decisions.
it.each([[10, 3.7], [100, 15], ...(process.env.CALLGATHER_LONG ? [[1_000, 110] as const] : [])] as const)(
  'the relay sends a conversation of %i messages in less than 1/%d of the bytes of its webhooks',
  (messages, times) => {
    let state = initialCallState(callId)
    let [forwarded, sent] = [0, 0]
    for (let nth = 1; nth <= messages; nth++) {
      const data = webhookData(nth)
      const { id, event_type: eventType, occurred_at: occurredAt, payload } = data
      const event: CallEvent = normalise({ id, eventType, occurredAt, payload }, undefined, state)
      state = reduceCall(state, event)
      const frame: WireEventFrame = [1, nth + 1, event]
      forwarded += bytesOf('webhook', { data, meta: { attempt: 1, delivered_to: 'https://example.com/telnyx' } })
      sent += bytesOf('call:event', frame)
    }
    expect([...state.conversations].map(({ messages: held }) => held.size)).toEqual([messages])
    expect(forwarded / sent).toBeGreaterThan(times)
  },
)
