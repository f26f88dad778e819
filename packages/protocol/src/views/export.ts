/**
 * Exports a call as a file, for a support ticket, an archive or video captions. Values that the policy masks were
 * never stored, so they are absent here.
 */
import type { TimelineEntry } from '../call-state/call-state.ts'
import { HIDDEN_DIGIT } from './gather.ts'

/** The value of `format` in a call exported as JSON, by which a reader recognises the file. */
export const EXPORT_FORMAT = 'callgather-call'

/** The value of `version` in a call exported as JSON. Raise it when an older reader would misread the file. */
export const EXPORT_VERSION = 1

/** The formats of an exported call, with their media types. */
export const exportMediaTypes = {
  json: 'application/json',
  csv: 'text/csv',
  vtt: 'text/vtt',
  md: 'text/markdown',
} as const

/** A format of an exported call. */
export type ExportFormat = keyof typeof exportMediaTypes

/** All formats of an exported call. */
export const exportFormats = Object.keys(exportMediaTypes) as ExportFormat[]

/** A timeline entry in words: a row of an exported file. */
export interface ExportRow {
  /** ISO 8601. */
  readonly at: string
  readonly who: string
  readonly what: string
  readonly text: string
  /** Whether it was spoken. Captions contain only spoken rows. */
  readonly isSpoken?: boolean
}

/** The heading of an exported file, and how the times of its rows are written. */
export interface ExportHeading {
  readonly title: string
  /** The line below the title of a Markdown export. */
  readonly period?: string
  /** When captions begin; by default with the first thing said. */
  readonly startedAt?: string | undefined
  readonly endedAt?: string | null
  /** The time of a row in Markdown. Default: `HH:MM:SS` in UTC. */
  readonly timeOf?: (at: string) => string
}

/** Converts an entry of the timeline to a row of an exported file. */
export function exportRow(entry: TimelineEntry): ExportRow {
  const { at } = entry
  switch (entry.kind) {
    case 'key':
      return { at, who: 'caller', what: 'key', text: entry.digit ?? HIDDEN_DIGIT }
    case 'message':
      return { at, who: entry.role, what: 'message', text: entry.content, isSpoken: true }
    case 'speech': {
      const who = entry.track === 'inbound' ? 'caller' : entry.track
      return { at, who, what: 'speech', text: entry.text, isSpoken: true }
    }
    case 'command': {
      const { subject = '', command = '' } = entry.command.request ?? {}
      return { at, who: subject, what: 'command', text: command }
    }
    case 'gather_end': {
      const text = entry.digits ?? (entry.result ? JSON.stringify(entry.result) : '')
      return { at, who: 'telnyx', what: `gather ${entry.status ?? 'ended'}`, text }
    }
    case 'playback':
      return { at, who: 'telnyx', what: `${entry.source} ${entry.edge}`, text: entry.media ?? '' }
    case 'lifecycle': {
      if (entry.eventType !== 'call.wrapped_up') return { at, who: 'telnyx', what: entry.eventType, text: '' }
      const { subject, disposition, note } = entry.payload
      const text = [disposition, note].filter((each) => typeof each === 'string' && each !== '').join(': ')
      return { at, who: String(subject), what: 'wrap-up', text }
    }
  }
}

/** Writes an exported file in chunks, at least one for each row, so that a server can pause between chunks. */
export function* exportFile(
  format: Exclude<ExportFormat, 'json'>,
  heading: ExportHeading,
  rows: Iterable<ExportRow>,
): Generator<string> {
  const { head, line } = writers[format](heading)
  yield head
  let previous: ExportRow | null = null
  for (const row of rows) {
    const isLeftOut = format === 'vtt' && !row.isSpoken
    yield previous && !isLeftOut ? line(previous, row) : ''
    if (!isLeftOut) previous = row
  }
  if (previous) yield line(previous, null)
}

interface RowWriter {
  readonly head: string
  /** Formats a row of the file; `next` is the following row. */
  readonly line: (row: ExportRow, next: ExportRow | null) => string
}

/**
 * Replaces line breaks, tabs and control characters with spaces, so that untrusted text cannot start a new line, row
 * or cue.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern replaces control characters
const oneLine = (text: string): string => text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, ' ')

/** Writes CSV by RFC 4180, and prefixes a cell that a spreadsheet would run as a formula with an apostrophe. */
function csv(): RowWriter {
  const cell = (value: string) => {
    const text = oneLine(value)
    return `"${(/^[\s'"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  }
  return {
    head: 'at,who,what,text\r\n',
    line: ({ at, who, what, text }) => `${[at, who, what, text].map(cell).join(',')}\r\n`,
  }
}

/** How long the last caption is shown, in milliseconds. */
const LAST_CAPTION_MS = 4_000

/** Writes the spoken rows as WebVTT captions. */
function vtt({ startedAt, endedAt }: ExportHeading): RowWriter {
  let start = startedAt === undefined ? null : Date.parse(startedAt)
  // Escaped, because a tag or `-->` in the cue text would be parsed as WebVTT syntax.
  const escaped = (text: string) =>
    oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').trim()
  return {
    head: 'WEBVTT\n',
    line: ({ at, who, text }, next) => {
      start ??= Date.parse(at)
      const from = Math.max(0, Date.parse(at) - start)
      const end = next?.at ?? endedAt ?? null
      const to = Math.max(from + 1, end === null ? from + LAST_CAPTION_MS : Date.parse(end) - start)
      return `\n${timecode(from)} --> ${timecode(to)}\n<v ${oneLine(who).replaceAll(/[<>&]/g, '')}>${escaped(text)}\n`
    },
  }
}

function timecode(millis: number): string {
  const pad = (value: number, width: number) => String(Math.floor(value)).padStart(width, '0')
  return `${pad(millis / 3_600_000, 2)}:${pad((millis / 60_000) % 60, 2)}:${pad((millis / 1000) % 60, 2)}.${pad(millis % 1000, 3)}`
}

function md({ title, period, timeOf = (at) => at.slice(11, 19) }: ExportHeading): RowWriter {
  const plain = (text: string) =>
    oneLine(text)
      .replaceAll(/[\\`*_{}[\]<>#|!&~]/g, '\\$&')
      // A list, a heading or a rule, should the text ever stand at the beginning of a line.
      .replace(/^(\s*)([-+=]|\d+[.)])(?=\s|$)/, '$1\\$2')
  return {
    head: `# ${plain(title)}\n\n${period === undefined ? '' : `${plain(period)}\n\n`}`,
    line: ({ at, who, what, text }) => {
      const label = [who && `**${plain(who)}**`, plain(what)].filter((part) => part !== '').join(' ')
      return `- ${timeOf(at)} ${[label, plain(text)].filter((part) => part !== '').join(': ')}\n`
    },
  }
}

const writers = { csv, vtt, md } as const
