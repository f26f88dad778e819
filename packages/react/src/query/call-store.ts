/**
 * A call's query as a store that all components share.
 *
 * With `useQuery`, each component has an observer that computes its whole result on each change. A console reads a call
 * in fifty components, so one shared observer watches the call here. The data stays in the cache.
 */
import { type QueryClient, QueryObserver } from '@tanstack/react-query'
import { type CallFeed, initialCallFeed } from '../client/feed.ts'
import type { GatherClient } from '../client/gather-client.ts'
import type { Store } from '../client/store.ts'
import { unwrapOwnFeed } from './cached-feed.ts'
import { callQueryOptions } from './call-query.ts'
import { gatherKeys } from './keys.ts'

/** The feed of a call, valid while its query is in the cache. */
export interface CallStore extends Store<CallFeed> {
  /** Whether the call's query was removed from the cache, by `clear()` or after its `gcTime`. */
  isRemoved(): boolean
}

/** The stores by query, so that a store is dropped with its query. */
const stores = new WeakMap<object, CallStore>()

/** Returns the store of a call. The call is watched while the store has subscribers. */
export function callStore(cache: QueryClient, client: GatherClient, callId: string): CallStore {
  const { queryHash } = cache.defaultQueryOptions({ queryKey: gatherKeys.call(client, callId) })
  const cached = cache.getQueryCache().get(queryHash)
  const existing = cached && stores.get(cached)
  if (existing) return existing

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
      // Each new subscriber retries a refused call, like the first subscriber.
      const isRefused = query.state.status === 'error' && query.state.fetchStatus === 'idle'
      if (observer.hasListeners() && isRefused) observer.refetch({ cancelRefetch: false }).catch(() => {})
      return observer.subscribe(() => onChange())
    },
  }
  stores.set(query, store)
  return store
}
