import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { prepareCache, wrapFeed } from './cached-feed.ts'
import { createFrameBatch } from './frame-batch.ts'

/**
 * Options of every query that the server pushes to. They override host defaults that could show one agent's data to
 * another, or persist it.
 */
export const liveQueryOptions = {
  // The fold already keeps unchanged parts, so comparing the whole state per event would be wasted work.
  structuralSharing: false,
  // The client reconnects by itself, whatever `navigator.onLine` says. Its errors are final.
  networkMode: 'always',
  retry: false,
  // On a server, a timer per render would keep the process and the call in memory.
  gcTime: typeof window === 'undefined' ? Number.POSITIVE_INFINITY : 5 * 60_000,
  placeholderData: () => undefined,
  initialData: () => undefined,
  persister: <Data, Context>(queryFn: (context: Context) => Data | Promise<Data>, context: Context) => queryFn(context),
} as const

/** Writes feeds to the cache until the subscription ends. Returns the last feed, or the empty one. */
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
