import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { prepareCache, wrapFeed } from './cached-feed.ts'
import { createFrameBatch } from './frame-batch.ts'

/**
 * The common options of the queries that receive live updates. They override defaults of the host that could persist an
 * agent's data, or show it to another agent.
 */
export const liveQueryOptions = {
  // The fold already keeps the identity of unchanged values, so a comparison of the whole state per event is wasted.
  structuralSharing: false,
  // The client reconnects by itself and ignores `navigator.onLine`. An error that it throws is final.
  networkMode: 'always',
  retry: false,
  // On a server, a garbage collection timer per render would keep the process alive and the call in memory.
  gcTime: typeof window === 'undefined' ? Number.POSITIVE_INFINITY : 5 * 60_000,
  placeholderData: () => undefined,
  initialData: () => undefined,
  persister: <Data, Context>(queryFn: (context: Context) => Data | Promise<Data>, context: Context) => queryFn(context),
} as const

/** Writes feeds to the cache until the subscription ends. Returns the last feed, or an empty feed if there was none. */
export async function watchIntoCache<Feed extends object>(
  { cache, session, queryKey, empty }: { cache: QueryClient; session: AgentSession; queryKey: QueryKey; empty: Feed },
  watch: (onFeed: (feed: Feed) => void) => Promise<void>,
): Promise<Feed> {
  prepareCache(cache, session)
  const batch = createFrameBatch((feed: Feed) => cache.setQueryData<Feed>(queryKey, wrapFeed(feed)))
  try {
    await watch(batch.push)
  } finally {
    batch.flush()
  }
  return cache.getQueryData<Feed>(queryKey) ?? wrapFeed(empty)
}
