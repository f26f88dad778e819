import { describe, expect, it } from 'vitest'
import type { Message } from '../simulator.ts'
import { inboxOf, mergeMessages, numbersOf, recipientsOf, withMessage } from './inbox-state.ts'

const PHONE = '+15550100'
const OTHER_PHONE = '+15550101'
const PROGRAM = '+15550199'
const minute = (count: number) => `2026-11-22T10:${String(count).padStart(2, '0')}:00.000+00:00`

const message = (id: string, change: Partial<Message> = {}): Message => ({
  id,
  direction: 'outbound',
  from: PROGRAM,
  to: PHONE,
  text: id,
  media_urls: [],
  subject: null,
  status: 'delivered',
  encoding: 'GSM-7',
  messaging_profile_id: null,
  webhook_url: null,
  webhook_failover_url: null,
  received_at: minute(0),
  sent_at: minute(0),
  completed_at: minute(1),
  ...change,
})
const reply = (id: string, change: Partial<Message> = {}) =>
  message(id, { direction: 'inbound', from: PHONE, to: PROGRAM, status: 'received', completed_at: null, ...change })
const ids = (messages: readonly Message[]) => messages.map(({ id }) => id)

describe('the inbox of the phone page', () => {
  it('an inbox adds a message once, when it is delivered or received', () => {
    const undelivered = (['queued', 'sent', 'delivery_failed', 'sending_failed'] as const).map((status) =>
      message('a', { status }),
    )
    expect(undelivered.reduce<readonly Message[]>(withMessage, [])).toEqual([])
    expect(ids([message('a'), message('a'), reply('b')].reduce<readonly Message[]>(withMessage, []))).toEqual([
      'a',
      'b',
    ])
  })

  it('an inbox has only messages from and to its own number', () => {
    const messages = [message('a'), message('b', { to: OTHER_PHONE }), reply('c'), reply('d', { from: OTHER_PHONE })]
    expect(ids(inboxOf(messages, PHONE))).toEqual(['a', 'c'])
    expect(ids(inboxOf(messages, OTHER_PHONE))).toEqual(['b', 'd'])
    expect(inboxOf(messages, PROGRAM)).toEqual([])
  })

  it('lists the own number first, then the other numbers with messages, newest first', () => {
    const messages = [message('a', { to: '+1' }), message('b', { to: '+2' }), message('c', { to: '+1' })]
    expect(numbersOf(messages, PHONE)).toEqual([PHONE, '+1', '+2'])
    expect(numbersOf(messages, '+2')).toEqual(['+2', '+1'])
  })

  it('replies to the newest sender first, and to the fallback from an empty inbox', () => {
    expect(recipientsOf([], PROGRAM)).toEqual([PROGRAM])
    expect(recipientsOf([message('a'), message('b', { from: '+3' })], '+9')).toEqual(['+3', PROGRAM])
  })

  it('merges the stored messages by arrival, and keeps messages that the stream added meanwhile', () => {
    const stored = [message('late', { completed_at: minute(8) }), message('early'), message('way', { status: 'sent' })]
    const streamed = [message('new', { completed_at: minute(9) }), message('late', { completed_at: minute(8) })]
    expect(ids(mergeMessages(streamed, stored, minute(7)))).toEqual(['early', 'late', 'new'])
  })

  it('drops messages of an earlier run of the simulator', () => {
    expect(ids(mergeMessages([message('old')], [], minute(7)))).toEqual([])
  })
})
