/**
 * Lists calls: a summary of each live or recently ended call, updated from the cache. The directory holds far more calls
 * than one reply lists, because a ticket may cover only some of them.
 */
import { type CallState, type CallSummary, selectCallSummary } from '@callgather/protocol'
import pMap from 'p-map'
import type { Access } from '../access/access.ts'
import type { Grant } from '../access/tickets.ts'
import { itemsEachTurn } from '../base/turns.ts'
import { notifyEach } from '../store/bus.ts'
import type { CallListing, CallStage, CallStore, Unsubscribe } from '../store/call-store.ts'
import type { CallCache } from './call-cache.ts'

/** A change to the list of calls. */
export type DirectoryChange =
  | { readonly kind: 'changed'; readonly summary: CallSummary }
  | { readonly kind: 'gone'; readonly callId: string }

/** The listed calls that an agent may view. */
export interface CallList {
  readonly calls: readonly CallSummary[]
  /** Whether the agent may view more calls than are listed. */
  readonly isTruncated: boolean
  /** The covered calls that the agent may not view now. */
  readonly denied: readonly CallSummary[]
}

/** The limits of the list, and its error callback. */
export interface DirectoryOptions {
  /** The maximum number of calls in one reply: live calls first, then the newest ended calls. Default 1000. */
  readonly maxCalls?: number
  readonly now?: () => number
  /** Called with the error of a call or a listener. Other calls are still listed. */
  readonly onError?: (error: unknown) => void
}

/** Dependencies of the directory. */
export interface DirectoryDeps {
  readonly cache: CallCache
  readonly store: CallStore
  readonly access: Pick<Access, 'isAllowed'>
}

interface DirectoryEntry {
  readonly summary: CallSummary
  readonly updatedAt: number
}

/** The maximum number of calls in the directory. Ended calls are evicted first. */
const MAX_CALLS = 100_000
/** How long an ended call stays in the list. */
const ENDED_CALL_TTL_MS = 3_600_000
/** How many calls are folded or authorised concurrently. */
const CONCURRENCY = 16
/** How many calls of the first list are read in a turn: a busy server has few turns a second. */
const CALLS_A_TURN = 10
const PAGE_SIZE = 1_000
/** The maximum number of the host's `authorize` decisions per reply, as a multiple of `maxCalls`. */
const MAX_DECISIONS_PER_LISTED = 5
const DAY_MS = 24 * 3_600_000

/** Keeps a summary of each call of this server. */
export class CallDirectory {
  readonly #deps: DirectoryDeps
  readonly #options: Required<DirectoryOptions>
  /** The calls of each stage, least recently changed first: live calls, then ended calls. */
  readonly #live = new Map<string, DirectoryEntry>()
  readonly #ended = new Map<string, DirectoryEntry>()
  readonly #listeners = new Set<(change: DirectoryChange) => void>()
  /** Calls with new records from another server that are not yet applied to the call state here. */
  readonly #unfolded = new Set<string>()
  #folding: Promise<void> | null = null
  #loading: Promise<void> | null = null
  #isClosed = false
  #stops: Unsubscribe[] = []

