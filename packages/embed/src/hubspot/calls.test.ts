import type { CollectedItem, HostCall, HostEvent } from '@callgather/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type CallMessages, HubSpotCalls } from './calls.ts'
import { englishTexts } from './engagement.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Sent = { readonly type: string; readonly externalCallId: string; readonly [field: string]: unknown }

/** The adapter of all calls, and the messages that it has sent. */
function adapterOf(options: { hasWrapUp?: boolean } = {}) {
  const sent: Sent[] = []
  const note = (type: string) => (data: object) => void sent.push({ type, ...data } as Sent)
  const messages: CallMessages = {
    incomingCall: note('incomingCall'),
    outgoingCall: note('outgoingCall'),
    callAnswered: note('callAnswered'),
    callEnded: note('callEnded'),
    callCompleted: note('callCompleted'),
  }
  const calls = new HubSpotCalls(messages, {
    ...{ hasWrapUp: options.hasWrapUp ?? true, createEngagement: true },
    ...{ dispositions: { sold: 'outcome-7' }, texts: englishTexts },
  })
  const types = (callId?: string) =>
    sent.flatMap(({ type, externalCallId }) => (callId === undefined || externalCallId === callId ? [type] : []))
  const completedBody = (callId: string) => {
    const completed = sent.find((it) => it.type === 'callCompleted' && it.externalCallId === callId)
    return (completed?.engagementProperties as { hs_call_body?: string } | undefined)?.hs_call_body
  }
  return { calls, sent, types, completedBody }
}

const START = Date.parse('2026-11-22T10:41:00Z')
const time = (seconds: number) => new Date(START + seconds * 1000).toISOString()

const callOf = (callId: string, direction = 'incoming'): HostCall => ({
  ...{ callId, sessionId: null, from: '+15550001111', to: '+15550002222', direction },
})

const itemOf = (name: string, value: unknown, at = time(10)): CollectedItem => ({
  ...{ gatherId: 'g', kind: 'fields', name, label: name, value, digitCount: null, last4: null, mask: null },
  ...{ outcome: 'valid', at },
})

/** The events of an answered call. */
function eventsOf(call: HostCall, value: unknown = 'value', note = '') {
  const item = itemOf('city', value)
  const times = { startedAt: time(0), answeredAt: time(5) }
  return {
    ringing: { type: 'call-ringing', ...call, callerName: null, at: time(0) },
    answered: { type: 'call-answered', ...call, at: time(5) },
    collected: { type: 'collected', ...call, ...item },
    ended: { type: 'call-ended', ...call, ...times, hungUpBy: 'caller', cause: 'normal_clearing', at: time(65) },
    wrapUp: {
      ...{ type: 'wrap-up', ...call, startedAt: time(0), endedAt: time(65), collected: [item], at: time(155) },
    },
    saved: {
      ...{ type: 'wrap-up-saved', ...call, note, disposition: 'sold', collected: [item] },
      ...{ startedAt: time(0), endedAt: time(65), at: time(90) },
    },
  } satisfies Record<string, HostEvent>
}

it('sends an incoming call to HubSpot from its ringing to the saved wrap-up', () => {
  const { calls, sent } = adapterOf()
  const events = eventsOf(callOf('a'), 'Paris', 'Call back')
  calls.handle(events.ringing)
  calls.handle(events.ringing)
  calls.engagementCreated(77, 'a')
  for (const event of [events.answered, events.collected, events.ended, events.wrapUp, events.saved])
    calls.handle(event)
  const ids = { externalCallId: 'a', engagementId: 77 }
  const numbers = { fromNumber: '+15550001111', toNumber: '+15550002222' }
  expect(sent).toEqual([
    { type: 'incomingCall', externalCallId: 'a', ...numbers, createEngagement: true, callStartTime: START },
    { type: 'callAnswered', externalCallId: 'a' },
    { type: 'callEnded', ...ids, callEndStatus: 'COMPLETED' },
    {
      ...{ type: 'callCompleted', ...ids },
      engagementProperties: {
        hs_timestamp: START,
        hs_call_title: 'Call from +15550001111',
        hs_call_body: '<p>Call back</p><ul><li>city: Paris</li></ul>',
        hs_call_direction: 'INBOUND',
        hs_call_duration: '60000',
        hs_call_status: 'COMPLETED',
        hs_call_from_number: '+15550001111',
        hs_call_to_number: '+15550002222',
        hs_call_disposition: 'outcome-7',
      },
    },
  ])
})

