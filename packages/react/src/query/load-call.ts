import type { QueryClient } from '@tanstack/react-query'
import type { CallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import { prepareCache, unwrapOwnFeed, wrapFeed } from './cached-feed.ts'
import { gatherKeys } from './keys.ts'

/** How long a call that was loaded waits to be shown. */
const RETAIN_MS = 5_000

/**
 * Fetches a call as it is now, into the cache: for a router's loader, or to show no empty screen first. Whatever then
 * watches the call goes on from there. Resolves with what is cached if the call is cached already.
 *
 * Use this where you would use `prefetchQuery` or `ensureQueryData`: the query itself is not done before the call is.
 *
 * @throws WatchError if the call may not be watched.
 */
export async function loadCall(cache: QueryClient, client: GatherClient, callId: string): Promise<CallFeed> {
  const queryKey = gatherKeys.call(client, callId)
  prepareCache(cache, client.session)
  const known = unwrapOwnFeed(client.session, cache.getQueryData<CallFeed>(queryKey))
  if (known?.cursor) return known
  // Whatever shows the call comes a moment later.
  client.clock.setTimeout(client.session.retain(), RETAIN_MS)
  const enough = new AbortController()
  let loaded: CallFeed | null = null
  await client.watch(callId, {
    signal: enough.signal,
    onFeed: (feed) => {
      if (!feed.cursor) return
      loaded ??= feed
      enough.abort()
    },
  })
  if (!loaded) throw new Error('CallGather: the client was closed before the call was loaded.')
  cache.setQueryData<CallFeed>(queryKey, wrapFeed(loaded))
  return loaded
}
