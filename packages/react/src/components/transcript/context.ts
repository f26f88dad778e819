import { type SortedMap, selectCallPhase, type TimelineEntry } from '@callgather/protocol'
import { useDeferredValue, useEffect, useMemo, useRef } from 'react'
import type { VirtualizerHandle } from 'virtua'
import type { CallFeed } from '../../client/feed.ts'
import { Remembered, useCallMemory, useRemembered } from '../../hooks/call-memory.ts'
import { useCallId } from '../../hooks/call-scope.tsx'
import { writeClipboard } from '../../hooks/clipboard.ts'
import { useCall } from '../../hooks/use-call.ts'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'
import { useTranscript } from '../../hooks/use-transcript.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { createPartContext } from '../part/part-context.ts'
import { wordsOf } from './row-words.ts'
import { categoryOf, type RowCategory, TimelineRows } from './rows.ts'

/** Every filter category of transcript rows. */
export const allCategories: readonly RowCategory[] = ['speech', 'ai', 'keys', 'commands', 'system']

/** The search, the filter and the scroll position of a call's transcript. */
const readings = new Remembered<{
  readonly categories: ReadonlySet<RowCategory>
  readonly query: string
  readonly match: number
  /** The number of rows when the view stopped following the end; `null` while it follows the end. */
  readonly unpinnedAt: number | null
  /** The index of the row at the top of the view, if the view does not follow the end. */
  readonly topRow: number
}>({ categories: new Set(allCategories), query: '', match: 0, unpinnedAt: null, topRow: 0 })

/** What is open above each call's transcript: the find bar, the filter bar, and the notice of a failed copy. */
export const openBars = new Remembered({ find: false, filter: false, copyFailed: false })

/** Returns a function that copies a text. If the browser denies it, the notice opens above the call's transcript. */
export function useCopy() {
  const memory = useCallMemory(useCallId())
  return (text: string) => {
    const settle = (copyFailed: boolean) => openBars.change(memory, (bars) => ({ ...bars, copyFailed }))
    writeClipboard(text).then(
      () => settle(false),
      () => settle(true),
    )
  }
}

/** Returns the context value that `TranscriptParts.Root` provides to the parts inside it. */
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
    /** Every transcript row, including rows that the filter hides. The announcer and the export use all rows. */
    all,
    /** The transcript rows that pass the filter. */
    rows,
    categories,
    setCategories: (next: ReadonlySet<RowCategory>) => changeReading((reading) => ({ ...reading, categories: next })),
    query,
    setQuery: (next: string) => changeReading((reading) => ({ ...reading, query: next, match: 0 })),
    /** The indexes in `rows` of the rows that match the search. `match` is an index in `matches`: the current match. */
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

/** Returns the transcript rows of a timeline. Reuses rows of the last render. */
function useRows(timeline: SortedMap<TimelineEntry>): TimelineRows {
  const shown = useRef(TimelineRows.none)
  // The result does not depend on which rows are reused, so React can discard a render safely.
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

/** Controls the scroll position of the transcript: follows the end, or scrolls to a row. */
function useScroller(
  length: number,
  unpinnedAt: number | null,
  topRow: number,
  change: (next: (place: ScrollPlace) => Partial<ScrollPlace>) => void,
) {
  const handle = useRef<VirtualizerHandle>(null)
  const pinned = unpinnedAt === null
  const unpin = () => change((place) => ({ unpinnedAt: place.unpinnedAt ?? length }))
  const atEnd = () => change(() => ({ unpinnedAt: null }))
  // The scroll position to restore when the agent returns to the call.
  const first = useRef({ isRestored: pinned, topRow })
  useEarlyEffect(() => {
    if (!first.current.isRestored) handle.current?.scrollToIndex(first.current.topRow, { align: 'start' })
  }, [])
  const canScroll = () => {
    const { current: view } = handle
    return view !== null && view.scrollSize > view.viewportSize
  }
  const stay = () => {
    if (length > 0) handle.current?.scrollToIndex(length - 1, { align: 'end' })
  }
  const pinIfAllFits = () => {
    if (!canScroll()) atEnd()
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs only after a new row or a change of `pinned`
  useEarlyEffect(() => {
    const { current: view } = handle
    if (!view || length === 0) return
    if (!pinned) pinIfAllFits()
    // If the last row is in view, `measured` scrolls to it. Scrolling here would cause a second layout.
    // If the last row is outside the view, it is not measured, so scroll to it now.
    else if (view.getItemOffset(length - 1) > view.scrollOffset + view.viewportSize) stay()
  }, [pinned, length])
  return {
    pinned,
    /** The number of rows added since the view stopped following the end. */
    unseen: unpinnedAt === null ? 0 : Math.max(0, length - unpinnedAt),
    toEnd: () => {
      atEnd()
      stay()
    },
    toRow: (position: number) => {
      if (canScroll()) unpin()
      handle.current?.scrollToIndex(position, { align: 'center' })
    },
    handle,
    canScroll,
    unpin,
    atEnd,
    scrolled: () => {
      const { current: view } = handle
      if (!pinned && view) change(() => ({ topRow: view.findItemIndex(view.scrollOffset) }))
    },
    /** Call `measured` when the size of the view or of one of its rows changes. */
    measured: () => {
      if (pinned) stay()
      // The first call is before the rows are measured.
      else if (first.current.isRestored) pinIfAllFits()
      first.current.isRestored = true
    },
  }
}