it('includes a value that is collected after the end of the call', () => {
  const { calls, completedBody } = adapterOf()
  const { ringing, answered, ended, saved } = eventsOf(callOf('a'))
  for (const event of [ringing, answered, ended]) calls.handle(event)
  calls.handle({ type: 'collected', ...callOf('a'), ...itemOf('late', 'yes', time(66)) })
  calls.handle(saved)
  calls.engagementCreated(1, 'a')
  expect(completedBody('a')).toBe('<ul><li>city: value</li><li>late: yes</li></ul>')
})

it('escapes HTML in labels, values and notes', () => {
  const { calls, completedBody } = adapterOf()
  const attack = `<img src=x onerror="alert('1')">&`
  const { ringing, answered, ended, saved } = eventsOf(callOf('a'), { [attack]: attack }, `${attack}\nSecond line`)
  for (const event of [ringing, answered, ended, { ...saved, collected: [itemOf(attack, attack)] }]) calls.handle(event)
  calls.engagementCreated(1, 'a')
  const escaped = '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;'
  expect(completedBody('a')).toBe(`<p>${escaped}<br>Second line</p><ul><li>${escaped}: ${escaped}</li></ul>`)
})

it('sends a masked value as the server masked it', () => {
  const { calls, completedBody } = adapterOf()
  const { ringing, ended, saved } = eventsOf(callOf('a'))
  const masked = (name: string, hidden: Partial<CollectedItem>) => ({ ...itemOf(name, null), ...hidden })
  const collected = [
    masked('pin', { mask: 'digits', digitCount: 6 }),
    masked('card', { mask: 'allButLast4', digitCount: 16, last4: '4242' }),
    masked('secret', { mask: 'all' }),
  ]
  for (const event of [ringing, ended, { ...saved, collected }]) calls.handle(event)
  calls.engagementCreated(1, 'a')
  expect(completedBody('a')).toBe(
    '<ul><li>pin: Hidden, 6 digits</li><li>card: Hidden, ends in 4242</li><li>secret: Hidden</li></ul>',
  )
})

it('holds the end of a call until HubSpot has created its engagement', () => {
  const { calls, sent, types } = adapterOf()
  const { ringing, answered, ended, saved } = eventsOf(callOf('a'))
  for (const event of [ringing, answered, ended, saved]) calls.handle(event)
  expect(types()).toEqual(['incomingCall', 'callAnswered'])
  calls.engagementCreated(5, undefined)
  expect(types()).toEqual(['incomingCall', 'callAnswered', 'callEnded', 'callCompleted'])
  expect(sent.slice(2)).toMatchObject([{ engagementId: 5 }, { engagementId: 5 }])
})

it.each([
  ['fails to create the engagement', (calls: HubSpotCalls) => calls.engagementCreated(null, 'a')],
  ['never answers', () => vi.advanceTimersByTime(10_000)],
])('completes a call without an engagement id when HubSpot %s', (_, happens) => {
  const { calls, sent, types } = adapterOf()
  const { ringing, answered, ended, saved } = eventsOf(callOf('a'))
  for (const event of [ringing, answered, ended, saved]) calls.handle(event)
  happens(calls)
  expect(types()).toEqual(['incomingCall', 'callAnswered', 'callEnded', 'callCompleted'])
  expect(sent[3]).not.toHaveProperty('engagementId')
})

it('gives an engagement without a call id to no call while two calls wait for one', () => {
  const { calls, sent } = adapterOf()
  for (const id of ['a', 'b']) {
    const { ringing, ended } = eventsOf(callOf(id))
    calls.handle(ringing)
    calls.handle(ended)
  }
  calls.engagementCreated(5, undefined)
  expect(sent.filter(({ type }) => type === 'callEnded')).toEqual([])
  calls.engagementCreated(6, 'b')
  expect(sent.filter(({ type }) => type === 'callEnded')).toMatchObject([{ externalCallId: 'b', engagementId: 6 }])
})

it('completes a call by wrap-up when the host has no wrap-up form', () => {
  const { calls, types } = adapterOf({ hasWrapUp: false })
  const { ringing, answered, ended, wrapUp, saved } = eventsOf(callOf('a'))
  for (const event of [ringing, answered, ended]) calls.handle(event)
  calls.engagementCreated(1, 'a')
  expect(types()).toEqual(['incomingCall', 'callAnswered', 'callEnded'])
  calls.handle(wrapUp)
  calls.handle(saved)
  expect(types()).toEqual(['incomingCall', 'callAnswered', 'callEnded', 'callCompleted'])
})

