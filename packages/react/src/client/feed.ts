import { type CallState, type CallSummary, type Cursor, initialCallState, type Scope } from '@callgather/protocol'
import type { ConnectionError } from './client-error.ts'

/**
 * How a screen stands to the call's log.
 *
 * - `connecting`: nothing is known yet.
 * - `live`: everything the server has is here.
 * - `catching_up`: what is here is true up to the cursor; more is being fetched, or the connection is away.
 * - `resyncing`: the log was replaced; what is here is the last that was known, and the whole is being fetched anew.
 * - `ended`: the call is over and its log complete; nothing is watched any more.
 */
export type SyncStatus = 'connecting' | 'live' | 'catching_up' | 'resyncing' | 'ended'

/** Something about the feed itself that a person may want to know. A new object each time it happens. */
export type FeedNotice =
  /** After a reconnection, so many events were fetched that had been missed. */
  | { readonly kind: 'replayed'; readonly events: number }
  /** The server's log was replaced: what was known before may be missing from what it knows now. */
  | { readonly kind: 'history_lost' }

/** One call as this screen knows it. Immutable; `state` keeps its identity when only the rest changes. */
export interface CallFeed {
  readonly state: CallState
  /** How much of which log `state` holds; `null` while nothing is known. */
  readonly cursor: Cursor | null
  readonly sync: SyncStatus
  /** What the ticket allows on this call. */
  readonly scopes: readonly Scope[]
  /** The server's clock less ours, in milliseconds. An estimate. */
  readonly clockOffsetMs: number
  readonly notice?: FeedNotice
  /**
   * Why the call cannot be watched now. What is here is the last that was known, or nothing if the call was refused.
   * With a `reason` it concerns the connection, as `connection.error` does, and not this call alone.
   */
  readonly error?: ConnectionError
}

/** The calls a ticket may see, as this screen knows them. */
export interface CallsFeed {
  /** Live calls before ended ones, the newest first. Empty means that there are no calls only while `sync` is `live`. */
  readonly calls: readonly CallSummary[]
  readonly sync: 'connecting' | 'live' | 'catching_up'
  readonly clockOffsetMs: number
  readonly error?: ConnectionError
}

const noScopes: readonly Scope[] = []

/** The feed of a call of which nothing is known yet. */
export function initialCallFeed(callId: string): CallFeed {
  return { state: initialCallState(callId), cursor: null, sync: 'connecting', scopes: noScopes, clockOffsetMs: 0 }
}

/** The feed of calls before anything is known. */
export const initialCallsFeed: CallsFeed = { calls: [], sync: 'connecting', clockOffsetMs: 0 }
