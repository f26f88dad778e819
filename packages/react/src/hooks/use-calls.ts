import type { CallSummary, Scope, SocketError } from '@callgather/protocol'
import { useQuery } from '@tanstack/react-query'
import { type CallsFeed, initialCallsFeed } from '../client/feed.ts'
import { callsQueryOptions } from '../query/calls-query.ts'
import { useGatherClient } from './provider.tsx'

/** The result of `useCalls`: the list of calls that the agent's ticket covers. */
export interface UseCallsResult {
  /** Live calls before ended calls, the newest first in both groups. */
  readonly calls: readonly CallSummary[]
  /** How current the list is. Unless it is `live`, the list may be out of date. */
  readonly sync: CallsFeed['sync']
  /** The scopes that the ticket grants at most; empty until known. A call may grant fewer: see `scopes` of `useCall`. */
  readonly scopes: readonly Scope[]
  /** The server's clock minus the browser's clock, in milliseconds. Use it to compute how long a call has lasted. */
  readonly clockOffsetMs: number
  /** Why updates have stopped; then `calls` is the last known list. `null` while updates arrive. */
  readonly error: SocketError | null
}

/** Watches the list of calls. */
export function useCalls(): UseCallsResult {
  const client = useGatherClient()
  const { data = initialCallsFeed } = useQuery({ ...callsQueryOptions(client), notifyOnChangeProps: ['data'] })
  const { calls, sync, scopes, clockOffsetMs, error = null } = data
  return { calls, sync, scopes, clockOffsetMs, error }
}
