import { type KeyboardEvent, type ReactElement, type ReactNode, useEffect } from 'react'
import { perCall } from '../../hooks/call-scope.tsx'
import { useHydrated } from '../../hooks/use-hydrated.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { clockTime } from '../kit/time.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { TimelineProvider, useTimeline, useTimelineOf } from './context.ts'
import { type LaneName, laneNames, type TimelineSpan, textOf } from './lanes.ts'
import { useZoomGesture } from './use-zoom-gesture.ts'

/** The state of `CallTimelineParts.Root`, as data attributes. */
export type RootState = { readonly empty: boolean }

/** The props of `CallTimelineParts.Root`. */
export interface RootProps extends PartProps<'section', RootState> {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
}

function CallRoot({ callId, ...props }: RootProps & { readonly callId: string }) {
  const context = useTimelineOf(callId)
  return (
    <TimelineProvider value={context}>
      {renderPart('section', props, {}, { empty: context.range === null || context.spans.length === 0 })}
    </TimelineProvider>
  )
}

/** The section around the timeline of a call. The other `CallTimelineParts` must be inside it. */
export const Root: (props: RootProps) => ReactElement = perCall(CallRoot)

/** The props of `CallTimelineParts.Chart`. */
export type ChartProps = PartProps<'div'>

/**
 * The chart of the timeline's lanes, with one tab stop. The arrow keys move between events. Plus, minus, Ctrl+wheel and
 * a pinch zoom. `Said` describes the event at the keyboard cursor.
 */
export function Chart(props: ChartProps) {
  const { spans, cursor, setCursor, zoom, zoomBy } = useTimeline('Chart')
  const { t } = useLanguage()
  const ref = useZoomGesture(zoom, zoomBy)
  useEffect(() => {
    const span = ref.current?.querySelector('[data-cursor]')
    if (cursor === null || !ref.current || !span) return
    // An event that is wider than the view shows its start.
    const inline = span.clientWidth > ref.current.clientWidth ? 'start' : 'nearest'
    span.scrollIntoView({ block: 'nearest', inline })
  }, [cursor, ref])
  const index = spans.findIndex((span) => span.id === cursor)
  const onKeyDown = (event: KeyboardEvent) => {
    const to = {
      ArrowRight: index + 1,
      ArrowDown: index + 1,
      ArrowLeft: index < 0 ? spans.length - 1 : index - 1,
      ArrowUp: index < 0 ? spans.length - 1 : index - 1,
      Home: 0,
      End: spans.length - 1,
    }[event.key]
    if (to !== undefined) {
      event.preventDefault()
      setCursor(spans[Math.max(0, Math.min(spans.length - 1, to))]?.id ?? null)
    } else if (event.key === '+' || event.key === '=') zoomBy(1)
    else if (event.key === '-') zoomBy(-1)
  }
  const own = {
    ref,
    role: 'group',
    'aria-label': t('timeline.label'),
    'aria-description': t('timeline.hint'),
    tabIndex: 0,
    onKeyDown,
  }
  return renderPart('div', props, own)
}

/** The state of `CallTimelineParts.Track`, as data attributes. */
export type TrackState = {
  /** The width of the lanes as a multiple of the visible width. */
  readonly zoom: number
}

/** The props of `CallTimelineParts.Track`. */
export type TrackProps = PartProps<'div', TrackState>

/** The element around the lanes. The zoom level sets its width. */
export function Track(props: TrackProps) {
  const { zoom } = useTimeline('Track')
  return renderPart('div', props, zoom === 1 ? {} : { style: { inlineSize: `${zoom * 100}%` } }, { zoom })
}

/** The props of `CallTimelineParts.Lanes`. */
export interface LanesProps {
  /** Renders one lane of the timeline. */
  readonly children: (lane: LaneName) => ReactNode
}

