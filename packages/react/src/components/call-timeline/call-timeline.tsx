import { Fragment, useId } from 'react'
import { useLanguage } from '../../strings/strings-context.tsx'
import { Button, IconButton } from '../kit/button.tsx'
import { Icon } from '../kit/icon.tsx'
import { Empty } from '../kit/notice.tsx'
import { clockTime } from '../kit/time.ts'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { useTimeline } from './context.ts'
import { type TimelineSpan, textOf } from './lanes.ts'
import * as parts from './parts.tsx'

/** The props of `CallTimeline`. */
export interface CallTimelineProps {
  /** The id of the call. Default: the call of the `CallScope` around this component. */
  readonly callId?: string | undefined
  /** Whether the timeline is one thin row that the agent can expand. Default: `false`. */
  readonly strip?: boolean
}

/**
 * A timeline of a call with lanes for speech, keys and gathers. The arrow keys move between events, and plus and minus
 * zoom. A table can show the same events instead.
 *
 * `CallTimelineParts` has the unstyled parts of this component.
 */
export function CallTimeline({ callId, strip = false }: CallTimelineProps) {
  const id = useId()
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-card cg-timeline" aria-labelledby={id} {...kept}>
      <Contents id={id} strip={strip} />
    </parts.Root>
  )
}

function Contents({ id, strip }: { readonly id: string; readonly strip: boolean }) {
  const { spans, range, asTable, setAsTable, isExpanded, setExpanded } = useTimeline('Contents')
  const { t } = useLanguage()
  const known = range !== null && spans.length > 0
  if (strip && !isExpanded) return <Strip id={id} />
  return (
    <>
      <header className="cg-card-header">
        <h3 className="cg-card-title" id={id}>
          {t('timeline.label')}
        </h3>
        {known && (
          <div className="cg-card-aside" data-tight="">
            {!asTable && <ZoomButton by={-1} />}
            {!asTable && <ZoomButton by={1} />}
            <Button
              icon="table"
              variant="quiet"
              size="small"
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              {t('timeline.table')}
            </Button>
            {strip && <IconButton icon="up" label={t('timeline.collapse')} onClick={() => setExpanded(false)} />}
          </div>
        )}
      </header>
      {!known ? <Empty icon="clock" title={t('timeline.empty')} /> : asTable ? <Table /> : <Lanes />}
    </>
  )
}

/** The lanes of the timeline in one thin row, with a button that expands it. */
function Strip({ id }: { readonly id: string }) {
  const { range, setExpanded } = useTimeline('Strip')
  const { t } = useLanguage()
  return (
    <div className="cg-timeline-strip">
      <h3 className="cg-visually-hidden" id={id}>
        {t('timeline.label')}
      </h3>
      <div className="cg-timeline-strip-lanes" aria-hidden="true">
        <parts.Lanes>
          {(lane) => (
            <parts.Lane key={lane} lane={lane} className="cg-lane">
              {drawSpan}
            </parts.Lane>
          )}
        </parts.Lanes>
      </div>
      <button
        type="button"
        className="cg-button"
        data-variant="quiet"
        data-size="small"
        aria-expanded="false"
        onClick={() => setExpanded(true)}
      >
        {range !== null && <bdi>{clockTime(range.end - range.from)}</bdi>}
        {t('timeline.label')}
        <Icon name="chevron" />
      </button>
    </div>
  )
}

const drawSpan = (span: TimelineSpan) => <parts.Span key={span.id} span={span} className="cg-span" />

const ZoomButton = ({ by }: { readonly by: 1 | -1 }) => (
  <parts.Zoom by={by} className="cg-button" data-variant="quiet" data-size="small" data-icon-only="" />
)

function Lanes() {
  const { range } = useTimeline('Lanes')
  const { t } = useLanguage()
  const length = range ? range.to - range.from : 0
  return (
    <div className="cg-timeline-body">
      <parts.Chart className="cg-timeline-scroll">
        <parts.Track className="cg-timeline-chart">
          <parts.Lanes>
            {(lane) => (
              <Fragment key={lane}>
                <span className="cg-timeline-name">{t(`timeline.${lane}`)}</span>
                <parts.Lane lane={lane} className="cg-lane">
                  {drawSpan}
                </parts.Lane>
              </Fragment>
            )}
          </parts.Lanes>
          <div className="cg-timeline-axis" aria-hidden="true">
            <bdi>{clockTime(0)}</bdi>
            <bdi>{clockTime(length / 2)}</bdi>
            <bdi>{clockTime(length)}</bdi>
          </div>
        </parts.Track>
      </parts.Chart>
      <parts.Said className="cg-timeline-said" />
    </div>
  )
}

/** A table of the events of the timeline. */
function Table() {
  const { spans, range } = useTimeline('Table')
  const language = useLanguage()
  const { t } = language
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
              <td>
                <bdi>{clockTime(span.at - (range?.from ?? span.at))}</bdi>
              </td>
              <td>{t(`timeline.${span.lane}`)}</td>
              <td dir="auto">{textOf(span, language)}</td>
              <td>{span.to > span.from ? clockTime(span.to - span.from) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
