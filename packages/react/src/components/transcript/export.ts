/** A transcript as a file. What the screen does not show (a hidden digit) no file holds either: both come from rows. */
import type { Language } from '../../strings/strings-context.tsx'
import { timeOfDay } from '../kit/time.ts'
import { speakerName, wordsOf } from './row-words.ts'
import type { Row } from './rows.ts'

/** The formats a transcript can be saved in. */
export const exportFormats = ['md', 'txt', 'csv', 'vtt', 'json'] as const

/** One of them. */
export type ExportFormat = (typeof exportFormats)[number]

const mimeTypes: Readonly<Record<ExportFormat, string>> = {
  md: 'text/markdown',
  txt: 'text/plain',
  csv: 'text/csv',
  vtt: 'text/vtt',
  json: 'application/json',
}

/** The rows in a format. */
export function exported(rows: readonly Row[], format: ExportFormat, language: Language): string {
  const time = (row: Row) => timeOfDay(language.locale, row.at, language.timeZone)
  switch (format) {
    case 'txt':
      return rows.map((row) => `${time(row)}  ${wordsOf(row, language)}`).join('\n')
    case 'md':
      return rows.map((row) => `- \`${time(row)}\` ${markdown(wordsOf(row, language))}`).join('\n')
    case 'csv':
      return [
        'at,kind,speaker,text',
        ...rows.map((row) => {
          const speaker = row.kind === 'speech' ? row.speaker : ''
          const text = row.kind === 'speech' ? row.text : wordsOf(row, language)
          return [row.at, row.kind, speaker, text].map(csv).join(',')
        }),
      ].join('\r\n')
    case 'vtt':
      return webVtt(rows, language)
    case 'json':
      return JSON.stringify(rows, null, 2)
  }
}

const markdown = (text: string) => text.replaceAll(/([\\`*_{}[\]<>#|])/g, '\\$1').replaceAll('\n', ' ')

/** Quoted (RFC 4180), and made harmless for spreadsheets, which run what begins like a formula. */
function csv(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return `"${safe.replaceAll('"', '""')}"`
}

/** What was said, as captions counted from the first row (W3C WebVTT). */
function webVtt(rows: readonly Row[], language: Language): string {
  const start = Date.parse(rows[0]?.at ?? '')
  const spoken = rows.filter((row) => row.kind === 'speech')
  const cues = spoken.map((row, index) => {
    const from = Date.parse(row.at) - start
    const next = spoken[index + 1]
    const to = next ? Math.max(from + 500, Date.parse(next.at) - start) : from + 4000
    const text = row.text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(/\n+/g, ' ')
    return `${vttTime(from)} --> ${vttTime(to)}\n<v ${speakerName(row.speaker, language)}>${text}`
  })
  return `WEBVTT\n\n${cues.join('\n\n')}\n`
}

function vttTime(millis: number): string {
  const pad = (value: number, width: number) => String(Math.floor(value)).padStart(width, '0')
  return `${pad(millis / 3_600_000, 2)}:${pad((millis / 60_000) % 60, 2)}:${pad((millis / 1000) % 60, 2)}.${pad(millis % 1000, 3)}`
}

/** Has the browser save a transcript. */
export function download(rows: readonly Row[], format: ExportFormat, language: Language, name: string): void {
  const url = URL.createObjectURL(new Blob([exported(rows, format, language)], { type: mimeTypes[format] }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[^\w-]+/g, '_')}.${format}`
  link.click()
  // Safari fetches it only after this turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
