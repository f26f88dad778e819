import type { CallRecord, ExportFormat } from '@callgather/protocol'
import { aiBooking, hiddenPin, pinEntry, type Scenario } from '@callgather/protocol/scenarios'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CALL, testServer } from '../testing/server.ts'
import { exportCall, MAX_EXPORT_SLICE } from './export-call.ts'

const recordsOf = ({ steps }: Scenario) => steps.map(({ event }, index) => ({ seq: index + 1, event }))

/** Returns the export of the given records, which it reads page by page as from a store. */
async function textOf(callId: string, records: readonly CallRecord[], format: ExportFormat): Promise<string> {
  const read = async (after: number, limit: number) => ({ records: records.slice(after, after + limit) })
  return (await exportCall(callId, { read }, format)) ?? ''
}

describe('an exported call', () => {
  it('exports every record of a call as JSON', async () => {
    const text = await textOf(pinEntry.callId, recordsOf(pinEntry), 'json')
    const { call, records } = JSON.parse(text)
    expect(call).toMatchObject({ phase: 'answered' })
    expect(records).toEqual(JSON.parse(JSON.stringify(recordsOf(pinEntry))))
  })

  it('exports a call as CSV without text that a spreadsheet would run as a formula', async () => {
    const text = await textOf(pinEntry.callId, recordsOf(pinEntry), 'csv')
    const lines = text.split('\r\n')
    expect(lines[0]).toBe('at,who,what,text')
    expect(lines.filter((line) => line.includes('"key"'))).toHaveLength(5)
    expect(lines.find((line) => line.includes('gather valid'))).toContain('"5503"')
    const event = { id: 'x', event_type: 'call.transcription', occurred_at: '2026-11-22T10:41:00.000000Z' } as const
    const said = { transcript: '=cmd|"x"', is_final: true }
    const hostile = await textOf('c', [{ seq: 1, event: { ...event, payload: { transcription_data: said } } }], 'csv')
    expect(hostile).toContain(`"'=cmd|""x"""`)
  })

  it('exports the transcript of a call as WebVTT cues in order', async () => {
    const text = await textOf(aiBooking.callId, recordsOf(aiBooking), 'vtt')
    expect(text.startsWith('WEBVTT\n\n')).toBe(true)
    const cues = [...text.matchAll(/^(\S+) --> (\S+)$/gm)].map(([, from = '', to = '']) => [from, to] as const)
    expect(cues).toHaveLength(6)
    for (const [from, to] of cues) expect(from < to).toBe(true)
    expect(text).toContain('<v user>It is Sample Caller.')
  })

  it('exports a call as Markdown with a heading and one line per key press', async () => {
    const text = await textOf(pinEntry.callId, recordsOf(pinEntry), 'md')
    expect(text).toMatch(/^# Call \+15550001111 to \+15550002222/)
    expect(text).toContain('**caller** key: 5')
  })

  it('hides the digits of a masked gather in CSV and Markdown exports', async () => {
    for (const format of ['csv', 'md'] as const) {
      const text = await textOf(hiddenPin.callId, recordsOf(hiddenPin), format)
      expect(text.match(/•/g)).toHaveLength(6)
    }
  })
})

describe('hostile speech', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\u2028',
      '\u2029',
      '\u0085',
      '\t',
      '-->',
      '- ',
      '# ',
      '1. ',
      '=',
      '+',
      '@',
      '"',
      ',',
      '<b>',
      'NOTE',
      ' ',
    ),
    fc.string(),
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  const said = (transcript: string, index: number): CallRecord => ({
    seq: index + 1,
    event: {
      id: `said-${index}`,
      event_type: 'call.transcription',
      occurred_at: `2026-11-22T10:41:0${index}.000000Z`,
      payload: { transcription_data: { transcript, is_final: true } },
    },
  })
  const lines = (file: string) => file.split(/\r\n|[\r\n\u2028\u2029\u0085]/)

  it('exports hostile speech without an extra line, cue, list item, row or formula', async () => {
    const property = fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (texts) => {
      const records = texts.map(said)
      const [plain, hostile] = [texts.map((_, index) => said('word', index)), records]
      for (const format of ['md', 'vtt', 'csv'] as const) {
        const [expected, file] = [await textOf('c', plain, format), await textOf('c', hostile, format)]
        expect(lines(file)).toHaveLength(lines(expected).length)
        if (format === 'vtt') expect(file.match(/-->/g)?.length).toBe(expected.match(/-->/g)?.length)
        expect(lines(file).filter((line) => line.startsWith('- '))).toHaveLength(
          lines(expected).filter((line) => line.startsWith('- ')).length,
        )
        if (format === 'csv') expect(file).not.toMatch(/(^|,)"\s*[=+\-@]/m)
      }
    })
    await fc.assert(property, { numRuns: process.env.CALLGATHER_LONG ? 5_000 : 100 })
  })
})

describe('an export of a long call', () => {
  it('the export of a long call handles a bounded number of records before it yields to the event loop', async () => {
    const records = Array.from({ length: 12_000 }, (_, index) => ({
      seq: index + 1,
      event: {
        id: `key-${index}`,
        event_type: 'call.dtmf.received' as const,
        occurred_at: new Date(1_795_000_000_000 + index).toISOString().replace('Z', '000Z'),
        payload: { digit: '1' },
      },
    }))
    for (const format of ['json', 'csv'] as const) {
      let sinceYield = 0
      let longest = 0
      const yieldToEventLoop = vi.fn(async () => {
        sinceYield = 0
      })
      const read = async (after: number, limit: number) => {
        const page = records.slice(after, after + limit)
        sinceYield += page.length
        longest = Math.max(longest, sinceYield)
        return { records: page }
      }
      await exportCall(CALL, { read, yieldToEventLoop }, format)
      expect(longest).toBeLessThanOrEqual(MAX_EXPORT_SLICE)
      expect(yieldToEventLoop.mock.calls.length).toBeGreaterThanOrEqual(
        (records.length / MAX_EXPORT_SLICE) * (format === 'csv' ? 2 : 1),
      )
    }
  })
})

describe('the export route', () => {
  it('sends a call’s export as a named file to an authorised client, and answers 401 without a ticket', async () => {
    await using server = await testServer()
    await server.webhook('call.answered', { from: '+1', to: '+2' })
    const authorization = `Bearer ${await server.ticket()}`
    const get = (query: string, headers: Record<string, string> = { authorization }) =>
      fetch(`${server.url}/calls/${encodeURIComponent(CALL)}/export${query}`, { headers })
    const csv = await get('?format=csv')
    expect([csv.status, csv.headers.get('content-type'), csv.headers.get('content-disposition')]).toEqual([
      200,
      'text/csv; charset=utf-8',
      'attachment; filename="call.csv"',
    ])
    expect((await get('')).headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect((await get('?format=pdf')).status).toBe(400)
    expect((await get('?format=csv', {})).status).toBe(401)
  })
})
