import {
  type CallState,
  type CallSummary,
  type Cursor,
  initialCallState,
  type Scope,
  type TemplateOffer,
} from '@callgather/protocol'
import type { ConnectionError } from './client-error.ts'

/**
 * How a feed compares with the server's log.
 *
 * - `connecting`: the feed has no state yet.
 * - `live`: the feed has every event of the log.
 * - `catching_up`: the state is correct up to the cursor; later events are being fetched, or the connection is lost.
 * - `resyncing`: the state may be stale, for example after the log was replaced; a snapshot is being fetched.
 * - `ended`: the call has ended and its log is complete. The subscription is over.
 */
export type SyncStatus = 'connecting' | 'live' | 'catching_up' | 'resyncing' | 'ended'

/** A notice about a feed, for the UI. Each notice is a new object. */
export type FeedNotice =
  /** The client fetched this number of missed events after a reconnection. */
  | { readonly kind: 'replayed'; readonly events: number }
  /** The server's log was replaced, so earlier events may be missing. */
  | { readonly kind: 'history_lost' }

/** The state of a watched call in this client. Immutable; `state` keeps its identity when only other fields change. */
export interface CallFeed {
  readonly state: CallState
  /** The position in the log of the last event that `state` includes; `null` before the first snapshot. */
  readonly cursor: Cursor | null
  readonly sync: SyncStatus
  /** The scopes that the ticket grants on this call. */
  readonly scopes: readonly Scope[]
  /** The requests that the server offers to agents; empty until known. */
  readonly templates: readonly TemplateOffer[]
  /** The server's clock minus the client's clock, in milliseconds. An estimate. */
  readonly clockOffsetMs: number
  readonly notice?: FeedNotice
  /**
   * Why the call has no live updates. `state` is the last known state, or empty if access was denied.
   * With a `reason` the error concerns the whole connection, like `connection.error`.
   */
  readonly error?: ConnectionError
}

/** The list of calls that the agent's ticket covers. */
export interface CallsFeed {
  /** Live calls before ended calls, newest first. While `sync` isn't `live`, an empty list may be incomplete. */
  readonly calls: readonly CallSummary[]
  readonly sync: 'connecting' | 'live' | 'catching_up'
  /** The scopes that the ticket grants at most; empty until known. A call may grant fewer. */
  readonly scopes: readonly Scope[]
  readonly clockOffsetMs: number
  readonly error?: ConnectionError
}

const noScopes: readonly Scope[] = []
const noTemplates: readonly TemplateOffer[] = []

/** The feed of a call before its first snapshot. */
export function initialCallFeed(callId: string): CallFeed {
  return {
    ...{ state: initialCallState(callId), cursor: null, sync: 'connecting' },
    ...{ scopes: noScopes, templates: noTemplates, clockOffsetMs: 0 },
  }
}

/** The list of calls before the first reply. */
export const initialCallsFeed: CallsFeed = { calls: [], sync: 'connecting', scopes: noScopes, clockOffsetMs: 0 }
