import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useState } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { type OfCall, perCall } from '../../hooks/call-scope.tsx'
import { type UseCallTimelineResult as TimelineView, useCallTimeline } from '../../hooks/use-call-timeline.ts'
import { useServerTime } from '../../hooks/use-server-time.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { clockTime } from '../kit/time.ts'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { type LaneName, laneNames, type Span as SpanEntry, spansOf } from './lanes.ts'
import { useZoomGesture } from './use-zoom-gesture.ts'

/** How often the width of the view the lanes may be. */
const zooms = [1, 2, 4, 8, 16] as const

/** How an agent looks at a call's timeline. */
const timelineViews = new Remembered<{
  readonly step: number
  readonly asTable: boolean
}>({ step: 0, asTable: false })

function useTimelineOf(callId: string) {
  const timeline = useCallTimeline(callId)
  const [{ step, asTable }, changeView] = useRemembered(callId, timelineViews)
  // The span that was stepped to, or is pointed at.
  const [cursor, setCursor] = useState<string | null>(null)
  const running = timeline.startedAt !== null && timeline.endedAt === null
  const now = useServerTime(callId, running ? 1000 : null)
  const spans = useMemo(() => spansOf(timeline, now), [timeline, now])
  const canZoom = (steps: 1 | -1) => zooms[step + steps] !== undefined
  return {
    ...{ spans, range: rangeOf(timeline, now), canZoom, cursor, setCursor, asTable },
    zoom: zooms[step] ?? 1,
    zoomBy: (steps: 1 | -1) => canZoom(steps) && changeView((view) => ({ ...view, step: step + steps })),
    setAsTable: (table: boolean) => changeView((view) => ({ ...view, asTable: table })),
  }
}

const [TimelineProvider, useTimeline] = createPartContext<ReturnType<typeof useTimelineOf>>('CallTimeline')

export { useTimeline }

function CallRoot({
  callId,
  ...props
}: PartProps<'section', { readonly empty: boolean }> & { readonly callId: string }) {
  const context = useTimelineOf(callId)
  return (
    <TimelineProvider value={context}>
      {renderPart('section', props, {}, { empty: context.range === null || context.spans.length === 0 })}
    </TimelineProvider>
  )
}

/** A call laid out in time. */
export const Root: OfCall<PartProps<'section', { readonly empty: boolean }>> = perCall(CallRoot)

/** From the call's beginning to its end, or to now, in milliseconds since the Unix epoch; `null` while it is unknown. */
function rangeOf({ startedAt, endedAt }: TimelineView, now: number) {
  if (startedAt === null) return null
  const from = Date.parse(startedAt)
  return { from, to: Math.max(from + 1000, endedAt === null ? now : Date.parse(endedAt)) }
}

/**
 * The lanes, as a picture that can be walked through: one stop for the Tab key; the arrows step from event to event,
 * plus and minus zoom, and so do Ctrl and the wheel, or a pinch. `CallTimeline.Said` says where one is.
 */
export function Chart(props: PartProps<'div'>) {
  const { spans, cursor, setCursor, zoom, zoomBy } = useTimeline('Chart')
  const { t } = useLanguage()
  const ref = useZoomGesture(zoom, zoomBy)
  useEffect(() => {
    if (cursor !== null)
      ref.current?.querySelector('[data-cursor]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
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

/** What holds the lanes, as wide as the zoom makes it. */
export function Track(props: PartProps<'div', { readonly zoom: number }>) {
  const { zoom } = useTimeline('Track')
  return renderPart('div', props, { style: { inlineSize: `${zoom * 100}%` } }, { zoom })
}

/** The lanes in which something has happened, each handed to the function given. */
export function Lanes({ children }: { readonly children: (lane: LaneName) => ReactNode }) {
  const { spans } = useTimeline('Lanes')
  return laneNames.filter((lane) => spans.some((span) => span.lane === lane)).map(children)
}

/** One lane: the keys, what the caller said, what was asked, … */
export function Lane({
  lane,
  children = (span) => <Span key={span.id} span={span} />,
  ...props
}: Omit<PartProps<'div', { readonly lane: LaneName }>, 'children'> & {
  readonly lane: LaneName
  /** Renders one span; by default a `CallTimeline.Span`. */
  readonly children?: (span: SpanEntry) => ReactNode
}) {
  const { spans } = useTimeline('Lane')
  const own = { children: spans.filter((span) => span.lane === lane).map(children) }
  return renderPart('div', props, own, { lane })
}

/** The state of `CallTimeline.Span`, as data attributes. */
export type CallTimelineSpanState = {
  readonly lane: LaneName
  /** Whether this is where the keyboard or the pointer is. */
  readonly cursor: boolean
  /** Whether it has no length, as a key. */
  readonly moment: boolean
}

/** Something that happened, at its place in its lane (`inset-inline-start` and `inline-size`, in percent). */
export function Span({
  span,
  ...props
}: PartProps<'span', CallTimelineSpanState> & { readonly span: SpanEntry }): ReactNode {
  const { range, cursor, setCursor } = useTimeline('Span')
  const language = useLanguage()
  if (!range) return null
  const length = range.to - range.from
  const own = {
    style: {
      insetInlineStart: `${(Math.max(0, span.from - range.from) / length) * 100}%`,
      inlineSize: `${((span.to - span.from) / length) * 100}%`,
    },
    title: spanWords(span, range.from, language),
    onPointerEnter: () => setCursor(span.id),
  }
  return renderPart('span', props, own, {
    lane: span.lane,
    cursor: span.id === cursor,
    moment: span.from === span.to,
  })
}

/** What the keyboard or the pointer is at, in words; said aloud. */
export function Said(props: PartProps<'p'>) {
  const { spans, cursor, range } = useTimeline('Said')
  const language = useLanguage()
  const span = spans.find((it) => it.id === cursor)
  return renderPart('p', props, { role: 'status', children: span && range && spanWords(span, range.from, language) })
}

/** A button that zooms the lanes by one step. */
export function Zoom({ by, ...props }: PartProps<'button'> & { readonly by: 1 | -1 }) {
  const { zoomBy, canZoom } = useTimeline('Zoom')
  const { t } = useLanguage()
  const own = {
    type: 'button',
    'aria-label': t(by === 1 ? 'timeline.zoomIn' : 'timeline.zoomOut'),
    // A disabled button would lose the focus at the last step.
    'aria-disabled': !canZoom(by) || undefined,
    onClick: () => {
      if (canZoom(by)) zoomBy(by)
    },
    children: by === 1 ? '+' : '−',
  } as const
  return renderPart('button', props, own)
}

function spanWords({ lane, from, text }: SpanEntry, start: number, { t, tryT }: Language): string {
  const what = lane === 'gather' ? tryT(`gather.outcome.${text}`, tryT(`gather.status.${text}`, text)) : text
  return `${clockTime(from - start)} · ${t(`timeline.${lane}`)} · ${what}`
}
