/**
 * How feeds lie in TanStack Query's cache: opaque, in their own session, and gone when it ends.
 *
 * Hosts persist and dehydrate their cache. A feed holds a caller's digits, so neither JSON nor structured cloning gets
 * anything out of a cached one, whichever queries the host chooses; and what was not put here by this page is no feed.
 */
import type { Query, QueryClient } from '@tanstack/react-query'
import type { AgentSession } from '../client/agent-session.ts'
import { gatherKeys } from './keys.ts'

const cached = new WeakSet<object>()

/** A feed as it goes into the cache: it reads as the feed, by inheritance, and has no property of its own to serialise. */
export function wrapFeed<Feed extends object>(feed: Feed): Feed {
  const data: Feed = Object.create(feed)
  cached.add(data)
  return data
}

/** The feed in cached data, of any client; `undefined` if the data was restored from elsewhere. */
export function unwrapFeed<Feed extends object>(data: Feed | undefined): Feed | undefined {
  if (typeof data !== 'object' || data === null || !cached.has(data)) return undefined
  const feed: Feed = Object.getPrototypeOf(data)
  return feed
}

/** The feed in cached data; `undefined` if it was restored from elsewhere or belongs to another agent. */
export function unwrapOwnFeed<Feed extends object>(session: AgentSession, data: Feed | undefined): Feed | undefined {
  const feed = unwrapFeed(data)
  return feed && session.owns(feed) ? feed : undefined
}

const sessions = new WeakMap<QueryClient, WeakSet<AgentSession>>()
const filters = new WeakSet<(query: Query) => boolean>()

/** Prepares a cache for the feeds of a session: they are not dehydrated by default, and leave when the session ends. */
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
        // What is on the screen loses its data at once, and keeps its watch.
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
