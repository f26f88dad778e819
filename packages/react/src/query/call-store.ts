/**
 * A call's query as one store that any number of components read.
 *
 * TanStack Query gives each `useQuery` an observer of its own, and each observer works out its whole result (status,
 * flags, times) with every change, only to find that its slice did not. A console reads a call in fifty places and
 * callers press keys, so here all of them share one observer: it keeps the call watched, and tells of a change once.
 * The data stays in the cache, where the query function writes it; a store holds none of its own.
 */
import { type QueryClient, QueryObserver } from '@tanstack/react-query'
import { type CallFeed, initialCallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import type { Store } from '../client/store.ts'
import { unwrapOwnFeed } from './cached-feed.ts'
import { callQueryOptions } from './call-query.ts'
import { gatherKeys } from './keys.ts'

/** A call as this screen knows it, for as long as its query is in the cache. */
export interface CallStore extends Store<CallFeed> {
  /** Whether the query has left the cache: cleared, or nobody looked for as long as it is kept. */
  isRemoved(): boolean
}

/** By query, which is of one client: a store goes when its query leaves the cache, and a new query has a new one. */
const stores = new WeakMap<object, CallStore>()

/** The store of a call. Having it watches nothing; subscribing to it does, for as long as anybody is subscribed. */
export function callStore(cache: QueryClient, client: GatherClient, callId: string): CallStore {
  const { queryHash } = cache.defaultQueryOptions({ queryKey: gatherKeys.call(client, callId) })
  const cached = cache.getQueryCache().get(queryHash)
  const known = cached && stores.get(cached)
  if (known) return known

  const options = { ...callQueryOptions(client, callId), notifyOnChangeProps: ['data' as const] }
  const observer = new QueryObserver<CallFeed, Error, CallFeed, CallFeed, ReturnType<typeof gatherKeys.call>>(
    cache,
    options,
  )
  const query = observer.getCurrentQuery()
  const empty = initialCallFeed(callId)
  const store: CallStore = {
    isRemoved: () => !Object.is(cache.getQueryCache().get(query.queryHash), query),
    getSnapshot: () => unwrapOwnFeed(client.session, query.state.data) ?? empty,
    subscribe: (onChange) => {
      // A call that was refused is asked for again by whoever comes to look, as it is by the first who does.
      const refused = query.state.status === 'error' && query.state.fetchStatus === 'idle'
      if (observer.hasListeners() && refused) observer.refetch({ cancelRefetch: false }).catch(() => {})
      return observer.subscribe(() => onChange())
    },
  }
  stores.set(query, store)
  return store
}
