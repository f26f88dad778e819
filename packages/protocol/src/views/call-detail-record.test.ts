import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { anyHistory, shuffledAndRepeated } from '../reduce/history.test-kit.ts'
import { foldCall } from '../reduce/reduce-call.ts'
import { ScenarioWriter, scenarios } from '../scenarios/index.ts'
import { selectCallDetailRecord } from './call-detail-record.ts'
import { callDetailRecordSchema, recordEventSchema } from './call-detail-record-schema.ts'

const file = new URL('../../call-detail-record.schema.json', import.meta.url)

const eventsOf = ({ steps }: { steps: (typeof scenarios)[keyof typeof scenarios]['steps'] }) =>
  steps.map(({ event }) => event)

const wrappedUp = new ScenarioWriter('Wrapped up')
  .answered({ callerName: 'Sample Caller' })
  .command('account', 'gather', { maximum_digits: 4 }, { label: 'Account number' })
  .event('call.gather.ended', { command_id: 'account', payload: { status: 'valid', digits: '4071' } })
  .command('pin', 'gather', { maximum_digits: 4 }, { mask: 'digits' })
  .event('call.gather.ended', { command_id: 'pin', payload: { status: 'valid', digits: null, digit_count: 4 } })
  .event('command.requested', { command_id: 'twice', payload: { command: 'gather', body: {}, subject: 'agent-7' } })
  .event('command.refused', { command_id: 'twice', payload: { status: 422, code: '990001', title: 'In progress' } })
  .command('whisper', 'ai_assistant_add_messages', { messages: [{ role: 'system', content: 'Offer Thursday.' }] })
  .wait(60_000)
  .hangup()
  .wait(20_000)
  .event('call.wrapped_up', { payload: { note: 'Call back', disposition: 'callback', subject: 'agent-7' } })
  .event('call.record', { payload: { step: 'sending', revision: 1, attempt: 1 } })
  .end()

describe('the record of a call', () => {
  it('the schema of a record and of its event matches the committed call-detail-record.schema.json', () => {
    // On failure, the record has changed, which receivers of the host parse. Add fields, and don't remove or change any.
    // Then rewrite the file: run this test with UPDATE_RECORD_SCHEMA=1.
    const now = `${JSON.stringify({ title: 'CallGather call detail record', ...z.toJSONSchema(recordEventSchema) }, null, 1)}\n`
    if (process.env.UPDATE_RECORD_SCHEMA) writeFileSync(file, now)
    expect(now).toBe(readFileSync(file, 'utf8'))
  })

  it('a record has the parties, times, gathers, values, whispers and the wrap-up of its call, masked as in the log', () => {
    const record = selectCallDetailRecord(foldCall(wrappedUp.callId, eventsOf(wrappedUp)))
    expect(record).toMatchObject({
      from: '+15550001111',
      to: '+15550002222',
      direction: 'incoming',
      callerName: 'Sample Caller',
      talkMs: 60_860,
      hungUpBy: 'caller',
      hangupCause: 'normal_clearing',
      gathers: [
        {
          gatherId: 'account',
          command: 'gather',
          label: 'Account number',
          requestedBy: 'agent-7',
          outcome: 'valid',
          mask: null,
        },
        { gatherId: 'pin', outcome: 'valid', mask: 'digits' },
        { gatherId: 'twice', outcome: null, refusal: '990001', endedAt: null },
      ],
      collected: [
        { label: 'Account number', value: '4071', mask: null },
        { value: null, digitCount: 4, mask: 'digits' },
      ],
      whispers: [{ text: 'Offer Thursday.', who: 'agent-7' }],
      wrapUp: { note: 'Call back', disposition: 'callback', who: 'agent-7' },
    })
  })

  it('the record of any call keeps every field when it is parsed with its schema', () => {
    const calls = [wrappedUp, ...Object.values(scenarios)].map((each) => foldCall(each.callId, eventsOf(each)))
    for (const state of calls) {
      const record = selectCallDetailRecord(state)
      expect(z.parse(callDetailRecordSchema, record)).toEqual(record)
    }
  })

  it('any order and repetition of events gives the same record', () => {
    const histories = fc
      .oneof(anyHistory, fc.constant(eventsOf(wrappedUp)))
      .chain((events) => fc.tuple(fc.constant(events), shuffledAndRepeated(events)))
    fc.assert(
      fc.property(histories, ([events, shuffled]) => {
        expect(selectCallDetailRecord(foldCall('c', shuffled))).toEqual(selectCallDetailRecord(foldCall('c', events)))
      }),
    )
  })
})
