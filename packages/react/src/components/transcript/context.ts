import { type SortedMap, selectCallPhase, type TimelineEntry } from '@callgather/protocol'
import { useDeferredValue, useEffect, useMemo, useRef } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { CallFeed } from '../../client/feed.ts'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'
import { useTranscript } from '../../hooks/use-transcript.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { createPartContext } from '../part/part-context.ts'
import { wordsOf } from './row-words.ts'
import { categoryOf, type RowCategory, TimelineRows } from './rows.ts'

/** Every category of row. */
export const allCategories: readonly RowCategory[] = ['speech', 'ai', 'keys', 'commands', 'system']

/** What is looked for in a call's transcript, what is shown of it, and how far down the reader is. */
const readings = new Remembered<{
  readonly categories: ReadonlySet<RowCategory>
  readonly query: string
  readonly match: number
  /** How many rows there were when the end was no longer followed; `null` while it is. */
  readonly unpinnedAt: number | null
  /** The row at the top of the view, if the end is not followed. */
  readonly topRow: number
}>({ categories: new Set(allCategories), query: '', match: 0, unpinnedAt: null, topRow: 0 })

/** What the parts of a transcript share. */
export function useTranscriptOf(callId: string) {
  const transcript = useTranscript(callId)
  const ended = useCall(callId, endedSlice)
  const language = useLanguage()
  const [{ categories, query, match, unpinnedAt, topRow }, changeReading] = useRemembered(callId, readings)
  const timeline = useCall(callId, timelineSlice)
  const written = useRows(timeline)
  const all = useMemo(() => written.with(transcript.partials), [written, transcript.partials])
  const rows = useMemo(
    () => (categories.size === allCategories.length ? all : all.filter((row) => categories.has(categoryOf(row)))),
    [all, categories],
  )
  const wanted = useDeferredValue(query.trim().toLocaleLowerCase(language.locale))
  const matches = useMemo(() => {
    if (wanted === '') return []
    return rows.flatMap((row, index) =>
      wordsOf(row, language).toLocaleLowerCase(language.locale).includes(wanted) ? [index] : [],
    )
  }, [rows, wanted, language])
  const scroller = useScroller(rows.length, unpinnedAt, topRow, (change) =>
    changeReading((reading) => ({ ...reading, ...change(reading) })),
  )
  return {
    callId,
    /** Every row, shown or not: what is announced and exported. */
    all,
    /** The rows shown. */
    rows,
    categories,
    setCategories: (next: ReadonlySet<RowCategory>) => changeReading((reading) => ({ ...reading, categories: next })),
    query,
    setQuery: (next: string) => changeReading((reading) => ({ ...reading, query: next, match: 0 })),
    /** Positions of the rows that hold what is looked for, and which of them is the current one. */
    matches,
    match: Math.min(match, Math.max(0, matches.length - 1)),
    setMatch: (next: number) => changeReading((reading) => ({ ...reading, match: next })),
    sync: transcript.sync,
    ended,
    scroller,
  }
}

export const [TranscriptProvider, useTranscriptContext] =
  createPartContext<ReturnType<typeof useTranscriptOf>>('TranscriptParts')

const timelineSlice = ({ state }: CallFeed) => state.timeline
const endedSlice = ({ state }: CallFeed) => selectCallPhase(state) === 'ended'

/** The rows of a timeline, written on from those on the screen. */
function useRows(timeline: SortedMap<TimelineEntry>): TimelineRows {
  const shown = useRef(TimelineRows.none)
  // Whatever it begins from it comes to the same rows, so a render that is thrown away leaves nothing behind.
  const rows = useMemo(() => shown.current.of(timeline), [timeline])
  useEffect(() => {
    shown.current = rows
  }, [rows])
  return rows
}

interface ScrollPlace {
  readonly unpinnedAt: number | null
  readonly topRow: number
}

/** Whether the end is followed, and the means to go there. */
function useScroller(
  length: number,
  unpinnedAt: number | null,
  topRow: number,
  change: (next: (place: ScrollPlace) => Partial<ScrollPlace>) => void,
) {
  const handle = useRef<VirtualizerHandle>(null)
  const pinned = unpinnedAt === null
  const setUnpinnedAt = (next: (known: number | null) => number | null) =>
    change((place) => ({ unpinnedAt: next(place.unpinnedAt) }))
  // Back at a call, the reader is where they were.
  const first = useRef({ pinned, topRow })
  useEarlyEffect(() => {
    if (!first.current.pinned) handle.current?.scrollToIndex(first.current.topRow, { align: 'start' })
  }, [])
  const stay = () => {
    if (length > 0) handle.current?.scrollToIndex(length - 1, { align: 'end' })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row more, or the end followed again; not every render
  useEarlyEffect(() => {
    const { current: view } = handle
    if (!pinned || !view || length === 0) return
    // A row that comes into view is measured in this very frame, and followed when that is done (see `measured`): to
    // scroll before would make the browser lay everything out twice, for a guess. One further away must be gone to.
    if (view.getItemOffset(length - 1) > view.scrollOffset + view.viewportSize) stay()
  }, [pinned, length])
  return {
    pinned,
    /** How many rows came since the end was no longer followed. */
    unseen: unpinnedAt === null ? 0 : Math.max(0, length - unpinnedAt),
    toEnd: () => {
      setUnpinnedAt(() => null)
      stay()
    },
    toRow: (position: number) => {
      setUnpinnedAt((known) => known ?? length)
      handle.current?.scrollToIndex(position, { align: 'center' })
    },
    handle,
    unpin: () => setUnpinnedAt((known) => known ?? length),
    atEnd: () => setUnpinnedAt(() => null),
    scrolled: () => {
      const { current: view } = handle
      if (!pinned && view) change(() => ({ topRow: view.findItemIndex(view.scrollOffset) }))
    },
    /** The view or a row in it has another size than before. */
    measured: () => {
      if (pinned) stay()
    },
  }
}
