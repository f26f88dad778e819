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
import { unwrapFeed, unwrapOwnFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'
import { liveQueryOptions, watchIntoCache } from './live-query.ts'

/** The query of one call: for `useQuery`, `ensureQueryData` and the like. Its data is a `CallFeed`. */
export function callQueryOptions(client: GatherClient, callId: string) {
  const queryKey = gatherKeys.call(client, callId)
  const { session } = client
  const isOver = ({ state }: CallQuery) => unwrapOwnFeed(session, state.data)?.sync === 'ended'
  return queryOptions<CallFeed, Error, CallFeed, ReturnType<typeof gatherKeys.call>>({
    ...liveQueryOptions,
    queryKey,
    select: (data: CallFeed) => unwrapOwnFeed(session, data) ?? initialCallFeed(callId),
    staleTime: (query: CallQuery) => (isOver(query) ? Number.POSITIVE_INFINITY : 0),
    // Staleness alone is not enough: `useSuspenseQuery` takes anything for fresh that is less than a second old.
    refetchOnMount: (query: CallQuery) => (isOver(query) ? false : 'always'),
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
