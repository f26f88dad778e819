import { type CallEvent, foldCall } from '@callgather/protocol'
import { aiBooking, hiddenPin } from '@callgather/protocol/scenarios'
import { renderHook } from '@testing-library/react'
import { describe, expect, it } from 'vitest'
import { useLanguage } from '../../strings/strings-context.tsx'
import { exportTranscript } from './export.ts'
import { TimelineRows, type TranscriptRow } from './rows.ts'

const language = renderHook(() => useLanguage()).result.current

const rowsOf = (events: readonly CallEvent[]): readonly TranscriptRow[] =>
  TimelineRows.none.of(foldCall('call', events).timeline).with([])

const said = (transcript: string): CallEvent => ({
  id: 'said',
  event_type: 'call.transcription',
  occurred_at: '2026-11-22T10:41:00.000000Z',
  payload: { transcription_data: { transcript, is_final: true } },
})

const eventsOf = ({ steps }: typeof aiBooking) => steps.map(({ event }) => event)

describe('transcript export', () => {
  it('escapes formulas in the cells of a transcript exported as CSV', () => {
    const file = exportTranscript(rowsOf([said(' =cmd|"x"')]), 'csv', language)
    expect(file).toBe(`at,who,what,text\r\n"2026-11-22T10:41:00.000000Z","Caller","speech","' =cmd|""x"""\r\n`)
  })

  it('exports only the speech of a transcript as WebVTT and escapes markup in it', () => {
    expect(exportTranscript(rowsOf([said('<b>-->\n\nx')]), 'vtt', language)).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:00:04.000\n<v Caller>&lt;b&gt;--&gt; x\n',
    )
    expect(exportTranscript(rowsOf(eventsOf(aiBooking)), 'vtt', language).match(/-->/g)).toHaveLength(6)
  })

  it('exports a transcript as Markdown and as plain text with the wording shown on screen', () => {
    const rows = rowsOf([said('It is *me*')])
    expect(exportTranscript(rows, 'md', language)).toMatch(
      /^# Transcript\n\n- \S+ (\S+ )?\*\*Caller\*\*: It is \\\*me\\\*\n$/,
    )
    expect(exportTranscript(rows, 'txt', language)).toMatch(/ {2}Caller: It is \*me\*$/)
  })

  it('exports the masked digits of a transcript as dots', () => {
    for (const format of ['csv', 'md', 'txt'] as const) {
      expect(exportTranscript(rowsOf(eventsOf(hiddenPin)), format, language).match(/•/g)).toHaveLength(6)
    }
  })
})
