/**
 * Stores feeds in TanStack Query's cache, so that feeds can't leave this page and are removed when the session ends.
 *
 * Hosts persist and dehydrate their cache, and a feed holds a caller's digits. A wrapped feed serialises to nothing,
 * under JSON and structured clone. Restored data isn't accepted as a feed.
 */
import type { Query, QueryClient } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { gatherKeys } from './keys.ts'

const wrappedFeeds = new WeakSet<object>()

/** Wraps a feed for the cache. The wrapper inherits from the feed, so it has no own property to serialise. */
export function wrapFeed<Feed extends object>(feed: Feed): Feed {
  const data: Feed = Object.create(feed)
  wrappedFeeds.add(data)
  return data
}

/** Returns the feed in cached data; `undefined` if the host restored the data, for example from a persister. */
export function unwrapFeed<Feed extends object>(data: Feed | undefined): Feed | undefined {
  if (typeof data !== 'object' || data === null || !wrappedFeeds.has(data)) return undefined
  const feed: Feed = Object.getPrototypeOf(data)
  return feed
}

/**
 * Returns the live feed in the data of a query. `undefined` if the host restored the data from storage, or if the feed
 * belongs to another agent.
 */
export function unwrapOwnFeed<Feed extends object>(session: AgentSession, data: Feed | undefined): Feed | undefined {
  const feed = unwrapFeed(data)
  return feed && session.owns(feed) ? feed : undefined
}

const sessions = new WeakMap<QueryClient, WeakSet<AgentSession>>()
const filters = new WeakSet<(query: Query) => boolean>()

/** Prepares a cache for a session's feeds: not dehydrated by default, and removed when the session ends. */
export function prepareCache(cache: QueryClient, session: AgentSession): void {
  keepFromDehydration(cache)
  const prepared = sessions.get(cache) ?? new WeakSet()
  if (prepared.has(session)) return
  sessions.set(cache, prepared.add(session))
  const queries = cache.getQueryCache()
  const own = gatherKeys.client({ session })
  const isShown = (query: Query) => query.getObserversCount() > 0
  queries.subscribe(({ type, query }) => {
    if (type === 'observerRemoved' && query.queryKey[1] === session.id) session.pauseIfUnused()
  })
  session.addCache({
    isShown: () => queries.findAll({ queryKey: own }).some(isShown),
    clear: () => {
      for (const query of queries.findAll({ queryKey: own })) {
        // A query that is shown loses its data but stays subscribed.
        if (isShown(query)) query.setState({ data: undefined, error: null, status: 'pending' })
        else queries.remove(query)
      }
    },
  })
}

function keepFromDehydration(cache: QueryClient): void {
  const { dehydrate, ...others } = cache.getDefaultOptions()
  const given = dehydrate?.shouldDehydrateQuery
  if (given && filters.has(given)) return
  const filter = (query: Query) =>
    query.queryKey[0] !== gatherKeys.all[0] && (given ? given(query) : query.state.status === 'success')
  filters.add(filter)
  cache.setDefaultOptions({ ...others, dehydrate: { ...dehydrate, shouldDehydrateQuery: filter } })
}
