/** What the connection and a call's feed amount to, for a person: one state, how bad it is, and what to do. */
import type { SocketError, VersionMismatch } from '@callgather/protocol'
import type { ConnectionState } from '../../client/connection.ts'
import type { CallFeed } from '../../client/feed.ts'
import type { Tone } from '../kit/chip.tsx'

/** One state of the connection, as shown. */
export type ConnectionView =
  | 'connecting'
  | 'live'
  | 'reconnecting'
  | 'catchingUp'
  | 'degraded'
  | 'expired'
  | 'forbidden'
  | 'clientTooOld'
  | 'serverTooOld'
  | 'failed'
  | 'ended'

/** What of a call's feed matters to it. */
export type FeedPart = Pick<CallFeed, 'sync' | 'error'>

/** The state to show; the worst of what the connection and the call say. */
export function connectionView(connection: ConnectionState, feed: FeedPart | null): ConnectionView {
  // What a server refuses that has lost its store, it refuses for that.
  const isCallFine = !feed?.error || feed.error.status >= 500
  if (connection.degraded && isCallFine && feed?.sync !== 'ended') return 'degraded'
  // With a reason it is the connection's own error, which goes on by itself.
  if (feed?.error && !feed.error.reason) return refusalView(feed.error)
  if (connection.status === 'refused') return connection.error ? refusalView(connection.error) : 'failed'
  // A call that is over needs no connection any more.
  if (feed?.sync === 'ended') return 'ended'
  switch (connection.status) {
    case 'reconnecting':
      return 'reconnecting'
    case 'idle':
    case 'connecting':
      return 'connecting'
    case 'closed':
      return 'failed'
    case 'live':
      if (feed?.sync === 'connecting') return 'connecting'
      return feed && feed.sync !== 'live' ? 'catchingUp' : 'live'
  }
}

function refusalView({ status, title }: SocketError): ConnectionView {
  if (status === 401) return 'expired'
  if (status === 403 || status === 404) return 'forbidden'
  if (status === 426) return title === ('server_too_old' satisfies VersionMismatch) ? 'serverTooOld' : 'clientTooOld'
  return 'failed'
}

/** How bad each state is. */
export const connectionTones: Readonly<Record<ConnectionView, Tone>> = {
  connecting: 'accent',
  live: 'positive',
  reconnecting: 'warning',
  catchingUp: 'accent',
  degraded: 'warning',
  expired: 'negative',
  forbidden: 'negative',
  clientTooOld: 'negative',
  serverTooOld: 'negative',
  failed: 'negative',
  ended: 'neutral',
}
