/**
 * The list of calls: a summary of each call that is live or ended lately, kept from what the cache publishes. It holds far
 * more calls than one reply lists, because a ticket decides which of them count.
 */
import { type CallState, type CallSummary, selectCallSummary } from '@callgather/protocol'
import pMap from 'p-map'
import type { Access } from '../access/access.ts'
import type { Grant } from '../access/tickets.ts'
import { runEach } from '../store/bus.ts'
import type { CallListing, CallStage, CallStore, Unsubscribe } from '../store/call-store.ts'
import type { CallCache } from './call-cache.ts'

/** What changed in the list. */
export type DirectoryChange =
  | { readonly kind: 'changed'; readonly summary: CallSummary }
  | { readonly kind: 'gone'; readonly callId: string }

/** The calls that one agent may see. */
export interface CallList {
  readonly calls: readonly CallSummary[]
  /** The agent may see more calls than are listed. */
  readonly isTruncated: boolean
}

/** How the list is bounded. */
export interface DirectoryOptions {
  /** How many calls one reply lists at most: live calls before ended ones, then the newest. Default 1000. */
  readonly maxCalls?: number
  readonly now?: () => number
  /** Called with the failure of one call, or of one listener; the others are listed all the same. */
  readonly onError?: (error: unknown) => void
}

/** What the directory works with. */
export interface DirectoryDeps {
  readonly cache: CallCache
  readonly store: CallStore
  readonly access: Pick<Access, 'isAllowed'>
}

interface DirectoryEntry {
  readonly summary: CallSummary
  readonly updatedAt: number
}

/** How many calls are held at most; ended calls are evicted first. */
const MAX_CALLS = 100_000
/** How long an ended call stays in the list. */
const ENDED_CALL_TTL_MS = 3_600_000
/** Calls that are folded, or decided about, at the same time. */
const CONCURRENCY = 16
const PAGE_SIZE = 1_000
/** Decisions of the host's `authorize` that one reply may wait for, as a multiple of what it lists. */
const MAX_DECISIONS_PER_LISTED = 5
const DAY_MS = 24 * 3_600_000

/** The calls of this server, one line each. */
export class CallDirectory {
  readonly #deps: DirectoryDeps
  readonly #options: Required<DirectoryOptions>
  /** The calls of each stage, the one that changed longest ago first. */
  readonly #live = new Map<string, DirectoryEntry>()
  readonly #ended = new Map<string, DirectoryEntry>()
  readonly #listeners = new Set<(change: DirectoryChange) => void>()
  /** Calls that grew on another server and are not folded here. */
  readonly #unfolded = new Set<string>()
  #folding: Promise<void> | null = null
  #loading: Promise<void> | null = null
  #stops: Unsubscribe[] = []

