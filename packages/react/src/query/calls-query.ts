import { queryOptions } from '@tanstack/react-query'
import { type CallsFeed, initialCallsFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { cachedFeed, openFeed, prepareCache } from './cached-feed.ts'
import { frameBatch } from './frame-batch.ts'
import { gatherKeys } from './keys.ts'
import { liveQuery } from './live-query.ts'

/** The query of the list of calls, kept live as `callQueryOptions` keeps a call. Its data is a `CallsFeed`. */
export function callsQueryOptions(client: GatherClient) {
  const queryKey = gatherKeys.calls(client)
  return queryOptions<CallsFeed, Error, CallsFeed, ReturnType<typeof gatherKeys.calls>>({
    ...liveQuery,
    queryKey,
    select: (data: CallsFeed) => openFeed(client.session, data) ?? initialCallsFeed,
    staleTime: 0,
    refetchOnMount: 'always',
    queryFn: async ({ client: cache, signal }): Promise<CallsFeed> => {
      prepareCache(cache, client.session)
      const write = (feed: CallsFeed) => cache.setQueryData<CallsFeed>(queryKey, cachedFeed(feed))
      const batch = frameBatch(write)
      try {
        await client.watchCalls({ signal, onCalls: batch.push })
      } finally {
        batch.flush()
      }
      return cache.getQueryData<CallsFeed>(queryKey) ?? cachedFeed(initialCallsFeed)
    },
  })
}
