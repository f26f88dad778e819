import { queryOptions } from '@tanstack/react-query'
import { type CallsFeed, initialCallsFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { unwrapOwnFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'
import { liveQueryOptions, watchIntoCache } from './live-query.ts'

/** Returns the options of the query of the list of calls, for `useQuery`. The query's data is a live `CallsFeed`. */
export function callsQueryOptions(client: GatherClient) {
  const queryKey = gatherKeys.calls(client)
  return queryOptions<CallsFeed, Error, CallsFeed, ReturnType<typeof gatherKeys.calls>>({
    ...liveQueryOptions,
    queryKey,
    select: (data: CallsFeed) => unwrapOwnFeed(client.session, data) ?? initialCallsFeed,
    staleTime: 0,
    refetchOnMount: 'always',
    queryFn: ({ client: cache, signal }): Promise<CallsFeed> =>
      watchIntoCache({ cache, session: client.session, queryKey, empty: initialCallsFeed }, (onCalls) =>
        client.watchCalls({ signal, onCalls }),
      ),
  })
}
