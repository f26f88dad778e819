import { describe, expect, it } from 'vitest'
import type { Activity, Delivery } from '../simulator.ts'
import {
  emptyLog,
  eventLogReducer,
  type Filter,
  filterEntries,
  type LogEvent,
  outcomeOf,
  summaryOf,
} from './event-log.ts'

const at = '2026-11-22T10:00:00.000Z'
const event = (id: string, event_type = 'call.dtmf.received'): Delivery['event'] => ({
  record_type: 'event',
  event_type,
  id,
  occurred_at: at,
  payload: { digit: '5' },
})
const webhook = (id: string): Activity => ({ at, type: 'webhook', call_id: 'a', event: event(id) })
const delivery = (id: string, of: string, change: Partial<Delivery> = {}): Delivery => ({
  id,
  call_control_id: 'a',
  event: event(of),
  method: 'POST',
  url: 'http://127.0.0.1:1/',
  failover_url: null,
  status: 'pending',
  started_at: at,
  finished_at: null,
  attempts: [],
  faults: [],
  ...change,
})
const delivered = (one: Delivery): Activity => ({ at, type: 'delivery', call_id: 'a', delivery: one })
const command = (status: number): Activity => ({
  at,
  type: 'command',
  call_id: 'a',
  command: 'gather',
  body: { maximum_digits: 0 },
  status,
  errors: status < 400 ? null : [{ code: '90023', title: 'Invalid', detail: 'Too few.', meta: { url: '' } }],
  note: null,
})
const after = (...events: LogEvent[]) => events.reduce(eventLogReducer, emptyLog)
const seen = (...list: Activity[]): LogEvent => ({ type: 'activities', list })
const all: Filter = {
  call: null,
  words: '',
  kinds: { command: true, webhook: true, caller: true, simulator: true },
  failures: false,
}

describe('event log', () => {
  it('the event log groups the deliveries of a webhook in one row and keeps the newest state of each delivery', () => {
    const log = after(
      seen(
        webhook('1'),
        delivered(delivery('d', '1')),
        delivered(delivery('d', '1', { status: 'delivered' })),
        delivered(delivery('again', '1')),
      ),
    )
    expect(log.entries).toHaveLength(1)
    expect(log.entries[0]).toMatchObject({
      name: 'call.dtmf.received',
      deliveries: [{ id: 'd', status: 'delivered' }, { id: 'again' }],
    })
  })

  it('the event log adds a row for a delivery whose webhook it does not have', () => {
    expect(after(seen(delivered(delivery('d', '1')))).entries).toHaveLength(1)
  })

  it('the event log inserts its history before the live rows without duplicates', () => {
    const before = '2026-11-22T09:00:00.000Z'
    const log = after({ type: 'hello', hello: { calls: [], now: at, logged: 2 } }, seen(webhook('2'), command(200)), {
      type: 'history',
      list: [
        { ...command(422), at: before },
        { ...webhook('1'), at: before },
      ],
      deliveries: [delivery('d2', '2'), delivery('d1', '1')],
    })
    expect(log.entries.map((entry) => (entry.kind === 'webhook' ? entry.key : outcomeOf(entry).words))).toEqual([
      '422 · 90023',
      '1',
      '2',
      '200',
    ])
    expect(log.entries[2]).toMatchObject({ deliveries: [{ id: 'd2' }] })
    expect(new Set(log.entries.map(({ key }) => key)).size).toBe(4)
  })

  it('the event log adds missed rows after a reconnect, but no rows that the user cleared', () => {
    const hello = (logged: number): LogEvent => ({ type: 'hello', hello: { calls: [], now: at, logged } })
    const history: LogEvent = {
      type: 'history',
      list: [command(200), { ...command(404), at: '2026-11-22T11:00:00.000Z' }],
      deliveries: [],
    }
    const log = after(hello(0), seen(command(200)), { type: 'lost' }, hello(2), history)
    expect(log.entries.map((entry) => outcomeOf(entry).words)).toEqual(['200', '404 · 90023'])
    const cleared = after(hello(0), seen(command(200)), { type: 'clear' }, hello(2), history)
    expect(cleared.entries.map((entry) => outcomeOf(entry).words)).toEqual(['404 · 90023'])
  })

  it('the event log adds a row for each tool call, simulator failure and change of faults', () => {
    const log = after(
      seen(
        { at, type: 'tool', call_id: 'a', tool: 'stock', ok: true, summary: '200' },
        { at, type: 'trouble', call_id: 'a', text: 'No model.' },
        { at, type: 'notice', call_id: 'a', text: 'gather: `x` is ignored' },
        { at, type: 'faults', faults: { drop: 1 } },
      ),
    )
    const rows = log.entries.map((entry) => [
      entry.name,
      summaryOf(entry),
      outcomeOf(entry).tone,
      outcomeOf(entry).words,
    ])
    expect(rows).toEqual([
      ['tool stock', '200', 'none', ''],
      ['trouble', 'No model.', 'bad', 'failed'],
      ['notice', 'gather: `x` is ignored', 'bad', 'check'],
      ['faults', 'drop', 'none', ''],
    ])
  })

  it('the event log describes the outcome of each command and webhook', () => {
    const attempt = {
      number: 1,
      url: '',
      started_at: at,
      finished_at: at,
      status: 'failed' as const,
      request: { method: 'POST' as const, url: '', headers: {}, body: '' },
      response: null,
      error: 'timeout',
      fault: null,
    }
    const log = after(
      seen(
        command(200),
        command(422),
        webhook('1'),
        delivered(delivery('d', '2', { status: 'failed', attempts: [attempt, attempt] })),
        delivered(delivery('e', '3', { status: 'failed' })),
      ),
    )
    expect(log.entries.map((entry) => outcomeOf(entry).words)).toEqual([
      '200',
      '422 · 90023',
      'recorded',
      'no answer · sent 2×',
      'dropped',
    ])
    expect(filterEntries(log.entries, { ...all, failures: true })).toHaveLength(3)
  })

  it('the event log filters its rows by call, kind, and words in names, bodies and errors', () => {
    const log = after(seen(command(422), webhook('1'), { at, type: 'said', call_id: 'b', text: 'Hello there' }))
    const found = (change: Partial<Filter>) => filterEntries(log.entries, { ...all, ...change }).map(({ name }) => name)
    expect(found({ words: 'too few' })).toEqual(['gather'])
    expect(found({ words: 'DTMF' })).toEqual(['call.dtmf.received'])
    expect(found({ call: 'b' })).toEqual(['says'])
    expect(found({ kinds: { ...all.kinds, caller: false, webhook: false } })).toEqual(['gather'])
  })

  it('evicts the oldest of more than 2000 rows from the event log', () => {
    expect(after(seen(...Array.from({ length: 3000 }, (_, index) => webhook(String(index))))).entries).toHaveLength(
      2000,
    )
  })
})
