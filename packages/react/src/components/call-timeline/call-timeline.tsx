import { type KeyboardEvent, useId, useMemo, useState } from 'react'
import { type CallTimeline as TimelineView, useCallTimeline } from '../../hooks/use-call-timeline.ts'
import { useServerTime } from '../../hooks/use-server-time.ts'
import { type Language, useLanguage } from '../../strings/strings-context.tsx'
import { Icon } from '../kit/icon.tsx'
import { Empty } from '../kit/notice.tsx'
import { clockTime } from '../kit/time.ts'
import { laneNames, type Span, spansOf } from './lanes.ts'

/** The props of `CallTimeline`. */
export interface CallTimelineProps {
  readonly callId: string
}

const zooms = [1, 2, 4, 8, 16] as const

function StyledCallTimeline({ callId }: CallTimelineProps) {
  const timeline = useCallTimeline(callId)
  const { t } = useLanguage()
  const id = useId()
  const [asTable, setAsTable] = useState(false)
  const [zoom, setZoom] = useState(0)
  const running = timeline.startedAt !== null && timeline.endedAt === null
  const now = useServerTime(callId, running ? 1000 : null)
  const spans = useMemo(() => spansOf(timeline, now), [timeline, now])
  const range = rangeOf(timeline, now)
  return (
    <section className="cg cg-card cg-timeline" aria-labelledby={id}>
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('timeline.label')}
        </h3>
        {range && spans.length > 0 && (
          <div className="cg-card-aside" style={{ gap: 0 }}>
            {!asTable && (
              <>
                <ZoomButton
                  label={t('timeline.zoomOut')}
                  sign="−"
                  disabled={zoom === 0}
                  onClick={() => setZoom(zoom - 1)}
                />
                <ZoomButton
                  label={t('timeline.zoomIn')}
                  sign="+"
                  disabled={zoom === zooms.length - 1}
                  onClick={() => setZoom(zoom + 1)}
                />
              </>
            )}
            <button
              type="button"
              className="cg-button"
              data-variant="quiet"
              data-size="small"
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              <Icon name="table" />
              {t('timeline.table')}
            </button>
          </div>
        )}
      </header>
      {!range || spans.length === 0 ? (
        <Empty icon="clock" title={t('timeline.empty')} />
      ) : asTable ? (
        <Table spans={spans} from={range.from} />
      ) : (
        <Chart
          spans={spans}
          range={range}
          zoom={zooms[zoom] ?? 1}
          onZoom={(by) => setZoom((z) => Math.max(0, Math.min(zooms.length - 1, z + by)))}
        />
      )}
    </section>
  )
}

interface Range {
  readonly from: number
  readonly to: number
}

function rangeOf({ startedAt, endedAt }: TimelineView, now: number): Range | null {
  if (startedAt === null) return null
  const from = Date.parse(startedAt)
  return { from, to: Math.max(from + 1000, endedAt === null ? now : Date.parse(endedAt)) }
}

function ZoomButton(props: { label: string; sign: string; disabled: boolean; onClick: () => void }) {
  return (
    <button
      type="button"
      className="cg-button"
      data-variant="quiet"
      data-size="small"
      data-icon-only=""
      aria-label={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      {props.sign}
    </button>
  )
}

interface ChartProps {
  readonly spans: readonly Span[]
  readonly range: Range
  readonly zoom: number
  readonly onZoom: (by: 1 | -1) => void
}

/** The lanes. One stop for the Tab key; the arrows step from event to event, and what each is stands below. */
function Chart({ spans, range, zoom, onZoom }: ChartProps) {
  const language = useLanguage()
  const { t } = language
  const [cursor, setCursor] = useState<string | null>(null)
  const index = spans.findIndex((span) => span.id === cursor)
  const current = spans[index]
  const length = range.to - range.from
  const place = (time: number) => `${(Math.max(0, time - range.from) / length) * 100}%`
  const used = laneNames.filter((lane) => spans.some((span) => span.lane === lane))
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
    } else if (event.key === '+' || event.key === '=') onZoom(1)
    else if (event.key === '-') onZoom(-1)
  }
  return (
    <div className="cg-timeline-body">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture that can be walked through is a group, not a fieldset */}
      <div
        className="cg-timeline-scroll"
        role="group"
        aria-label={t('timeline.label')}
        aria-description={t('timeline.hint')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys step from event to event
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        <div className="cg-timeline-chart" style={{ inlineSize: `${zoom * 100}%` }}>
          {used.map((lane) => (
            <Lane key={lane} name={t(`timeline.${lane}`)} lane={lane}>
              {spans
                .filter((span) => span.lane === lane)
                .map((span) => (
                  <span
                    key={span.id}
                    className="cg-span"
                    data-cursor={span.id === cursor ? '' : undefined}
                    style={{
                      insetInlineStart: place(span.from),
                      inlineSize: `${((span.to - span.from) / length) * 100}%`,
                    }}
                    title={spanWords(span, range.from, language)}
                    onPointerEnter={() => setCursor(span.id)}
                  />
                ))}
            </Lane>
          ))}
          <div className="cg-timeline-axis" aria-hidden="true">
            <span>{clockTime(0)}</span>
            <span>{clockTime(length / 2)}</span>
            <span>{clockTime(length)}</span>
          </div>
        </div>
      </div>
      <p className="cg-timeline-said" role="status">
        {current ? spanWords(current, range.from, language) : ''}
      </p>
    </div>
  )
}

function Lane({ name, lane, children }: { name: string; lane: string; children: React.ReactNode }) {
  return (
    <>
      <span className="cg-timeline-name">{name}</span>
      <div className="cg-lane" data-lane={lane}>
        {children}
      </div>
    </>
  )
}

function spanWords({ lane, from, text }: Span, start: number, { t, tryT }: Language): string {
  const what = lane === 'gather' ? tryT(`gather.outcome.${text}`, tryT(`gather.status.${text}`, text)) : text
  return `${clockTime(from - start)} · ${t(`timeline.${lane}`)} · ${what}`
}

/** The same, for those who would rather read it. */
function Table({ spans, from }: { readonly spans: readonly Span[]; readonly from: number }) {
  const { t, tryT } = useLanguage()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="cg-timeline-body cg-timeline-table" tabIndex={0} aria-label={t('timeline.table')}>
      <table className="cg-table">
        <thead>
          <tr>
            <th scope="col">{t('timeline.time')}</th>
            <th scope="col">{t('timeline.lane')}</th>
            <th scope="col">{t('timeline.what')}</th>
            <th scope="col">{t('timeline.length')}</th>
          </tr>
        </thead>
        <tbody>
          {spans.map((span) => (
            <tr key={span.id}>
              <td>{clockTime(span.from - from)}</td>
              <td>{t(`timeline.${span.lane}`)}</td>
              <td dir="auto">{span.lane === 'gather' ? tryT(`gather.outcome.${span.text}`, span.text) : span.text}</td>
              <td>{span.to > span.from ? clockTime(span.to - span.from) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

/**
 * A call laid out in time, in lanes: who spoke, what was pressed, what was asked. The arrow keys step from event to
 * event, plus and minus zoom, and all of it can be read as a table.
 */
export const CallTimeline = StyledCallTimeline
