import { callPhase, type Sorted, type TimelineEntry } from '@callgather/protocol'
import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  type TouchEvent,
  useDeferredValue,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  type WheelEvent,
} from 'react'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import type { CallFeed, SyncStatus } from '../../client/feed.ts'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { type OfCall, perCall } from '../../hooks/call-scope.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useTranscript } from '../../hooks/use-transcript.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { wordsOf } from './row-words.ts'
import { categoryOf, type Row, type RowCategory, TimelineRows } from './rows.ts'

/** Every category of row. */
export const allCategories: readonly RowCategory[] = ['speech', 'ai', 'keys', 'commands', 'system']

/** The state of `Transcript.Root`, as data attributes. */
export type TranscriptState = {
  readonly sync: SyncStatus
  readonly ended: boolean
  readonly empty: boolean
  readonly pinned: boolean
}

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

function useTranscriptOf(callId: string) {
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

const [TranscriptProvider, useTranscriptContext] = createPartContext<ReturnType<typeof useTranscriptOf>>('Transcript')

export { useTranscriptContext }

function CallRoot({ callId, ...props }: PartProps<'section', TranscriptState> & { readonly callId: string }) {
  const context = useTranscriptOf(callId)
  const guard = useTypingGuard()
  const { sync, ended, rows, scroller } = context
  const state = { sync, ended, empty: rows.length === 0, pinned: scroller.pinned }
  return <TranscriptProvider value={context}>{renderPart('section', props, guard, state)}</TranscriptProvider>
}

/** A call's transcript. */
export const Root: OfCall<PartProps<'section', TranscriptState>> = perCall(CallRoot)

const timelineSlice = ({ state }: CallFeed) => state.timeline
const endedSlice = ({ state }: CallFeed) => callPhase(state) === 'ended'

/** The rows of a timeline, written on from those on the screen. */
function useRows(timeline: Sorted<TimelineEntry>): TimelineRows {
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
  useLayoutEffect(() => {
    if (!first.current.pinned) handle.current?.scrollToIndex(first.current.topRow, { align: 'start' })
  }, [])
  const stay = () => {
    if (length > 0) handle.current?.scrollToIndex(length - 1, { align: 'end' })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row more, or the end followed again; not every render
  useLayoutEffect(() => {
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

/** This close to the end counts as the end. */
const NEAR_PIXELS = 20

/**
 * The rows, of which only those in view exist in the page. Follows the end until the reader turns away from it: by
 * wheel, touch, key or scrollbar, never because something was added.
 */
export function View({
  children,
  empty,
  ...props
}: Omit<PartProps<'div', { pinned: boolean }>, 'children'> & {
  /** What a row looks like. `position` is its place among those shown. */
  readonly children: (row: Row, position: number) => ReactElement
  /** What stands here while there is nothing to show. */
  readonly empty?: ReactNode
}) {
  const { rows, scroller, sync, match, matches, query } = useTranscriptContext('View')
  const { t } = useLanguage()
  const view = useRef<HTMLDivElement>(null)
  const reading = useRef({ dragging: false, touchY: 0, offset: 0, towardsEnd: false })
  const current = query.trim() === '' ? undefined : matches[match]
  const { toRow } = scroller
  const toRowRef = useRef(toRow)
  useEffect(() => {
    toRowRef.current = toRow
  })
  useEffect(() => {
    if (current !== undefined) toRowRef.current(current)
  }, [current])

  const onScroll = (offset: number) => {
    const { current: handle } = scroller.handle
    if (!handle) return
    const backwards = offset < reading.current.offset - 1
    reading.current.offset = offset
    if (reading.current.dragging) reading.current.towardsEnd = !backwards
    if (reading.current.dragging && backwards) turnAway()
    else if (reading.current.towardsEnd && handle.scrollSize - handle.viewportSize - offset <= NEAR_PIXELS) {
      if (!scroller.pinned) scroller.atEnd()
    }
  }
  const turnAway = () => {
    reading.current.towardsEnd = false
    if (!scroller.pinned) return
    scroller.unpin()
    // A scroll to the end that is still under way would take the reader back there.
    const { current: handle } = scroller.handle
    if (handle) handle.scrollTo(handle.scrollOffset)
  }
  const canScroll = () => {
    const element = view.current
    return element !== null && element.scrollHeight > element.clientHeight
  }
  return renderPart(
    'div',
    props,
    {
      ref: view,
      role: 'log',
      // What is said aloud is `Announcer`'s to decide: a log that grows by itself would say everything, at once.
      'aria-live': 'off',
      'aria-busy': sync === 'catching_up' || sync === 'resyncing',
      'aria-label': t('transcript.label'),
      tabIndex: 0,
      onWheel: (event: WheelEvent) => {
        if (event.deltaY > 0) reading.current.towardsEnd = true
        else if (event.deltaY < 0 && canScroll()) turnAway()
      },
      onTouchStart: (event: TouchEvent) => {
        reading.current.touchY = event.touches[0]?.clientY ?? 0
      },
      onTouchMove: (event: TouchEvent) => {
        const moved = (event.touches[0]?.clientY ?? 0) - reading.current.touchY
        if (moved > 4 && canScroll()) turnAway()
        else if (moved < -4) reading.current.towardsEnd = true
      },
      // On the scrollbar the pointer is on the region itself, and on none of its rows.
      onPointerDown: (event: PointerEvent) => {
        reading.current.dragging = event.target === event.currentTarget
      },
      onPointerUp: () => {
        reading.current.dragging = false
      },
      onKeyDown: (event: KeyboardEvent) => {
        if (event.target !== event.currentTarget) return
        if (event.key === 'End') scroller.toEnd()
        else if (/^(PageUp|Home|ArrowUp)$/.test(event.key) && canScroll()) turnAway()
        else if (/^(PageDown|ArrowDown| )$/.test(event.key)) reading.current.towardsEnd = true
      },
      children:
        rows.length === 0 ? (
          empty
        ) : (
          <Virtualizer
            ref={scroller.handle}
            as="ol"
            item="li"
            data={rows}
            itemSize={34}
            onScroll={onScroll}
            onScrollEnd={scroller.scrolled}
            onResize={scroller.measured}
          >
            {children}
          </Virtualizer>
        ),
    },
    { pinned: scroller.pinned },
  )
}

/** Goes to the end, and says how much is new there; nothing while the end is in view. */
export function Latest(props: PartProps<'button', { count: number }>): ReactNode {
  const { scroller } = useTranscriptContext('Latest')
  const { t } = useLanguage()
  if (scroller.pinned) return null
  const { unseen } = scroller
  const children = unseen > 0 ? t('transcript.latestNew', { count: unseen }) : t('transcript.latest')
  return renderPart('button', props, { type: 'button', onClick: scroller.toEnd, children }, { count: unseen })
}
