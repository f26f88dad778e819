import { aiBooking, hiddenPin, pinEntry, type Scenario } from '@callgather/protocol/scenarios'
import { describe, expect, it } from 'vitest'
import { CALL, testServer } from '../testing/server.ts'
import { exportCall } from './export-call.ts'

const recordsOf = ({ steps }: Scenario) => steps.map(({ event }, index) => ({ seq: index + 1, event }))

describe('a call as a file', () => {
  it('is JSON with every record', () => {
    const { text } = exportCall(pinEntry.callId, recordsOf(pinEntry), 'json')
    const { call, records } = JSON.parse(text)
    expect(call).toMatchObject({ phase: 'answered' })
    expect(records).toEqual(JSON.parse(JSON.stringify(recordsOf(pinEntry))))
  })

  it('is CSV that a spreadsheet does not run', () => {
    const { text } = exportCall(pinEntry.callId, recordsOf(pinEntry), 'csv')
    const lines = text.split('\r\n')
    expect(lines[0]).toBe('at,who,what,text')
    expect(lines.filter((line) => line.includes('"key"'))).toHaveLength(5)
    expect(lines.find((line) => line.includes('gather valid'))).toContain('"5503"')
    const event = { id: 'x', event_type: 'call.transcription', occurred_at: '2026-11-22T10:41:00.000000Z' } as const
    const said = { transcript: '=cmd|"x"', is_final: true }
    const hostile = exportCall('c', [{ seq: 1, event: { ...event, payload: { transcription_data: said } } }], 'csv')
    expect(hostile.text).toContain(`"'=cmd|""x"""`)
  })

  it('is WebVTT of what was said, in order, and of nothing that could be markup', () => {
    const { text } = exportCall(aiBooking.callId, recordsOf(aiBooking), 'vtt')
    expect(text.startsWith('WEBVTT\n\n')).toBe(true)
    const cues = [...text.matchAll(/^(\S+) --> (\S+)$/gm)].map(([, from = '', to = '']) => [from, to] as const)
    expect(cues).toHaveLength(6)
    for (const [from, to] of cues) expect(from < to).toBe(true)
    expect(text).toContain('<v user>It is Sample Caller.')
  })

  it('is Markdown to read', () => {
    const { text } = exportCall(pinEntry.callId, recordsOf(pinEntry), 'md')
    expect(text).toMatch(/^# Call \+15550001111 to \+15550002222/)
    expect(text).toContain('**caller** key: 5')
  })

  it('hides what was hidden', () => {
    for (const format of ['csv', 'md'] as const) {
      const { text } = exportCall(hiddenPin.callId, recordsOf(hiddenPin), format)
      expect(text.match(/•/g)).toHaveLength(6)
    }
  })
})

describe('the export route', () => {
  it('gives the file to whoever may see the call, under a name', async () => {
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
