import {
  type CallState,
  type SocketError,
  type SortedMap,
  selectPartialSpeech,
  type TimelineEntry,
} from '@callgather/protocol'
import { useMemo } from 'react'
import type { CallFeed, SyncStatus } from '../client/feed.ts'
import { entriesOf } from './arrays.ts'
import { useCall } from './use-call.ts'

/** The options of `useTranscript`. */
export interface UseTranscriptOptions {
  /** The kinds of rows to include. Default: all kinds. */
  kinds?: readonly TimelineEntry['kind'][]
  /** A predicate that filters rows. Keep its identity stable, because a new function filters all rows again. */
  where?: (row: TimelineEntry) => boolean
  /** Text to find, ignoring case. `matches` has the positions of the rows that contain it. */
  search?: string
}

/** A caller's or agent's speech whose transcription is not final yet. */
export interface LiveSpeech {
  /** The audio track: `inbound` is the caller. */
  readonly track: string
  /** When the latest words were recognised: ISO 8601, UTC. */
  readonly at: string
  /** The words recognised so far. */
  readonly text: string
}

/** The result of `useTranscript`: the rows of a call's transcript. */
export interface UseTranscriptResult {
  /** The rows of the transcript, in order. Built on first read. An unchanged row keeps its identity. */
  readonly rows: readonly TimelineEntry[]
  /** The number of rows. For virtual lists: `length` and `at` build no array. */
  readonly length: number
  /** Returns the row at a position; a negative position counts from the end. */
  readonly at: (position: number) => TimelineEntry | undefined
  /** The current speech of each track whose transcription is not final yet. */
  readonly partials: readonly LiveSpeech[]
  /** Positions of the rows that contain the search text, in order; empty without a search. */
  readonly matches: readonly number[]
  /** How current the call state is. Unless it is `live`, the state may be out of date. */
  readonly sync: SyncStatus
  /** Why updates have stopped; then the values are the last known ones. `null` while updates arrive. */
  readonly error: SocketError | null
}

/** Returns the speech, keys, commands and events of a call, in order. */
export function useTranscript(callId?: string, options?: UseTranscriptOptions): UseTranscriptResult
export function useTranscript(options: UseTranscriptOptions): UseTranscriptResult
export function useTranscript(
  first?: string | UseTranscriptOptions,
  second?: UseTranscriptOptions,
): UseTranscriptResult {
  const callId = typeof first === 'object' ? undefined : first
  const { kinds, where, search = '' } = (typeof first === 'object' ? first : second) ?? {}
  const { timeline, tracks, sync, error } = useCall(callId, transcriptSlice)
  const kindsKey = kinds?.join(' ')
  const rows = useMemo(() => rowsOf(timeline, kindsKey, where), [timeline, kindsKey, where])
  const matches = useMemo(() => matchesIn(rows, search), [rows, search])
  const partials = useMemo(() => partialsOf(tracks), [tracks])
  return useMemo(
    () => ({
      get rows() {
        return rows.toArray()
      },
      ...{ length: rows.length, at: rows.at, partials, matches, sync, error },
    }),
    [rows, partials, matches, sync, error],
  )
}

function transcriptSlice({ state, sync, error }: CallFeed) {
  return { timeline: state.timeline, tracks: state.tracks, sync, error: error ?? null }
}

interface Rows {
  readonly toArray: () => readonly TimelineEntry[]
  readonly length: number
  readonly at: (position: number) => TimelineEntry | undefined
}

function rowsOf(
  timeline: SortedMap<TimelineEntry>,
  kinds: string | undefined,
  where: UseTranscriptOptions['where'],
): Rows {
  if (kinds === undefined && !where) {
    return {
      toArray: () => entriesOf(timeline),
      length: timeline.size,
      at: (position) => timeline.at(position),
    }
  }
  const wanted = kinds === undefined ? null : new Set(kinds.split(' '))
  const rows: TimelineEntry[] = []
  for (const row of timeline) if ((!wanted || wanted.has(row.kind)) && (!where || where(row))) rows.push(row)
  return { toArray: () => rows, length: rows.length, at: (position) => rows.at(position) }
}

const noMatches: readonly number[] = []

function matchesIn(rows: Rows, search: string): readonly number[] {
  const wanted = search.trim().toLowerCase()
  if (wanted === '') return noMatches
  const found: number[] = []
  for (let position = 0; position < rows.length; position++) {
    const row = rows.at(position)
    if (row && rowText(row).toLowerCase().includes(wanted)) found.push(position)
  }
  return found
}

/** Returns the searchable text of a row. */
export function rowText(row: TimelineEntry): string {
  switch (row.kind) {
    case 'message':
      return row.content
    case 'speech':
      return row.text
    case 'key':
      return row.digit ?? ''
    case 'command':
      return `${row.command.request?.command ?? ''} ${textIn(row.command.request?.body)}`
    case 'gather_end':
      return `${row.status} ${row.digits ?? ''} ${textIn(row.result)}`
    case 'playback':
      return `${row.media ?? ''} ${row.status ?? ''}`
    case 'lifecycle':
      return row.eventType
  }
}

/** Returns all strings in a JSON value, so that a search finds a prompt or result by its words. */
function textIn(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return ''
  return Object.values(value).map(textIn).join(' ')
}

function partialsOf(tracks: CallState['tracks']): readonly LiveSpeech[] {
  return Object.keys(tracks).flatMap((track) => {
    const partial = selectPartialSpeech({ tracks }, track)
    return partial ? [{ track, at: partial.at, text: partial.text }] : []
  })
}
