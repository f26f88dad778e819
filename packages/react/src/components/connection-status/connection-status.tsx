import { type ReactNode, useEffect, useState } from 'react'
import type { FeedNotice } from '../../client/feed.ts'
import { Remembered, useRemembered } from '../../hooks/call-memory.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { LiveRegion } from '../kit/live-region.tsx'
import { CloseButton, Notice } from '../kit/notice.tsx'
import { useKeptFocus } from '../kit/use-kept-focus.ts'
import { isBad, viewWords } from './connection-view.ts'
import { useStatus } from './context.ts'
import * as parts from './parts.tsx'

/** The props of `ConnectionStatus`. */
export interface ConnectionStatusProps {
  /** The id of a call to include. Default: the call of the `CallScope` around it, if any. `null` includes no call. */
  readonly callId?: string | null | undefined
}

/**
 * The state of the connection to the server: connecting, live with its latency, reconnecting, catching up, degraded,
 * refused or ended. `ConnectionBanner` explains connection problems.
 *
 * `ConnectionStatusParts` has the unstyled parts of this component.
 */
export function ConnectionStatus({ callId }: ConnectionStatusProps) {
  return (
    <parts.Root callId={callId} className="cg cg-connection" role="group">
      <Dot />
      <parts.Text />
      <parts.Latency className="cg-connection-latency" />
      <parts.CaughtUp className="cg-connection-caught-up" />
      <Announcer />
    </parts.Root>
  )
}

function Dot() {
  const { view } = useStatus('Dot')
  const busy = view === 'connecting' || view === 'reconnecting' || view === 'catchingUp'
  return <span className="cg-dot" aria-hidden="true" {...(busy ? { 'data-live': '' } : {})} />
}

/** Announces a lost or restored connection to screen readers, but not the first connection. */
function Announcer() {
  const { view, caughtUp } = useStatus('Announcer')
  const { t } = useLanguage()
  const [history, setHistory] = useState<'new' | 'live' | 'changed'>('new')
  if (history === 'new' && view === 'live') setHistory('live')
  if (history === 'live' && view !== 'live') setHistory('changed')
  const missed = caughtUp ? `. ${t('connection.caughtUp', { count: caughtUp.events })}` : ''
  return <LiveRegion text={history === 'changed' ? t(viewWords(view).words) + missed : ''} />
}

/** A banner that explains a connection problem and the next step. Renders nothing if there is no problem. */
export function ConnectionBanner({ callId }: ConnectionStatusProps): ReactNode {
  const { t } = useLanguage()
  const kept = useKeptFocus()
  return (
    <parts.Root callId={callId} className="cg cg-banner" role="group" aria-label={t('connection.label')} {...kept}>
      <Banner />
    </parts.Root>
  )
}

function Banner() {
  const { callId, view, connection, notice, detail } = useStatus('Banner')
  const { t } = useLanguage()
  if (isBad(view, connection)) {
    const { tone, words, hint } = viewWords(view)
    return (
      <Notice
        role="alert"
        tone={tone}
        icon={view === 'reconnecting' ? 'offline' : view === 'forbidden' || view === 'expired' ? 'lock' : 'alert'}
        title={view === 'reconnecting' ? t('connection.offline') : t(words)}
        action={<parts.Retry className="cg-button" data-size="small" />}
      >
        {hint ? t(hint) : detail}
      </Notice>
    )
  }
  return callId === null ? null : (
    <HistoryLost callId={callId} notice={notice?.kind === 'history_lost' ? notice : null} />
  )
}

/** The last notice of lost history of each call, and whether the agent closed that notice. */
const losses = new Remembered<{ readonly notice: FeedNotice | null; readonly isClosed: boolean }>({
  notice: null,
  isClosed: true,
})

function HistoryLost({ callId, notice }: { readonly callId: string; readonly notice: FeedNotice | null }) {
  const { t } = useLanguage()
  const [known, change] = useRemembered(callId, losses)
  const isNew = notice !== null && notice !== known.notice
  useEffect(() => {
    if (isNew) change(() => ({ notice, isClosed: false }))
  }, [isNew, notice, change])
  if (!isNew && known.isClosed) return null
  const close = <CloseButton onClose={() => change((now) => ({ ...now, isClosed: true }))} />
  return (
    <Notice role="alert" tone="warning" icon="alert" title={t('connection.historyLost')} action={close}>
      {t('connection.historyLostHint')}
    </Notice>
  )
}
