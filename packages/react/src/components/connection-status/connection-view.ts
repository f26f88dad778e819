/** What the connection and a call's feed amount to, for a person: one state, how bad it is, and what to do. */
import type { VersionMismatch } from '@callgather/protocol'
import type { ClientErrorCode, ConnectionError } from '../../client/client-error.ts'
import type { ConnectionState } from '../../client/connection.ts'
import type { CallFeed } from '../../client/feed.ts'
import type { PlainStringKey } from '../../strings/strings.ts'
import type { Tone } from '../kit/chip.tsx'

/** One state of the connection, as shown. */
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

/** The state for an error that ends it. A temporary failure is never shown as a lack of permission. */
export function refusalView(error: ConnectionError): ConnectionView {
  const { status, title } = error
  const cause = causeView(error)
  if (cause) return cause
  if (status === 401) return 'expired'
  if (status === 403 || status === 404) return 'forbidden'
  if (status === 426) return title === ('server_too_old' satisfies VersionMismatch) ? 'serverTooOld' : 'clientTooOld'
  return 'failed'
}

/** The cause of an error that goes on by itself, where one is known. */
function causeView(error: ConnectionError): ConnectionView | null {
  const { reason, status } = error
  const known = reason && causes[reason]
  if (known) return known
  return status === 408 || status === 429 || status >= 500 ? 'unavailable' : null
}

/** What the client found by itself. */
const causes: Readonly<Partial<Record<ClientErrorCode, ConnectionView>>> = {
  ticketFailed: 'signInFailed',
  ticketTimeout: 'signInFailed',
  ticketInvalid: 'ticketInvalid',
  ticketExpired: 'expired',
  serverUnreachable: 'unreachable',
  websocketBlocked: 'blocked',
  originRefused: 'originRefused',
}

/** How bad each state is. */
export const connectionTones: Readonly<Record<ConnectionView, Tone>> = {
  connecting: 'accent',
  live: 'positive',
  reconnecting: 'warning',
  catchingUp: 'accent',
  degraded: 'warning',
  unreachable: 'warning',
  blocked: 'negative',
  originRefused: 'negative',
  signInFailed: 'warning',
  ticketInvalid: 'negative',
  unavailable: 'warning',
  expired: 'negative',
  forbidden: 'negative',
  clientTooOld: 'negative',
  serverTooOld: 'negative',
  failed: 'negative',
  ended: 'neutral',
}

/** Whether an agent must know. The first tries of a reconnection pass unnoticed, as most succeed. */
export function isBad(view: ConnectionView, { attempt }: Pick<ConnectionState, 'attempt'>): boolean {
  if (view === 'reconnecting') return attempt > 1
  return connectionTones[view] === 'negative' || connectionTones[view] === 'warning'
}

/** Each state in words. */
export const connectionWords: Readonly<Record<ConnectionView, PlainStringKey>> = {
  connecting: 'connection.connecting',
  live: 'connection.live',
  reconnecting: 'connection.reconnecting',
  catchingUp: 'connection.catchingUp',
  degraded: 'connection.degraded',
  unreachable: 'connection.unreachable',
  blocked: 'connection.blocked',
  originRefused: 'connection.originRefused',
  signInFailed: 'connection.signInFailed',
  ticketInvalid: 'connection.ticketInvalid',
  unavailable: 'connection.unavailable',
  expired: 'connection.expired',
  forbidden: 'connection.forbidden',
  clientTooOld: 'connection.outdated',
  serverTooOld: 'connection.outdated',
  failed: 'connection.failed',
  ended: 'connection.ended',
}

/** What it means, and what to do. */
export const connectionHints: Readonly<Partial<Record<ConnectionView, PlainStringKey>>> = {
  reconnecting: 'connection.offlineHint',
  degraded: 'connection.degradedHint',
  unreachable: 'connection.unreachableHint',
  blocked: 'connection.blockedHint',
  originRefused: 'connection.originRefusedHint',
  signInFailed: 'connection.signInFailedHint',
  ticketInvalid: 'connection.ticketInvalidHint',
  unavailable: 'connection.unavailableHint',
  expired: 'connection.expiredHint',
  forbidden: 'connection.forbiddenHint',
  clientTooOld: 'connection.clientTooOld',
  serverTooOld: 'connection.serverTooOld',
}
