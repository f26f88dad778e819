import { type ReactNode, useEffect, useState } from 'react'
import { perCall, useScopedCallId } from '../../hooks/call-scope.tsx'
import { useGatherClient } from '../../hooks/provider.tsx'
import { useCall } from '../../hooks/use-call.ts'
import { useNow } from '../../hooks/use-server-time.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import type { Tone } from '../kit/chip.tsx'
import { type PartProps, renderPart } from '../part/part.tsx'
import { type ConnectionView, viewWords } from './connection-view.ts'
import { StatusProvider, type StatusSource, useStatus, useStatusOf } from './context.ts'

/** The state of `ConnectionStatusParts.Root`, as data attributes. */
export type RootState = { readonly state: ConnectionView; readonly tone: Tone }

/** The props of `ConnectionStatusParts.Root`. */
export interface RootProps extends PartProps<'div', RootState> {
  /** The id of a call to include. Default: the call of the `CallScope` around it, if any. `null` includes no call. */
  readonly callId?: string | null | undefined
}

/** The element around a connection status. The other `ConnectionStatusParts` must be inside it. */
export function Root({ callId, ...props }: RootProps) {
  const scope = useScopedCallId()
  const id = callId === undefined ? scope : callId
  if (id === null) return <StatusRoot callId={null} feed={null} notice={null} {...props} />
  return <CallRoot callId={id} {...props} />
}

const CallRoot = perCall(function CallRoot({
  callId,
  ...props
}: PartProps<'div', RootState> & { readonly callId: string }) {
  const { sync, error, notice } = useCall(callId, (feed) => ({
    sync: feed.sync,
    error: feed.error,
    notice: feed.notice ?? null,
  }))
  return <StatusRoot callId={callId} feed={error ? { sync, error } : { sync }} notice={notice} {...props} />
})

function StatusRoot({ callId, feed, notice, ...props }: PartProps<'div', RootState> & StatusSource) {
  const status = useStatusOf({ callId, feed, notice })
  const { view } = status
  return (
    <StatusProvider value={status}>
      {renderPart('div', props, {}, { state: view, tone: viewWords(view).tone })}
    </StatusProvider>
  )
}

/** The props of `ConnectionStatusParts.Text`. */
export type TextProps = PartProps<'span'>

/** The state of the connection in words, such as "Live" or "Reconnecting in 3 s". */
export function Text(props: TextProps) {
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

/** The props of `ConnectionStatusParts.Latency`. */
export type LatencyProps = PartProps<'span'>

/** The round-trip time to the server. Renders nothing while the time is unknown. */
export function Latency(props: LatencyProps): ReactNode {
  const { view, connection } = useStatus('Latency')
  const { t } = useLanguage()
  if (view !== 'live' || connection.latencyMs === null) return null
  return renderPart('span', props, { children: t('connection.latency', { millis: connection.latencyMs }) })
}

/** How long the number of missed events stays visible after a reconnection. */
const CAUGHT_UP_SHOWN_MS = 8_000

/** The props of `ConnectionStatusParts.CaughtUp`. */
export type CaughtUpProps = PartProps<'span'>

/** The number of missed events, shown briefly after a reconnection. Renders nothing if no event was missed. */
export function CaughtUp(props: CaughtUpProps): ReactNode {
  const { caughtUp } = useStatus('CaughtUp')
  const { clock } = useGatherClient()
  const { t } = useLanguage()
  const [past, setPast] = useState(caughtUp)
  useEffect(() => {
    if (caughtUp) return clock.setTimeout(() => setPast(caughtUp), CAUGHT_UP_SHOWN_MS)
  }, [caughtUp, clock])
  if (!caughtUp || caughtUp === past) return null
  return renderPart('span', props, { children: t('connection.caughtUp', { count: caughtUp.events }) })
}

/** The props of `ConnectionStatusParts.Retry`. */
export type RetryProps = PartProps<'button'>

/** A button that reconnects to the server at once. Renders nothing if a retry cannot help. */
export function Retry(props: RetryProps): ReactNode {
  const { view, connection } = useStatus('Retry')
  const { t } = useLanguage()
  // While servers are updated one by one, a retry may reach a server that is already updated.
  const helps =
    connection.status === 'reconnecting' || view === 'expired' || view === 'failed' || view === 'serverTooOld'
  if (!helps) return null
  const own = { type: 'button', onClick: connection.retryNow, children: t('connection.retryNow') } as const
  return renderPart('button', props, own)
}
