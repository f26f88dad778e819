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
import { frameBatch } from './frame-batch.ts'
import { gatherKeys } from './keys.ts'
import { liveQuery } from './live-query.ts'

/** The query of one call: for `useQuery`, `ensureQueryData` and the like. Its data is a `CallFeed`. */
export function callQueryOptions(client: GatherClient, callId: string) {
  const queryKey = gatherKeys.call(callId)
  return queryOptions({
    ...liveQuery,
    queryKey,
    staleTime: (query: CallQuery) => (isOver(query) ? Number.POSITIVE_INFINITY : 0),
    // Staleness alone is not enough: `useSuspenseQuery` takes anything for fresh that is less than a second old.
    refetchOnMount: (query: CallQuery) => (isOver(query) ? false : 'always'),
    queryFn: async ({ client: cache, signal }): Promise<CallFeed> => {
      const known = cache.getQueryState<CallFeed>(queryKey)
      const batch = frameBatch((feed: CallFeed) => cache.setQueryData<CallFeed>(queryKey, feed))
      try {
        const { data: resume, isInvalidated: fresh } = known ?? { isInvalidated: false }
        await client.watch(callId, { signal, onFeed: batch.push, resume, fresh })
      } finally {
        batch.flush()
      }
      return cache.getQueryData<CallFeed>(queryKey) ?? initialCallFeed(callId)
    },
  })
}

type CallQuery = { state: { data?: CallFeed | undefined } }

const isOver = ({ state }: CallQuery) => state.data?.sync === 'ended'