  constructor(deps: DirectoryDeps, options: DirectoryOptions = {}) {
    this.#deps = deps
    this.#options = {
      maxCalls: options.maxCalls ?? 1_000,
      now: options.now ?? Date.now,
      onError: options.onError ?? (() => {}),
    }
  }

  /** The calls that the holder of a grant may see: live calls before ended ones, each newest first. */
  async listFor(grant: Grant): Promise<CallList> {
    await this.#load()
    const { access } = this.#deps
    const { maxCalls } = this.#options
    const covered = grant.calls === '*' ? null : new Set(grant.calls)
    const candidates = [...this.#newestFirst(this.#live), ...this.#newestFirst(this.#ended)]
      .filter((each) => !this.#isOld(each) && (covered?.has(each.summary.callId) ?? true))
      .map(({ summary }) => summary)
    const calls: CallSummary[] = []
    const decided = Math.min(candidates.length, maxCalls * MAX_DECISIONS_PER_LISTED)
    for (let from = 0; from < decided; from += CONCURRENCY) {
      const some = candidates.slice(from, Math.min(from + CONCURRENCY, decided))
      const may = await pMap(some, ({ callId }) => access.isAllowed(grant, { callId, scope: 'view' }), {
        concurrency: CONCURRENCY,
      })
      for (const [index, summary] of some.entries()) if (may[index]) calls.push(summary)
      if (calls.length > maxCalls) break
    }
    return { calls: calls.slice(0, maxCalls), isTruncated: calls.length > maxCalls || decided < candidates.length }
  }

  /** Publishes every change to the list from now on. */
  async subscribe(listener: (change: DirectoryChange) => void): Promise<Unsubscribe> {
    this.#listeners.add(listener)
    await this.#load()
    return () => this.#listeners.delete(listener)
  }

  /** Stops listening to the store. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#listeners.clear()
    this.#unfolded.clear()
  }

  #load(): Promise<void> {
    // Loaded when the list is first requested; a failed load is retried by the next request.
    this.#loading ??= this.#begin().catch((error: unknown) => {
      this.#loading = null
      for (const stop of this.#stops.splice(0)) stop()
      throw error
    })
    return this.#loading
  }

  async #begin(): Promise<void> {
    const { cache, store } = this.#deps
    const { now } = this.#options
    this.#stops.push(
      cache.subscribeAll({
        onChange: (state) => this.#put(selectCallSummary(state), endedAtOf(state) ?? now()),
        onForgotten: (callId) => this.#drop(callId),
      }),
      await store.subscribeAll((change) => {
        if (change.kind === 'forgotten') this.#drop(change.callId)
        // Folding a call makes the cache publish it; what is folded already, it publishes by itself.
        else if (!cache.has(change.callId)) this.#foldSoon(change.callId)
      }),
    )
    const listings = new Map<string, CallListing>()
    const known = [...(await this.#listings('live')), ...(await this.#listings())]
    for (const listing of known) listings.set(listing.callId, listing)
    const sorted = [...listings.values()].sort((one, other) => one.updatedAt - other.updatedAt)
    await pMap(sorted, ({ callId, updatedAt }) => this.#fold(callId, updatedAt), { concurrency: CONCURRENCY })
  }

  /** The calls of the last day: all that are live, and of the others as many as one reply lists. */
  async #listings(stage?: CallStage): Promise<CallListing[]> {
    const { maxCalls, now } = this.#options
    const most = stage ? MAX_CALLS : maxCalls
    const listings: CallListing[] = []
    while (listings.length < most) {
      const limit = Math.min(PAGE_SIZE, most - listings.length)
      const wanted = { limit, offset: listings.length, since: now() - DAY_MS }
      const page = await this.#deps.store.list(stage ? { ...wanted, stage } : wanted)
      listings.push(...page)
      if (page.length < limit) break
    }
    return listings
  }

  /** Makes the cache publish a call; lists it here where it has been folded before. */
  async #fold(callId: string, updatedAt: number): Promise<void> {
    try {
      const { state, cursor } = await this.#deps.cache.open(callId)
      if (cursor && !this.#known(callId)) this.#put(selectCallSummary(state), endedAtOf(state) ?? updatedAt)
    } catch (error) {
      // One call that cannot be read must not keep the others from the list.
      this.#options.onError(error)
    }
  }

  #known(callId: string): DirectoryEntry | undefined {
    return this.#live.get(callId) ?? this.#ended.get(callId)
  }

  #foldSoon(callId: string): void {
    this.#unfolded.add(callId)
    this.#folding ??= this.#foldAll().finally(() => {
      this.#folding = null
    })
  }

  async #foldAll(): Promise<void> {
    while (this.#unfolded.size > 0) {
      const callIds = [...this.#unfolded]
      this.#unfolded.clear()
      await pMap(callIds, (callId) => this.#fold(callId, this.#options.now()), { concurrency: CONCURRENCY })
    }
  }

  #put(summary: CallSummary, updatedAt: number): void {
    const { callId } = summary
    const known = this.#known(callId)
    // An old call may be folded again, or what was said be taken out of it: that is no news.
    if (!known && this.#isOld({ summary, updatedAt })) return
    this.#remove(callId)
    const stage = summary.phase === 'ended' ? this.#ended : this.#live
    stage.set(callId, { summary, updatedAt })
    this.#evict()
    if (known && isSameSummary(known.summary, summary)) return
    this.#publish({ kind: 'changed', summary })
  }

  #evict(): void {
    // No client is sent these: its list has them until it asks for another.
    for (const [callId, each] of this.#ended) {
      if (!this.#isOld(each)) break
      this.#ended.delete(callId)
    }
    for (const stage of [this.#ended, this.#live]) {
      for (const [oldest] of stage) {
        if (this.#live.size + this.#ended.size <= MAX_CALLS) return
        this.#drop(oldest)
      }
    }
  }

  #drop(callId: string): void {
    if (this.#remove(callId)) this.#publish({ kind: 'gone', callId })
  }

  #remove(callId: string): boolean {
    return [this.#live.delete(callId), this.#ended.delete(callId)].includes(true)
  }

  #publish(change: DirectoryChange): void {
    runEach(
      [...this.#listeners].map((listener) => () => listener(change)),
      this.#options.onError,
    )
  }

  #newestFirst(stage: ReadonlyMap<string, DirectoryEntry>): DirectoryEntry[] {
    return [...stage.values()].reverse()
  }

  #isOld({ summary, updatedAt }: DirectoryEntry): boolean {
    return summary.phase === 'ended' && this.#options.now() - updatedAt > ENDED_CALL_TTL_MS
  }
}

/** When a call that is over ended, in milliseconds. */
function endedAtOf({ hangup, closed }: CallState): number | undefined {
  const end = hangup ?? closed
  return end ? Date.parse(end.at) : undefined
}

/** Whether two summaries read the same; most events change nothing that a list shows. */
const isSameSummary = (one: CallSummary, other: CallSummary) => JSON.stringify(one) === JSON.stringify(other)