  constructor(deps: DirectoryDeps, options: DirectoryOptions = {}) {
    this.#deps = deps
    this.#options = {
      maxCalls: options.maxCalls ?? 1_000,
      now: options.now ?? Date.now,
      onError: options.onError ?? (() => {}),
    }
  }

  /** Lists the calls that a grant allows to view: live calls first, newest first in each stage. */
  async listFor(grant: Grant): Promise<CallList> {
    await this.#load()
    const { access } = this.#deps
    const { maxCalls } = this.#options
    const covered = grant.calls === '*' ? null : new Set(grant.calls)
    const candidates = [...this.#newestFirst(this.#live), ...this.#newestFirst(this.#ended)]
      .filter((each) => !this.#isOld(each) && (covered?.has(each.summary.callId) ?? true))
      .map(({ summary }) => summary)
    const calls: CallSummary[] = []
    const denied: CallSummary[] = []
    const decided = Math.min(candidates.length, maxCalls * MAX_DECISIONS_PER_LISTED)
    for (let from = 0; from < decided; from += CONCURRENCY) {
      const some = candidates.slice(from, Math.min(from + CONCURRENCY, decided))
      const may = await pMap(some, ({ callId }) => access.isAllowed(grant, { callId, scope: 'view' }), {
        concurrency: CONCURRENCY,
      })
      for (const [index, summary] of some.entries()) (may[index] ? calls : denied).push(summary)
      if (calls.length > maxCalls) break
    }
    const isTruncated = calls.length > maxCalls || decided < candidates.length
    return { calls: calls.slice(0, maxCalls), isTruncated, denied }
  }

  /** Subscribes to changes of the list of calls. */
  async subscribe(listener: (change: DirectoryChange) => void): Promise<Unsubscribe> {
    // Not before the load, which reads every call and would report each as a change.
    await this.#load()
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Unsubscribes from the cache and the store. */
  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops.splice(0)) stop()
    this.#listeners.clear()
    this.#unfolded.clear()
  }

  #load(): Promise<void> {
    // The first request loads the list. After a failed load, the next request retries.
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
    /** The calls that grew during the load, in the order of their last growth. */
    let grown: Set<string> | null = new Set<string>()
    this.#stops.push(
      cache.subscribeAll({
        onChange: (state) => this.#put(selectCallSummary(state), endedAtOf(state) ?? now()),
        onForgotten: (callId) => this.#drop(callId),
      }),
      await store.subscribeAll((change) => {
        if (change.kind === 'forgotten') return this.#drop(change.callId)
        grown?.delete(change.callId)
        grown?.add(change.callId)
        // The cache publishes calls that are folded. Any other call must be folded first.
        if (!cache.has(change.callId)) this.#foldSoon(change.callId)
      }),
    )
    const listings = new Map<string, CallListing>()
    const known = [...(await this.#listings('live')), ...(await this.#listings())]
    for (const listing of known) listings.set(listing.callId, listing)
    // Pages are newest first. Calls of the same millisecond keep their order.
    const sorted = [...listings.values()].reverse().sort((one, other) => one.updatedAt - other.updatedAt)
    const nextTurn = itemsEachTurn(CALLS_A_TURN)
    const fold = async ({ callId, updatedAt }: CallListing) => {
      await nextTurn()
      if (!this.#isClosed) await this.#fold(callId, updatedAt)
    }
    await pMap(sorted, fold, { concurrency: CONCURRENCY })
    // Calls that were read after their growth were put behind them.
    for (const callId of grown) {
      for (const stage of [this.#live, this.#ended]) {
        const entry = stage.get(callId)
        if (entry && stage.delete(callId)) stage.set(callId, entry)
      }
    }
    grown = null
  }

  /** Reads the listings of the last day from the store: all calls of a stage, or the newest calls up to `maxCalls`. */
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

  /** Folds a call, so that the cache publishes it. Lists a call that was already folded directly. */
  async #fold(callId: string, updatedAt: number): Promise<void> {
    try {
      const { state, cursor } = await this.#deps.cache.open(callId)
      if (cursor && !this.#known(callId)) this.#put(selectCallSummary(state), endedAtOf(state) ?? updatedAt)
    } catch (error) {
      // An unreadable call must not remove other calls from the list.
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
    // An old call changes when it is folded again or its transcript is erased. Subscribers do not need that.
    if (!known && this.#isOld({ summary, updatedAt })) return
    this.#remove(callId)
    const stage = summary.phase === 'ended' ? this.#ended : this.#live
    stage.set(callId, { summary, updatedAt })
    this.#evict()
    if (known && isSameSummary(known.summary, summary)) return
    this.#publish({ kind: 'changed', summary })
  }

  #evict(): void {
    // Clients are not notified of expired calls. They disappear from the next list.
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
    notifyEach([...this.#listeners], (listener) => listener(change), this.#options.onError)
  }

  #newestFirst(stage: ReadonlyMap<string, DirectoryEntry>): DirectoryEntry[] {
    return [...stage.values()].reverse()
  }

  #isOld({ summary, updatedAt }: DirectoryEntry): boolean {
    return summary.phase === 'ended' && this.#options.now() - updatedAt > ENDED_CALL_TTL_MS
  }
}

/** Returns the time at which a call ended, in milliseconds; `undefined` for a live call. */
function endedAtOf({ hangup, closed }: CallState): number | undefined {
  const end = hangup ?? closed
  return end ? Date.parse(end.at) : undefined
}

/** Whether two summaries are equal. Most events do not change the summary. */
const isSameSummary = (one: CallSummary, other: CallSummary) => JSON.stringify(one) === JSON.stringify(other)
