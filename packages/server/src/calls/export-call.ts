/**
 * A call as a file: for a ticket, an archive, a player's captions. What policy hides is hidden here too, because it was
 * never written; nothing is left out on top of that.
 */
import { setImmediate } from 'node:timers/promises'
import {
  type CallRecord,
  type CallState,
  callEndedAt,
  HIDDEN_DIGIT,
  initialCallState,
  reduceCall,
  summarise,
  type TimelineEntry,
} from '@callgather/protocol'

/** The forms a call can be exported in. */
export const exportFormats = ['json', 'csv', 'vtt', 'md'] as const

/** One of them. */
export type ExportFormat = (typeof exportFormats)[number]

/** A file. */
export interface Exported {
  readonly type: string
  readonly text: string
}

/** How many records are folded, or written, before anything else gets its turn. */
export const MAX_EXPORT_SLICE = 250

/** Where an export reads from, and how it yields. */
export interface ExportSource {
  /** A page of the log after a number; `null` when there is no such call. */
  readonly read: (after: number, limit: number) => Promise<{ readonly records: readonly CallRecord[] } | null>
  /** Resolves after everything else that waits has had its turn. Default `setImmediate`. */
  readonly yieldTurn?: (() => Promise<unknown>) | undefined
}

/** Writes a call, from the whole of its log, a slice at a time. `null` when there is no such call. */
export async function exportCall(
  callId: string,
  { read, yieldTurn = () => setImmediate() }: ExportSource,
  format: ExportFormat,
): Promise<Exported | null> {
  let state = initialCallState(callId)
  const written: string[] = []
  for (let after = 0; ; ) {
    const page = await read(after, MAX_EXPORT_SLICE)
    if (!page) return null
    for (const record of page.records) {
      state = reduceCall(state, record.event)
      if (format === 'json') written.push(JSON.stringify(record))
    }
    after += page.records.length
    await yieldTurn()
    if (page.records.length < MAX_EXPORT_SLICE) break
  }
  if (format === 'json') {
    const call = JSON.stringify(summarise(state))
    return { type: 'application/json', text: `{"call":${call},"records":[\n${written.join(',\n')}\n]}\n` }
  }
  const { type, head, line, isWritten = () => true } = writers[format](state)
  const parts = [head]
  let previous: Row | null = null
  let count = 0
  for (const entry of state.timeline) {
    count += 1
    const row = rowOf(entry)
    if (isWritten(row)) {
      if (previous) parts.push(line(previous, row))
      previous = row
    }
    if (count % MAX_EXPORT_SLICE === 0) await yieldTurn()
  }
  if (previous) parts.push(line(previous, null))
  return { type, text: parts.join('') }
}

/** Writes a row of a file; `next` is the row after it. */
interface RowWriter {
  readonly type: string
  readonly head: string
  readonly line: (row: Row, next: Row | null) => string
  /** Which rows are written. Default: all. */
  readonly isWritten?: (row: Row) => boolean
}

interface Row {
  readonly at: string
  readonly who: string
  readonly what: string
  readonly text: string
}

function rowOf(entry: TimelineEntry): Row {
  const { at } = entry
  switch (entry.kind) {
    case 'key':
      return { at, who: 'caller', what: 'key', text: entry.digit ?? HIDDEN_DIGIT }
    case 'message':
      return { at, who: entry.role, what: 'message', text: entry.content }
    case 'speech':
      return { at, who: entry.track === 'inbound' ? 'caller' : entry.track, what: 'speech', text: entry.text }
    case 'command':
      return {
        at,
        who: entry.command.request?.subject ?? '',
        what: 'command',
        text: entry.command.request?.command ?? '',
      }
    case 'gather_end': {
      const given = entry.digits ?? (entry.result ? JSON.stringify(entry.result) : '')
      return { at, who: 'telnyx', what: `gather ${entry.status ?? 'ended'}`, text: given }
    }
    case 'playback':
      return { at, who: 'telnyx', what: `${entry.what} ${entry.edge}`, text: entry.media ?? '' }
    case 'mark':
      return { at, who: 'telnyx', what: entry.eventType, text: '' }
  }
}

/**
 * Text of a stranger on one line: every kind of line break, tab and control character is a space, so that nothing in it
 * begins a line, a cue or a row of its own.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const oneLine = (text: string): string => text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, ' ')

/** RFC 4180; and a cell that a spreadsheet would take for a formula is made text. */
function csv(): RowWriter {
  const cell = (value: string) => {
    const text = oneLine(value)
    return `"${(/^[\s'"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  }
  const line = ({ at, who, what, text }: Row) => `${[at, who, what, text].map(cell).join(',')}\r\n`
  return { type: 'text/csv', head: 'at,who,what,text\r\n', line }
}

/** How long a caption stands that nothing follows, in milliseconds. */
const LAST_CAPTION_MILLIS = 4_000

/** WebVTT: what was said, timed from the answer of the call. */
function vtt(state: CallState): RowWriter {
  const start = Date.parse(state.answered?.at ?? state.timeline.at(0)?.at ?? '')
  // A tag or `-->` in a cue would be read as WebVTT's own.
  const escaped = (text: string) =>
    oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').trim()
  const cue = ({ at, who, text }: Row, next: Row | null) => {
    const from = Math.max(0, Date.parse(at) - start)
    const end = next?.at ?? callEndedAt(state)
    const to = Math.max(
      from + 1,
      end === null || end === undefined ? from + LAST_CAPTION_MILLIS : Date.parse(end) - start,
    )
    return `\n${timecode(from)} --> ${timecode(to)}\n<v ${oneLine(who).replaceAll(/[<>&]/g, '')}>${escaped(text)}\n`
  }
  return {
    type: 'text/vtt',
    head: 'WEBVTT\n',
    line: cue,
    isWritten: ({ what }) => what === 'message' || what === 'speech',
  }
}

function timecode(millis: number): string {
  const pad = (value: number, width: number) => String(Math.floor(value)).padStart(width, '0')
  return `${pad(millis / 3_600_000, 2)}:${pad((millis / 60_000) % 60, 2)}:${pad((millis / 1000) % 60, 2)}.${pad(millis % 1000, 3)}`
}

function markdown(state: CallState): RowWriter {
  const { from, to, phase, startedAt, endedAt } = summarise(state)
  const plain = (text: string) =>
    oneLine(text)
      .replaceAll(/[\\`*_{}[\]<>#|!&~]/g, '\\$&')
      // A list, a heading or a rule, should the text ever stand at the beginning of a line.
      .replace(/^(\s*)([-+=]|\d+[.)])(?=\s|$)/, '$1\\$2')
  const head = `# Call ${plain(from ?? 'unknown')} to ${plain(to ?? 'unknown')}\n\n${startedAt ?? ''} to ${endedAt ?? phase}\n\n`
  const line = ({ at, who, what, text }: Row) =>
    `- ${at.slice(11, 19)} **${plain(who)}** ${plain(what)}${text === '' ? '' : `: ${plain(text)}`}\n`
  return { type: 'text/markdown', head, line }
}

const writers: Readonly<Record<Exclude<ExportFormat, 'json'>, (state: CallState) => RowWriter>> = {
  csv,
  vtt,
  md: markdown,
}
