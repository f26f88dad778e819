import type { QueryClient } from '@tanstack/react-query'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { prepareCache, unwrapOwnFeed, wrapFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'

/** How long a loaded call keeps the session active before a component shows it. */
const RETAIN_MS = 5_000

/**
 * Loads the current state of a call into the cache, for a router's loader. Components then resume from its cursor.
 * Resolves at once with a feed that is already in the cache.
 *
 * Use this instead of `prefetchQuery` or `ensureQueryData`, which resolve only when the call ends.
 *
 * @throws WatchError if the server refuses the subscription.
 */
export async function loadCall(cache: QueryClient, client: GatherClient, callId: string): Promise<CallFeed> {
  const queryKey = gatherKeys.call(client, callId)
  prepareCache(cache, client.session)
  const known = unwrapOwnFeed(client.session, cache.getQueryData<CallFeed>(queryKey))
  if (known?.cursor) return known
  // The component that shows the call mounts after the loader resolves.
  client.clock.setTimeout(client.session.retain(), RETAIN_MS)
  const abort = new AbortController()
  let loaded: CallFeed | null = null
  await client.watch(callId, {
    signal: abort.signal,
    onFeed: (feed) => {
      if (!feed.cursor) return
      loaded ??= feed
      abort.abort()
    },
  })
  if (!loaded) throw new Error('CallGather: the client was closed before the call was loaded. Create a new client.')
  cache.setQueryData<CallFeed>(queryKey, wrapFeed(loaded))
  return loaded
}
