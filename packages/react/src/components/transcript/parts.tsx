import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  type TouchEvent,
  useEffect,
  useMemo,
  useRef,
  type WheelEvent,
} from 'react'
import { Virtualizer } from 'virtua'
import type { SyncStatus } from '../../client/feed.ts'
import { perCall } from '../../hooks/call-scope.tsx'
import { useHydrated } from '../../hooks/use-hydrated.ts'
import { usePrinting } from '../../hooks/use-printing.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useTypingGuard } from '../kit/typing-guard.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { TranscriptProvider, useTranscriptContext, useTranscriptOf } from './context.ts'
import type { TranscriptRow } from './rows.ts'

export { type Announce, Announcer, type AnnouncerProps } from './announcer.tsx'
export { Row, type RowProps } from './transcript-row.tsx'

/** The state of `TranscriptParts.Root`, as data attributes. */
export type RootState = {
  readonly sync: SyncStatus
  readonly ended: boolean
  readonly empty: boolean
  readonly pinned: boolean
}

/** The props of `TranscriptParts.Root`. */
export interface RootProps extends PartProps<'section', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

function CallRoot({ callId, ...props }: RootProps & { readonly callId: string }) {
  const context = useTranscriptOf(callId)
  const guard = useTypingGuard()
  const { sync, ended, rows, scroller } = context
  const state = { sync, ended, empty: rows.length === 0, pinned: scroller.pinned }
  return <TranscriptProvider value={context}>{renderPart('section', props, guard, state)}</TranscriptProvider>
}

/** The section around a call's transcript. The other `TranscriptParts` must be inside it. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** A view whose scroll position is this close to the end follows new rows. */
const NEAR_PIXELS = 20

/** The maximum number of rows on paper: the last ones of a longer transcript. */
const MAX_PRINTED_ROWS = 5_000

/** The state of `TranscriptParts.View`, as data attributes. */
export type ViewState = {
  /** Whether the view scrolls to each new row. */
  readonly pinned: boolean
}

/** The props of `TranscriptParts.View`. */
export interface ViewProps extends Omit<PartProps<'div', ViewState>, 'children'> {
  /** Renders one transcript row. `position` is the index of the row among the rows that pass the filter. */
  readonly children: (row: TranscriptRow, position: number) => ReactElement
  /** Content shown while the transcript has no rows. */
  readonly empty?: ReactNode
}

/**
 * The scrolling list of transcript rows. Only the rows in view are in the DOM, except while the page is printed. The
 * view follows new rows until the agent scrolls by wheel, touch, key or scrollbar.
 */
export function View({ children, empty, ...props }: ViewProps) {
  const { rows, scroller, sync, match, matches, query } = useTranscriptContext('View')
  const { t } = useLanguage()
  const isHydrated = useHydrated()
  const isPrinting = usePrinting()
  const printed = useMemo(
    () => (isPrinting ? Array.from(rows.keys()).slice(-MAX_PRINTED_ROWS) : []),
    [isPrinting, rows],
  )
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
    // Cancel a pending scroll to the end, which would move the agent back there.
    const { current: handle } = scroller.handle
    if (handle) handle.scrollTo(handle.scrollOffset)
  }
  return renderPart(
    'div',
    props,
    {
      role: 'log',
      // `Announcer` announces new rows in batches. A live region would announce every row immediately.
      'aria-live': 'off',
      'aria-busy': sync === 'catching_up' || sync === 'resyncing',
      'aria-label': t('transcript.label'),
      tabIndex: 0,
      onWheel: (event: WheelEvent) => {
        if (event.deltaY > 0) reading.current.towardsEnd = true
        else if (event.deltaY < 0 && scroller.canScroll()) turnAway()
      },
      onTouchStart: (event: TouchEvent) => {
        reading.current.touchY = event.touches[0]?.clientY ?? 0
      },
      onTouchMove: (event: TouchEvent) => {
        const moved = (event.touches[0]?.clientY ?? 0) - reading.current.touchY
        if (moved > 4 && scroller.canScroll()) turnAway()
        else if (moved < -4) reading.current.towardsEnd = true
      },
      // A press on the scrollbar targets this element itself, not a row.
      onPointerDown: (event: PointerEvent) => {
        reading.current.dragging = event.target === event.currentTarget
      },
      onPointerUp: () => {
        reading.current.dragging = false
      },
      onKeyDown: (event: KeyboardEvent) => {
        if (event.target !== event.currentTarget) return
        if (event.key === 'End') scroller.toEnd()
        else if (/^(PageUp|Home|ArrowUp)$/.test(event.key) && scroller.canScroll()) turnAway()
        else if (/^(PageDown|ArrowDown| )$/.test(event.key)) reading.current.towardsEnd = true
      },
      children:
        rows.length === 0 ? (
          empty
        ) : !isHydrated ? null : (
          <Virtualizer
            ref={scroller.handle}
            as="ol"
            item="li"
            data={rows}
            itemSize={34}
            keepMounted={printed}
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

/** The state of `TranscriptParts.Latest`, as data attributes. */
export type LatestState = {
  /** The number of rows added since the view stopped following the end. */
  readonly count: number
}

/** The props of `TranscriptParts.Latest`. */
export type LatestProps = PartProps<'button', LatestState>

/** A button that scrolls to the end and counts the new rows. Renders nothing while the view follows new rows. */
export function Latest(props: LatestProps): ReactNode {
  const { scroller } = useTranscriptContext('Latest')
  const { t } = useLanguage()
  if (scroller.pinned) return null
  const { unseen } = scroller
  const children = unseen > 0 ? t('transcript.latestNew', { count: unseen }) : t('transcript.latest')
  return renderPart('button', props, { type: 'button', onClick: scroller.toEnd, children }, { count: unseen })
}