it.each([
  ['incoming', null, 'caller', 'originator_cancel', 'MISSED', 'NO_ANSWER'],
  ['incoming', null, 'us', 'call_rejected', 'REJECTED', 'NO_ANSWER'],
  ['outgoing', null, 'callee', 'user_busy', 'BUSY', 'BUSY'],
  ['outgoing', null, 'us', 'originator_cancel', 'CANCELED', 'CANCELED'],
  ['outgoing', null, null, 'timeout', 'NO_ANSWER', 'NO_ANSWER'],
  ['outgoing', null, null, 'not_found', 'FAILED', 'FAILED'],
  ['outgoing', time(5), 'callee', 'normal_clearing', 'COMPLETED', 'COMPLETED'],
] as const)(
  'ends an %s call, answered %s, hung up by %s with %s, as %s',
  (direction, answeredAt, hungUpBy, cause, ...expected) => {
    const { calls, sent } = adapterOf({ hasWrapUp: false })
    const { ringing, ended, wrapUp } = eventsOf(callOf('a', direction))
    for (const event of [ringing, { ...ended, answeredAt, hungUpBy, cause }, wrapUp]) calls.handle(event)
    calls.engagementCreated(1, 'a')
    expect(sent[1]).toMatchObject({ type: 'callEnded', callEndStatus: expected[0] })
    expect(sent[2]).toMatchObject({ type: 'callCompleted', engagementProperties: { hs_call_status: expected[1] } })
  },
)

it('starts and answers a call in HubSpot that was answered before the page was loaded', () => {
  const { calls, types } = adapterOf()
  const { collected, ended } = eventsOf(callOf('a', 'outgoing'))
  calls.handle(collected)
  expect(types()).toEqual(['outgoingCall', 'callAnswered'])
  calls.handle(ended)
  calls.engagementCreated(1, 'a')
  expect(types()).toEqual(['outgoingCall', 'callAnswered', 'callEnded'])
})

it('resumes the engagement of the call that went on when the page was loaded', () => {
  const { calls, sent } = adapterOf()
  const { ended, saved } = eventsOf(callOf('a'))
  calls.resume(9)
  calls.handle(ended)
  calls.handle(saved)
  expect(sent).toMatchObject([
    { type: 'callEnded', engagementId: 9 },
    { type: 'callCompleted', engagementId: 9 },
  ])
})

it('does not ring in HubSpot for the wrap-up of a call that ended before the page was loaded', () => {
  const { calls, types } = adapterOf()
  const { wrapUp, saved } = eventsOf(callOf('a'))
  calls.handle(wrapUp)
  expect(types()).toEqual([])
  calls.handle(saved)
  expect(types()).toEqual(['callEnded', 'callCompleted'])
})

it('sends for each call what it sends without the other call, in any interleaving', () => {
  const scriptOf = (id: string, value: string) => {
    const { ringing, answered, collected, ended, saved } = eventsOf(callOf(id), value, `note ${id}`)
    const engagement = (calls: HubSpotCalls) => calls.engagementCreated(id === 'a' ? 1 : 2, id)
    const handles = [ringing, answered, collected, ended, saved].map(
      (event) => (calls: HubSpotCalls) => calls.handle(event),
    )
    return [handles[0], engagement, ...handles.slice(1)] as ((calls: HubSpotCalls) => void)[]
  }
  const scripts = { a: scriptOf('a', 'Paris'), b: scriptOf('b', 'Rome') }
  const alone = (id: 'a' | 'b') => {
    const { calls, sent } = adapterOf()
    for (const step of scripts[id]) step(calls)
    return sent
  }
  fc.assert(
    fc.property(fc.array(fc.constantFrom<'a' | 'b'>('a', 'b')), (order) => {
      const { calls, sent } = adapterOf()
      const next = { a: 0, b: 0 }
      for (const id of [...order, ...Array<'a'>(6).fill('a'), ...Array<'b'>(6).fill('b')])
        scripts[id][next[id]++]?.(calls)
      for (const id of ['a', 'b'] as const) expect(sent.filter((it) => it.externalCallId === id)).toEqual(alone(id))
    }),
  )
})
