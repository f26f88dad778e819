import { type ReactNode, useEffect, useState } from 'react'
import type { FeedNotice } from '../../client/feed.ts'
import { perCall, useScopedCallId } from '../../hooks/call-scope.tsx'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useConnection } from '../../hooks/use-connection.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import type { Tone } from '../kit/chip.tsx'
import { type PartProps, renderPart } from '../part/part.tsx'
import { createPartContext } from '../part/part-context.ts'
import { type ConnectionView, connectionView, type FeedPart, viewWords } from './connection-view.ts'

/** The state of `ConnectionStatus.Root`, as data attributes. */
export type ConnectionStatusState = { readonly state: ConnectionView; readonly tone: Tone }

/** The state of the connection. */
export function Root({
  callId,
  ...props
}: PartProps<'div', ConnectionStatusState> & { readonly callId?: string | null | undefined }) {
  const scope = useScopedCallId()
  const id = callId === undefined ? scope : callId
  if (id === null) return <StatusRoot callId={null} feed={null} notice={null} {...props} />
  return <CallRoot callId={id} {...props} />
}

const CallRoot = perCall(function CallRoot({
  callId,
  ...props
}: PartProps<'div', ConnectionStatusState> & { readonly callId: string }) {
  const { sync, error, notice } = useCall(callId, (feed) => ({
    sync: feed.sync,
    error: feed.error,
    notice: feed.notice ?? null,
  }))
  return <StatusRoot callId={callId} feed={error ? { sync, error } : { sync }} notice={notice} {...props} />
})

interface StatusRootProps extends PartProps<'div', ConnectionStatusState> {
  readonly callId: string | null
  readonly feed: FeedPart | null
  readonly notice: FeedNotice | null
}

function useStatusOf({ callId, feed, notice }: Pick<StatusRootProps, 'callId' | 'feed' | 'notice'>) {
  const connection = useConnection()
  const view = connectionView(connection, feed)
  const detail = (feed?.error ?? connection.error)?.detail ?? null
  // A notice stays on the feed; one that was there before the connection was lost says nothing about its return.
  const [known, setKnown] = useState(notice)
  if (view !== 'live' && known !== notice) setKnown(notice)
  // What the last reconnection brought; `null` if nothing was missed, or while there is no connection.
  const caughtUp = view === 'live' && notice?.kind === 'replayed' && notice !== known ? notice : null
  return { callId, view, connection, notice, caughtUp, detail }
}

const [StatusProvider, useStatus] = createPartContext<ReturnType<typeof useStatusOf>>('ConnectionStatus')

export { useStatus }

function StatusRoot({ callId, feed, notice, ...props }: StatusRootProps) {
  const status = useStatusOf({ callId, feed, notice })
  const { view } = status
  return (
    <StatusProvider value={status}>
      {renderPart('div', props, {}, { state: view, tone: viewWords(view).tone })}
    </StatusProvider>
  )
}

/** The state in words, such as "Live" or "Reconnecting in 3 s". */
export function Text(props: PartProps<'span'>) {
  const { view, connection } = useStatus('Text')
  const { t } = useLanguage()
  const text =
    view === 'reconnecting' && connection.retryAt !== null ? (
      <Countdown to={connection.retryAt} />
    ) : (
      t(viewWords(view).words)
    )
  return renderPart('span', props, { children: text })
}

function Countdown({ to }: { readonly to: number }) {
  const { t } = useLanguage()
  const now = useNow(500)
  const seconds = Math.max(1, Math.ceil((to - now) / 1000))
  return t('connection.reconnectingIn', { seconds })
}

/** The round trip to the server; nothing while it is not known. */
export function Latency(props: PartProps<'span'>): ReactNode {
  const { view, connection } = useStatus('Latency')
  const { t } = useLanguage()
  if (view !== 'live' || connection.latencyMs === null) return null
  return renderPart('span', props, { children: t('connection.latency', { millis: connection.latencyMs }) })
}

/** How long it is worth knowing that something was missed. */
const CAUGHT_UP_MILLIS = 8_000

/** How many missed events the last reconnection brought, for a moment after it; nothing if it brought none. */
export function CaughtUp(props: PartProps<'span'>): ReactNode {
  const { caughtUp } = useStatus('CaughtUp')
  const { clock } = useGatherClient()
  const { t } = useLanguage()
  const [past, setPast] = useState(caughtUp)
  useEffect(() => {
    if (caughtUp) return clock.setTimeout(() => setPast(caughtUp), CAUGHT_UP_MILLIS)
  }, [caughtUp, clock])
  if (!caughtUp || caughtUp === past) return null
  return renderPart('span', props, { children: t('connection.caughtUp', { count: caughtUp.events }) })
}

/** Tries again at once; nothing where that would change nothing. */
export function Retry(props: PartProps<'button'>): ReactNode {
  const { view, connection } = useStatus('Retry')
  const { t } = useLanguage()
  // Where the server is too old, it may be another by now: servers are updated one after the other.
  const helps =
    connection.status === 'reconnecting' || view === 'expired' || view === 'failed' || view === 'serverTooOld'
  if (!helps) return null
  const own = { type: 'button', onClick: connection.retryNow, children: t('connection.retryNow') } as const
  return renderPart('button', props, own)
}
