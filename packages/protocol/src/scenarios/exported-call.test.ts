import { describe, expect, it } from 'vitest'
import { selectCallSummary } from '../index.ts'
import { foldCall } from '../reduce/reduce-call.ts'
import { EXPORT_FORMAT, EXPORT_VERSION } from '../views/export.ts'
import { ExportedCallError, readExportedCall, readExportedFile } from './exported-call.ts'
import { pinEntry } from './library.ts'

const events = pinEntry.steps.map(({ event }) => event)
const records = events.map((event, index) => ({ seq: index + 1, event }))
const call = selectCallSummary(foldCall(pinEntry.callId, events))
const file = { format: EXPORT_FORMAT, version: EXPORT_VERSION, call, records }
const secret = '4071883299'

/** Returns the error of a text that is not an exported call. */
function errorOf(text: string): ExportedCallError {
  try {
    readExportedCall(text)
  } catch (error) {
    if (ExportedCallError.isInstance(error)) return error
    throw error
  }
  throw new Error('The text was read as an exported call.')
}

describe('the reader of exported calls', () => {
  it('reads the events of a call in the order of its log', () => {
    const read = readExportedCall(JSON.stringify(file))
    expect(read).toEqual({ callId: pinEntry.callId, events: JSON.parse(JSON.stringify(events)) })
  })

  it('reads an export of an older server, and a file with a byte order mark', () => {
    const { format: _, version: __, ...old } = file
    expect(readExportedCall(`\ufeff${JSON.stringify(old)}\r\n`).events).toHaveLength(events.length)
  })

  it('keeps events of unknown types, and unknown fields of known events', () => {
    const foreign = { id: 'x', event_type: 'call.new', occurred_at: '2026-11-22T10:41:00.000000Z', payload: { a: 1 } }
    const newer = { ...foreign, event_type: 'call.dtmf.received', payload: { digit: '5', new_field: true } }
    const read = readExportedCall(JSON.stringify({ ...file, records: [{ event: foreign }, { event: newer }] }))
    expect(read.events).toEqual([foreign, newer])
  })

  it.each([
    ['an empty file', '', 'notJson'],
    ['CSV', 'at,who,what,text\r\n', 'notJson'],
    ['a truncated export', JSON.stringify(file).slice(0, -20), 'notJson'],
    ['the exported transcript of the panel', JSON.stringify([{ kind: 'key', digit: secret }]), 'otherFormat'],
    ['a file of another program', JSON.stringify({ format: 'har', version: 1, log: {}, records: [] }), 'otherFormat'],
    ['JSON without a call', '{"records":[]}', 'otherFormat'],
    ['a number', '5', 'otherFormat'],
    ['an export of a later version', JSON.stringify({ ...file, version: EXPORT_VERSION + 1 }), 'otherVersion'],
  ])('rejects %s with the problem and quotes nothing of it', (_, text, problem) => {
    const error = errorOf(text)
    expect(error.problem).toBe(problem)
    expect(error.message).not.toContain(secret)
    expect(error.message).toMatch(/\. [A-Z].*\.$/)
  })

  it.each([
    ['without a record', null],
    ['without an event', { seq: 1 }],
    ['with a payload that is not an object', { event: { ...events[0], payload: null } }],
    [
      'with a key that is not text',
      { event: { ...events[0], event_type: 'call.dtmf.received', payload: { digit: 5 } } },
    ],
    ['without a date', { event: { ...events[0], occurred_at: 'yesterday' } }],
    ['with the name of a method as its type', { event: { ...events[0], event_type: 5 } }],
  ])('names the record that is damaged: %s', (_, record) => {
    const error = errorOf(JSON.stringify({ ...file, records: [records[0], record] }))
    expect(error.problem).toBe('invalidEvent')
    expect(error.message).toContain('Record 2')
  })

  it('rejects a file of 50 MB before it reads the file', async () => {
    const large = { size: 50_000_001, text: () => Promise.reject(new Error('The file was read.')) }
    await expect(readExportedFile(large)).rejects.toMatchObject({ problem: 'tooLarge' })
    expect(errorOf(' '.repeat(50_000_001)).problem).toBe('tooLarge')
    const small = { size: 1, text: async () => JSON.stringify(file) }
    expect((await readExportedFile(small)).callId).toBe(pinEntry.callId)
  })
})
