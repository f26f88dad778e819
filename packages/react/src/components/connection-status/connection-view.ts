/** Combines the states of the connection and a call's feed into one view with a severity and a hint. */
import type { VersionMismatch } from '@callgather/protocol'
import type { ClientErrorCode, ConnectionError } from '../../client/client-error.ts'
import type { ConnectionState } from '../../client/connection.ts'
import type { CallFeed } from '../../client/feed.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Tone } from '../kit/chip.tsx'

/** The tone, label and hint of each view. */
const connectionViews: Readonly<Record<ConnectionView, ViewWords>> = {
  connecting: { tone: 'accent', words: 'connection.connecting' },
  live: { tone: 'positive', words: 'connection.live' },
  reconnecting: { tone: 'warning', words: 'connection.reconnecting', hint: 'connection.offlineHint' },
  catchingUp: { tone: 'accent', words: 'connection.catchingUp' },
  degraded: { tone: 'warning', words: 'connection.degraded', hint: 'connection.degradedHint' },
  unreachable: { tone: 'warning', words: 'connection.unreachable', hint: 'connection.unreachableHint' },
  blocked: { tone: 'negative', words: 'connection.blocked', hint: 'connection.blockedHint' },
  originRefused: { tone: 'negative', words: 'connection.originRefused', hint: 'connection.originRefusedHint' },
  signInFailed: { tone: 'warning', words: 'connection.signInFailed', hint: 'connection.signInFailedHint' },
  ticketInvalid: { tone: 'negative', words: 'connection.ticketInvalid', hint: 'connection.ticketInvalidHint' },
  unavailable: { tone: 'warning', words: 'connection.unavailable', hint: 'connection.offlineHint' },
  expired: { tone: 'negative', words: 'connection.expired', hint: 'connection.expiredHint' },
  forbidden: { tone: 'negative', words: 'connection.forbidden', hint: 'connection.forbiddenHint' },
  clientTooOld: { tone: 'negative', words: 'connection.outdated', hint: 'connection.clientTooOld' },
  serverTooOld: { tone: 'negative', words: 'connection.outdated', hint: 'connection.serverTooOld' },
  failed: { tone: 'negative', words: 'connection.failed' },
  ended: { tone: 'neutral', words: 'connection.ended' },
}

interface ViewWords {
  readonly tone: Tone
  readonly words: PlainStringKey
  readonly hint?: PlainStringKey
}

/** The displayed state of the connection. */
export type ConnectionView =
  | 'connecting'
  | 'live'
  | 'reconnecting'
  | 'catchingUp'
  | 'degraded'
  | 'unreachable'
  | 'blocked'
  | 'originRefused'
  | 'signInFailed'
  | 'ticketInvalid'
  | 'unavailable'
  | 'expired'
  | 'forbidden'
  | 'clientTooOld'
  | 'serverTooOld'
  | 'failed'
  | 'ended'

/** The tone, label and hint of a view. */
export const viewWords = (view: ConnectionView): ViewWords => connectionViews[view]

/** The fields of a call's feed that decide the view. */
export type FeedPart = Pick<CallFeed, 'sync' | 'error'>

/** The view to show: the worse of the connection's and the call's state. */
export function connectionView(connection: ConnectionState, feed: FeedPart | null): ConnectionView {
  // A server without its store answers with 5xx; the cause is the store, not the call.
  const isCallFine = !feed?.error || feed.error.status >= 500
  if (connection.isDegraded && isCallFine && feed?.sync !== 'ended') return 'degraded'
  // An error with a reason comes from the connection, which retries automatically.
  if (feed?.error && !feed.error.reason) return refusalView(feed.error)
  if (connection.status === 'refused') return connection.error ? refusalView(connection.error) : 'failed'
  // An ended call needs no connection.
  if (feed?.sync === 'ended') return 'ended'
  switch (connection.status) {
    case 'reconnecting':
    case 'connecting':
      return (connection.error && causeView(connection.error)) ?? connection.status
    case 'idle':
      return 'connecting'
    case 'closed':
      return 'failed'
    case 'live':
      if (feed?.sync === 'connecting') return 'connecting'
      return feed && feed.sync !== 'live' ? 'catchingUp' : 'live'
  }
}

/** The view of an error. A temporary failure is never shown as a lack of permission. */
export function refusalView(error: ConnectionError): ConnectionView {
  const { status, title } = error
  const cause = causeView(error)
  if (cause) return cause
  if (status === 401) return 'expired'
  if (status === 403 || status === 404) return 'forbidden'
  if (status === 426) return title === ('server_too_old' satisfies VersionMismatch) ? 'serverTooOld' : 'clientTooOld'
  return 'failed'
}

/** The view of an error that the client retries, if its cause is known. */
function causeView(error: ConnectionError): ConnectionView | null {
  const { reason, status } = error
  const known = reason && causes[reason]
  if (known) return known
  return status === 408 || status === 429 || status >= 500 ? 'unavailable' : null
}

/** The views of errors that the client detects. */
const causes: Readonly<Partial<Record<ClientErrorCode, ConnectionView>>> = {
  ticketFailed: 'signInFailed',
  ticketTimeout: 'signInFailed',
  ticketInvalid: 'ticketInvalid',
  ticketExpired: 'expired',
  serverUnreachable: 'unreachable',
  websocketBlocked: 'blocked',
  originRefused: 'originRefused',
}

/** Whether to alert the agent. The first attempt to reconnect is not shown, because most succeed. */
export function isBad(view: ConnectionView, { attempt }: Pick<ConnectionState, 'attempt'>): boolean {
  if (view === 'reconnecting') return attempt > 1
  const { tone } = viewWords(view)
  return tone === 'negative' || tone === 'warning'
}
