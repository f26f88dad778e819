/**
 * What belongs to the agent who is signed in. Another agent may sign in to the same page, so feeds are shown only in the
 * session in which they came, and nothing that was cached is shown before it is known who is there now.
 */
import { newRequestId } from './commands.ts'

/** A cache that holds feeds of a client. */
export interface FeedCache {
  /** Whether anything on the screen shows one of them. */
  isShown(): boolean
  /** Removes all of them: another agent has signed in, or the client was closed. */
  clear(): void
  /** The session was paused, so that nothing of it may be shown until it goes on or ends; or it goes on. */
  setPaused?(isPaused: boolean): void
}

/** The part of a client that separates its cached feeds from those of other clients and other agents. */
export interface AgentSession {
  /** Random: part of every query key of this client, so that clients never share a query. */
  readonly id: string
  /** Whether a feed came from this client and belongs to the agent signed in now. Any other counts as absent. */
  owns(feed: object): boolean
  /** Adds a cache, which is cleared when the session ends. */
  addCache(cache: FeedCache): void
  /** Says that something needs the session, until the function returned is called. */
  retain(): () => void
  /** Pauses the session if nothing is shown any more: the next to look may be another agent. */
  pauseIfUnused(): void
}

export class FeedSession implements AgentSession {
  readonly id = newRequestId()
  #feeds = new WeakSet<object>()
  #isPaused = false
  #holds = 0
  readonly #caches = new Set<FeedCache>()

  readonly owns = (feed: object): boolean => !this.#isPaused && this.#feeds.has(feed)

  readonly addCache = (cache: FeedCache): void => {
    this.#caches.add(cache)
  }

  readonly retain = (): (() => void) => {
    this.#holds++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#holds--
      this.pauseIfUnused()
    }
  }

  readonly pauseIfUnused = (): void => {
    // Later: what is moved on the screen is not shown for a moment.
    queueMicrotask(() => {
      if (this.#holds === 0 && ![...this.#caches].some((cache) => cache.isShown())) this.#setPaused(true)
    })
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether a feed came in this session, also while it is paused. */
  has(feed: object): boolean {
    return this.#feeds.has(feed)
  }

  /** Takes a feed in, which may be shown from now on. */
  add<Feed extends object>(feed: Feed): Feed {
    this.#feeds.add(feed)
    return feed
  }

  /** The agent is known to be the same. */
  resume(): void {
    this.#setPaused(false)
  }

  /** Another agent, or none: everything before counts as absent at once. */
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
