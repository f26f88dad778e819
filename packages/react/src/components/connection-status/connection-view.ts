/** Combines the state of the connection and the state of a call's feed into one view with a tone, label and hint. */
import type { VersionMismatch } from '@callgather/protocol'
import type { ClientErrorCode, ConnectionError } from '../../client/client-error.ts'
import type { ConnectionState } from '../../client/connection.ts'
import type { CallFeed } from '../../client/feed.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Tone } from '../kit/chip.tsx'

/** The tone, label and hint of each connection view. */
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

/** The displayed state of the connection, combined with the state of a call's feed. */
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

/** Returns the tone, label and hint of a connection view. */
export const viewWords = (view: ConnectionView): ViewWords => connectionViews[view]

/** The fields of a call's feed that decide the connection view. */
export type FeedPart = Pick<CallFeed, 'sync' | 'error'>

/** Returns the view of the more severe state: that of the connection or that of the call's feed. */
export function connectionView(connection: ConnectionState, feed: FeedPart | null): ConnectionView {
  // A server that cannot reach its store answers with 5xx. Such an error says nothing about the call.
  const isCallFine = !feed?.error || feed.error.status >= 500
  if (connection.isDegraded && isCallFine && feed?.sync !== 'ended') return 'degraded'
  // An error with a `reason` comes from the connection, and the client retries it automatically.
  if (feed?.error && !feed.error.reason) return refusalView(feed.error)
  if (connection.status === 'refused') return connection.error ? refusalView(connection.error) : 'failed'
  // A call that has ended needs no connection, because no events follow.
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

/** Returns the view of a refused connection or call. A temporary failure is never shown as a lack of permission. */
export function refusalView(error: ConnectionError): ConnectionView {
  const { status, title } = error
  const cause = causeView(error)
  if (cause) return cause
  if (status === 401) return 'expired'
  if (status === 403 || status === 404) return 'forbidden'
  if (status === 426) return title === ('server_too_old' satisfies VersionMismatch) ? 'serverTooOld' : 'clientTooOld'
  return 'failed'
}

/** Returns the view of an error that the client retries; `null` if the cause of the error is unknown. */
function causeView(error: ConnectionError): ConnectionView | null {
  const { reason, status } = error
  const known = reason && causes[reason]
  // Without a network, the failed ticket request says nothing about the sign-in service.
  if (known === 'signInFailed' && globalThis.navigator?.onLine === false) return 'unreachable'
  if (known) return known
  return status === 408 || status === 429 || status >= 500 ? 'unavailable' : null
}

/** The connection view of each error that the client itself detects. */
const causes: Readonly<Partial<Record<ClientErrorCode, ConnectionView>>> = {
  ticketFailed: 'signInFailed',
  ticketTimeout: 'signInFailed',
  ticketInvalid: 'ticketInvalid',
  ticketExpired: 'expired',
  serverUnreachable: 'unreachable',
  websocketBlocked: 'blocked',
  originRefused: 'originRefused',
}

/** Whether to alert the agent. The first attempt to reconnect causes no alert, because it usually succeeds. */
export function isBad(view: ConnectionView, { attempt }: Pick<ConnectionState, 'attempt'>): boolean {
  if (view === 'reconnecting') return attempt > 1
  const { tone } = viewWords(view)
  return tone === 'negative' || tone === 'warning'
}
