/**
 * A call as a file: for a ticket, an archive, a player's captions. What policy hides is hidden here too, because it was
 * never written; nothing is left out on top of that.
 */
import {
  type CallRecord,
  type CallState,
  callEndedAt,
  foldCall,
  HIDDEN_DIGIT,
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

/** Writes a call, from the whole of its log. */
export function exportCall(callId: string, records: readonly CallRecord[], format: ExportFormat): Exported {
  const state = foldCall(
    callId,
    records.map(({ event }) => event),
  )
  switch (format) {
    case 'json':
      return { type: 'application/json', text: `${JSON.stringify({ call: summarise(state), records }, null, 2)}\n` }
    case 'csv':
      return { type: 'text/csv', text: csv(state) }
    case 'vtt':
      return { type: 'text/vtt', text: vtt(state) }
    case 'md':
      return { type: 'text/markdown', text: markdown(state) }
  }
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

const rowsOf = (state: CallState) => [...state.timeline].map(rowOf)

/** RFC 4180; and a cell that a spreadsheet would take for a formula is made text. */
function csv(state: CallState): string {
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  const lines = rowsOf(state).map(({ at, who, what, text }) => [at, who, what, text].map(cell).join(','))
  return ['at,who,what,text', ...lines].map((line) => `${line}\r\n`).join('')
}

/** How long a caption stands that nothing follows, in milliseconds. */
const LAST_CAPTION_MILLIS = 4_000

/** WebVTT: what was said, timed from the answer of the call. */
function vtt(state: CallState): string {
  const rows = rowsOf(state).filter(({ what }) => what === 'message' || what === 'speech')
  const start = Date.parse(state.answered?.at ?? state.timeline.at(0)?.at ?? '')
  const cues = rows.map(({ at, who, text }, index) => {
    const from = Math.max(0, Date.parse(at) - start)
    const next = rows[index + 1]?.at ?? callEndedAt(state)
    const to = Math.max(
      from + 1,
      next === null || next === undefined ? from + LAST_CAPTION_MILLIS : Date.parse(next) - start,
    )
    // A cue ends at a blank line, and `-->` or a tag in it would be read as WebVTT's own.
    const said = text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replace(/\s*\n\s*/g, ' ')
    return `${timecode(from)} --> ${timecode(to)}\n<v ${who.replaceAll(/[<>&\n]/g, '')}>${said}\n`
  })
  return ['WEBVTT\n', ...cues].join('\n')
}

function timecode(millis: number): string {
  const pad = (value: number, width: number) => String(Math.floor(value)).padStart(width, '0')
  return `${pad(millis / 3_600_000, 2)}:${pad((millis / 60_000) % 60, 2)}:${pad((millis / 1000) % 60, 2)}.${pad(millis % 1000, 3)}`
}

function markdown(state: CallState): string {
  const { from, to, phase, startedAt, endedAt } = summarise(state)
  const plain = (text: string) => text.replaceAll(/[\\`*_{}[\]<>#|!]/g, '\\$&').replaceAll(/\s*\n\s*/g, ' ')
  const head = `# Call ${plain(from ?? 'unknown')} to ${plain(to ?? 'unknown')}\n\n${startedAt ?? ''} to ${endedAt ?? phase}\n`
  const lines = rowsOf(state).map(({ at, who, what, text }) => {
    return `- ${at.slice(11, 19)} **${plain(who)}** ${plain(what)}${text === '' ? '' : `: ${plain(text)}`}`
  })
  return `${head}\n${lines.join('\n')}\n`
}
