/**
 * The query of a call. It is the only code that writes calls to TanStack Query's cache.
 *
 * The query function stays pending while the call is watched, and writes each feed to the cache. All observers share
 * one fetch and one subscription, which ends with the last observer. A remounted component resumes from the cached
 * cursor; an invalidation fetches a snapshot. The data stays stale until the call ends, so that remounting subscribes.
 */
import { queryOptions } from '@tanstack/react-query'
import type { CallFeed } from '../client/feed.ts'
import { initialCallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { unwrapFeed, unwrapOwnFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'
import { liveQueryOptions, watchIntoCache } from './live-query.ts'

/** Returns the options of a call's query, for `useQuery`. The query's data is a `CallFeed`. */
export function callQueryOptions(client: GatherClient, callId: string) {
  const queryKey = gatherKeys.call(client, callId)
  const { session } = client
  const hasEnded = ({ state }: CallQuery) => unwrapOwnFeed(session, state.data)?.sync === 'ended'
  return queryOptions<CallFeed, Error, CallFeed, ReturnType<typeof gatherKeys.call>>({
    ...liveQueryOptions,
    queryKey,
    select: (data: CallFeed) => unwrapOwnFeed(session, data) ?? initialCallFeed(callId),
    staleTime: (query: CallQuery) => (hasEnded(query) ? Number.POSITIVE_INFINITY : 0),
    // `staleTime: 0` is not enough: `useSuspenseQuery` raises it to a second.
    refetchOnMount: (query: CallQuery) => (hasEnded(query) ? false : 'always'),
    queryFn: ({ client: cache, signal }): Promise<CallFeed> => {
      const known = cache.getQueryState<CallFeed>(queryKey)
      const options = { signal, resume: unwrapFeed(known?.data), fresh: known?.isInvalidated ?? false }
      const empty = initialCallFeed(callId)
      return watchIntoCache({ cache, session, queryKey, empty }, (onFeed) =>
        client.watch(callId, { ...options, onFeed }),
      )
    },
  })
}

type CallQuery = { state: { data?: CallFeed | undefined } }
