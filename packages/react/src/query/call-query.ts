/**
 * The only writer of the calls in TanStack Query's cache.
 *
 * A call is one query whose function never returns while the call is watched: it writes the cache as facts arrive, and
 * TanStack's own bookkeeping does the rest. Two observers share one fetch, so one watch; the last one to leave aborts
 * it; coming back fetches again, from the cursor of what is cached; invalidating fetches the whole anew. The data is
 * stale for as long as the call may change, or a remounted component would show a frozen screen.
 */
import { queryOptions } from '@tanstack/react-query'
import type { CallFeed } from '../client/feed.ts'
import { initialCallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { cachedFeed, feedIn, openFeed, prepareCache } from './cached-feed.ts'
import { frameBatch } from './frame-batch.ts'
import { gatherKeys } from './keys.ts'
import { liveQuery } from './live-query.ts'

/** The query of one call: for `useQuery`, `ensureQueryData` and the like. Its data is a `CallFeed`. */
export function callQueryOptions(client: GatherClient, callId: string) {
  const queryKey = gatherKeys.call(client, callId)
  const { session } = client
  const isOver = ({ state }: CallQuery) => openFeed(session, state.data)?.sync === 'ended'
  return queryOptions<CallFeed, Error, CallFeed, ReturnType<typeof gatherKeys.call>>({
    ...liveQuery,
    queryKey,
    select: (data: CallFeed) => openFeed(session, data) ?? initialCallFeed(callId),
    staleTime: (query: CallQuery) => (isOver(query) ? Number.POSITIVE_INFINITY : 0),
    // Staleness alone is not enough: `useSuspenseQuery` takes anything for fresh that is less than a second old.
    refetchOnMount: (query: CallQuery) => (isOver(query) ? false : 'always'),
    queryFn: async ({ client: cache, signal }): Promise<CallFeed> => {
      prepareCache(cache, session)
      const known = cache.getQueryState<CallFeed>(queryKey)
      const write = (feed: CallFeed) => cache.setQueryData<CallFeed>(queryKey, cachedFeed(feed))
      const batch = frameBatch(write)
      try {
        const resume = feedIn(known?.data)
        await client.watch(callId, { signal, onFeed: batch.push, resume, fresh: known?.isInvalidated ?? false })
      } finally {
        batch.flush()
      }
      return cache.getQueryData<CallFeed>(queryKey) ?? cachedFeed(initialCallFeed(callId))
    },
  })
}

type CallQuery = { state: { data?: CallFeed | undefined } }
