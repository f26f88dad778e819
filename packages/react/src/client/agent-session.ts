/**
 * Keeps the cached feeds of agents apart. Another agent may sign in to the same page, so a feed is shown only in the
 * session that received it, and cached feeds stay hidden until the agent's identity is confirmed.
 */
import { newRequestId } from './commands.ts'

/** A cache of a client's feeds. */
export interface FeedCache {
  /** Whether a mounted component shows a feed of this cache. */
  isShown(): boolean
  /** Removes all feeds from the cache, because another agent signed in or the client was closed. */
  clear(): void
  /** Called when the session is paused or resumed. While it is paused, no feed of this cache may be shown. */
  setPaused?(isPaused: boolean): void
}

/** Separates the cached feeds of a client from those of other clients and agents. */
export interface AgentSession {
  /** A random id in every query key of this client, so that clients never share a query. */
  readonly id: string
  /** Whether a feed came from this client and belongs to the current agent. Treat any other feed as absent. */
  owns(feed: object): boolean
  /** Registers a cache to be cleared when the session ends. */
  addCache(cache: FeedCache): void
  /** Keeps the session from pausing until the returned function is called. */
  retain(): () => void
  /** Pauses the session if no feed is shown any more: the next subscriber may be another agent. */
  pauseIfUnused(): void
}

export class FeedSession implements AgentSession {
  readonly id = newRequestId()
  #feeds = new WeakSet<object>()
  #isPaused = false
  #retainCount = 0
  readonly #caches = new Set<FeedCache>()

  readonly owns = (feed: object): boolean => !this.#isPaused && this.#feeds.has(feed)

  readonly addCache = (cache: FeedCache): void => {
    this.#caches.add(cache)
  }

  readonly retain = (): (() => void) => {
    this.#retainCount++
    let isRetained = true
    return () => {
      if (!isRetained) return
      isRetained = false
      this.#retainCount--
      this.pauseIfUnused()
    }
  }

  readonly pauseIfUnused = (): void => {
    // Deferred, because React unmounts a moved component for a moment.
    queueMicrotask(() => {
      if (this.#retainCount === 0 && ![...this.#caches].some((cache) => cache.isShown())) this.#setPaused(true)
    })
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether a feed was received in this session, even while it is paused. */
  has(feed: object): boolean {
    return this.#feeds.has(feed)
  }

  /** Registers a received feed and returns it. */
  add<Feed extends object>(feed: Feed): Feed {
    this.#feeds.add(feed)
    return feed
  }

  /** Resumes the session once the agent is confirmed to be the same. */
  resume(): void {
    this.#setPaused(false)
  }

  /** Ends the session, because another agent signed in or access ended. All earlier feeds count as absent at once. */
  end(): void {
    this.#feeds = new WeakSet()
    this.#isPaused = false
    for (const cache of this.#caches) cache.clear()
  }

  #setPaused(isPaused: boolean): void {
    if (isPaused === this.#isPaused) return
    this.#isPaused = isPaused
    for (const cache of this.#caches) cache.setPaused?.(isPaused)
  }
}
