/** Exports transcripts as files. An exported file has the text of the rows on screen, so masked digits stay masked. */
import { exportFile, exportMediaTypes, type ExportFormat as FileFormat } from '@callgather/protocol'
import type { Language } from '../../strings/strings-context.tsx'
import { timeOfDay } from '../kit/time.ts'
import { speakerName, wordsOf } from './row-words.ts'
import type { TranscriptRow } from './rows.ts'

/** The file formats in which a transcript can be exported. */
export const exportFormats = ['md', 'txt', 'csv', 'vtt', 'json'] as const satisfies readonly (FileFormat | 'txt')[]

/** The file format of an exported transcript. */
export type ExportFormat = (typeof exportFormats)[number]

/** Returns transcript rows as the text of a file, in a format and a language. */
export function exportTranscript(rows: readonly TranscriptRow[], format: ExportFormat, language: Language): string {
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

/** Saves transcript rows as a file, with the download of the browser. */
export function download(rows: readonly TranscriptRow[], format: ExportFormat, language: Language, name: string): void {
  const type = format === 'txt' ? 'text/plain' : exportMediaTypes[format]
  const url = URL.createObjectURL(new Blob([exportTranscript(rows, format, language)], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[^\w-]+/g, '_')}.${format}`
  link.click()
  // Revoke the URL later, because Safari reads it only after this turn of the event loop.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