/** Renders the lanes of the timeline that have at least one event. */
export function Lanes({ children }: LanesProps) {
  const { spans } = useTimeline('Lanes')
  return laneNames.filter((lane) => spans.some((span) => span.lane === lane)).map(children)
}

/** The state of `CallTimelineParts.Lane`, as data attributes. */
export type LaneState = { readonly lane: LaneName }

/** The props of `CallTimelineParts.Lane`. */
export interface LaneProps extends Omit<PartProps<'div', LaneState>, 'children'> {
  readonly lane: LaneName
  /** Renders one event of the lane. Default: a `Span`. */
  readonly children?: (span: TimelineSpan) => ReactNode
}

/** One lane of the timeline, such as the keys or the caller's speech. */
export function Lane({ lane, children = (span) => <Span key={span.id} span={span} />, ...props }: LaneProps) {
  const { spans } = useTimeline('Lane')
  const own = { children: spans.filter((span) => span.lane === lane).map(children) }
  return renderPart('div', props, own, { lane })
}

/** The state of `CallTimelineParts.Span`, as data attributes. */
export type SpanState = {
  readonly lane: LaneName
  /** Whether the keyboard cursor or the pointer is on this event. */
  readonly cursor: boolean
  /** Whether this event has no duration, such as a key press. */
  readonly moment: boolean
}

/** The props of `CallTimelineParts.Span`. */
export interface SpanProps extends PartProps<'span', SpanState> {
  readonly span: TimelineSpan
}

/** One event of the timeline, positioned in its lane by `inset-inline-start` and `inline-size` in percent. */
export function Span({ span, ...props }: SpanProps): ReactNode {
  const { range, cursor, setCursor } = useTimeline('Span')
  const language = useLanguage()
  const isHydrated = useHydrated()
  if (!range) return null
  const percentOf = (time: number) => (Math.max(0, time - range.from) / (range.to - range.from)) * 100
  const own = {
    style: isHydrated
      ? {
          insetInlineStart: `${percentOf(span.from)}%`,
          inlineSize: `${percentOf(span.to) - percentOf(span.from)}%`,
        }
      : undefined,
    title: spanWords(span, range.from, language),
    onPointerEnter: () => setCursor(span.id),
  }
  return renderPart('span', props, own, {
    lane: span.lane,
    cursor: span.id === cursor,
    moment: span.from === span.to,
  })
}

/** The props of `CallTimelineParts.Said`. */
export type SaidProps = PartProps<'p'>

/** Describes the event at the keyboard cursor or under the pointer in words. Screen readers announce the text. */
export function Said(props: SaidProps) {
  const { spans, cursor, range } = useTimeline('Said')
  const language = useLanguage()
  const span = spans.find((it) => it.id === cursor)
  return renderPart('p', props, { role: 'status', children: span && range && spanWords(span, range.from, language) })
}

/** The props of `CallTimelineParts.Zoom`. */
export interface ZoomProps extends PartProps<'button'> {
  /** The direction of the zoom: `1` zooms in, `-1` zooms out. */
  readonly by: 1 | -1
}

/** A button that zooms the timeline in or out by one step. */
export function Zoom({ by, ...props }: ZoomProps) {
  const { zoomBy, canZoom } = useTimeline('Zoom')
  const { t } = useLanguage()
  const own = {
    type: 'button',
    'aria-label': t(by === 1 ? 'timeline.zoomIn' : 'timeline.zoomOut'),
    // With `disabled` instead, the button would lose the focus at the last zoom level.
    'aria-disabled': !canZoom(by) || undefined,
    onClick: () => {
      if (canZoom(by)) zoomBy(by)
    },
    children: by === 1 ? '+' : '−',
  } as const
  return renderPart('button', props, own)
}

function spanWords(span: TimelineSpan, start: number, language: Language): string {
  const { lane, at } = span
  const { t } = language
  const what = textOf(span, language)
  return `${clockTime(at - start)} · ${t(`timeline.${lane}`)} · ${what}`
}
