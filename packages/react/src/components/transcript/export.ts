/** A transcript as a file. What the screen does not show (a hidden digit) no file holds either: both come from rows. */
import { exportFile, exportMediaTypes, type ExportFormat as FileFormat } from '@callgather/protocol'
import type { Language } from '../../strings/strings-context.tsx'
import { timeOfDay } from '../kit/time.ts'
import { speakerName, wordsOf } from './row-words.ts'
import type { TranscriptRow } from './rows.ts'

/** The formats a transcript can be saved in. */
export const exportFormats = ['md', 'txt', 'csv', 'vtt', 'json'] as const satisfies readonly (FileFormat | 'txt')[]

/** One of them. */
export type ExportFormat = (typeof exportFormats)[number]

/** The rows in a format, in words of the language. */
export function exported(rows: readonly TranscriptRow[], format: ExportFormat, language: Language): string {
  const timeOf = (at: string) => timeOfDay(language.locale, at, language.timeZone)
  if (format === 'json') return JSON.stringify(rows, null, 2)
  if (format === 'txt') return rows.map((row) => `${timeOf(row.at)}  ${wordsOf(row, language)}`).join('\n')
  const worded = rows.map((row) => {
    const { at, kind } = row
    const what = format === 'csv' ? kind : ''
    return kind === 'speech'
      ? { at, who: speakerName(row.speaker, language), what, text: row.text, isSpoken: true }
      : { at, who: '', what, text: wordsOf(row, language) }
  })
  const heading = { title: language.t('transcript.label'), startedAt: rows[0]?.at, timeOf }
  return [...exportFile(format, heading, worded)].join('')
}

/** Has the browser save a transcript. */
export function download(rows: readonly TranscriptRow[], format: ExportFormat, language: Language, name: string): void {
  const type = format === 'txt' ? 'text/plain' : exportMediaTypes[format]
  const url = URL.createObjectURL(new Blob([exported(rows, format, language)], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[^\w-]+/g, '_')}.${format}`
  link.click()
  // Safari fetches it only after this turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
