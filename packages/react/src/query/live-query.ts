import type { QueryClient, QueryKey } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { prepareCache, wrapFeed } from './cached-feed.ts'
import { createFrameBatch } from './frame-batch.ts'

/**
 * What every query that is pushed to, rather than polled, has in common. What a host sets for all its queries must not
 * show one agent's data to another, nor store it.
 */
export const liveQueryOptions = {
  // Sharing structure would walk the whole state for each event; the fold already keeps what did not change.
  structuralSharing: false,
  // The watch reconnects by itself, whatever the browser thinks of the network; an error from it is final.
  networkMode: 'always',
  retry: false,
  gcTime: 5 * 60_000,
  placeholderData: () => undefined,
  initialData: () => undefined,
  persister: <Data, Context>(queryFn: (context: Context) => Data | Promise<Data>, context: Context) => queryFn(context),
} as const

/** Writes feeds into the cache while they are watched. Returns the last, or an empty one. */
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
