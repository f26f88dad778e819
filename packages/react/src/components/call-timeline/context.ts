import { useMemo, useState } from 'react'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { type UseCallTimelineResult, useCallTimeline } from '../../hooks/use-call-timeline.ts'
import { useServerTime } from '../../hooks/use-server-time.ts'
import { createPartContext } from '../part/part-context.ts'
import { spansOf } from './lanes.ts'

/** The zoom levels: the width of the lanes as a multiple of the visible width. */
const zooms = [1, 2, 4, 8, 16] as const

/** The zoom level of each call's timeline, whether it is a chart or a table, and whether its strip is expanded. */
const timelineViews = new Remembered<{
  readonly step: number
  readonly asTable: boolean
  readonly isExpanded: boolean
}>({ step: 0, asTable: false, isExpanded: false })

/** Returns the context value that `CallTimelineParts.Root` provides to the parts inside it. */
export function useTimelineOf(callId: string) {
  const timeline = useCallTimeline(callId)
  const [{ step, asTable, isExpanded }, changeView] = useRemembered(callId, timelineViews)
  // The id of the event at the keyboard cursor or under the pointer.
  const [cursor, setCursor] = useState<string | null>(null)
  const running = timeline.startedAt !== null && timeline.endedAt === null
  const now = useServerTime(callId, running ? 1000 : null)
  const spans = useMemo(() => spansOf(timeline, now), [timeline, now])
  const canZoom = (steps: 1 | -1) => zooms[step + steps] !== undefined
  return {
    ...{ spans, range: rangeOf(timeline, now), canZoom, cursor, setCursor, asTable },
    zoom: zooms[step] ?? 1,
    zoomBy: (steps: 1 | -1) => canZoom(steps) && changeView((view) => ({ ...view, step: step + steps })),
    isExpanded,
    setExpanded: (expanded: boolean) => changeView((view) => ({ ...view, isExpanded: expanded })),
    setAsTable: (table: boolean) => changeView((view) => ({ ...view, asTable: table })),
  }
}

export const [TimelineProvider, useTimeline] = createPartContext<ReturnType<typeof useTimelineOf>>('CallTimelineParts')

/** The minimum length of the time axis during a call, so that early events are near its start. */
const MIN_LIVE_MS = 30_000

/** The time axis in milliseconds since the Unix epoch; `null` while the start is unknown. `end`: the call's end or now. */
function rangeOf({ startedAt, answeredAt, endedAt }: UseCallTimelineResult, now: number) {
  // The clock of a call starts when it is answered, as in the panel's header and in the list of calls.
  const start = answeredAt ?? startedAt
  if (start === null) return null
  const from = Date.parse(start)
  const end = endedAt === null ? now : Date.parse(endedAt)
  return { from, end, to: Math.max(end, from + (endedAt === null ? MIN_LIVE_MS : 1000)) }
}
