import type { CallSummary, SocketError } from '@callgather/protocol'
import { useQuery } from '@tanstack/react-query'
import { type CallsFeed, initialCallsFeed } from '../client/feed.ts'
import { callsQueryOptions } from '../query/calls-query.ts'
import { useGatherClient } from './provider.tsx'

/** The calls that the ticket allows the agent to see. */
export interface UseCallsResult {
  /** Live calls before ended ones, the newest first. */
  readonly calls: readonly CallSummary[]
  readonly sync: CallsFeed['sync']
  /** The server's clock minus the browser's, to compute how long a call has lasted. */
  readonly clockOffsetMs: number
  /** Why the list is not updated. `calls` is the last known list. */
  readonly error: SocketError | null
}

/** Watches the list of calls. */
export function useCalls(): UseCallsResult {
  const client = useGatherClient()
  const { data = initialCallsFeed } = useQuery({ ...callsQueryOptions(client), notifyOnChangeProps: ['data'] })
  return { calls: data.calls, sync: data.sync, clockOffsetMs: data.clockOffsetMs, error: data.error ?? null }
}
