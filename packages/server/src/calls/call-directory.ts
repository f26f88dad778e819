/** The list of calls: a summary of each that is going on, or was lately; kept from what the log tells. */
import { type CallState, type CallSummary, summarise } from '@callgather/protocol'
import type { Access } from '../access/access.ts'
import type { Grant } from '../access/tickets.ts'
import type { CallLog } from './call-log.ts'
import type { CallStore, Unsubscribe } from './call-store.ts'

/** What changed in the list. */
export type DirectoryChange =
  | { readonly kind: 'changed'; readonly summary: CallSummary }
  | { readonly kind: 'gone'; readonly callId: string }

/** How the list is bounded. */
export interface DirectoryOptions {
  /** How many calls it holds at most; the ones that changed last stay. Default 1000. */
  readonly maxCalls?: number
  /** How long an ended call stays in it, in milliseconds. Default one hour. */
  readonly keepEndedMillis?: number
  readonly now?: () => number
}

interface Listed {
  readonly summary: CallSummary
  readonly updatedAt: number
}

/** The calls of this server, one line each. */
export class CallDirectory {
  readonly #log: CallLog
  readonly #store: CallStore
  readonly #access: Access
  readonly #maxCalls: number
  readonly #keepEndedMillis: number
  readonly #now: () => number
  readonly #calls = new Map<string, Listed>()
  readonly #listeners = new Set<(change: DirectoryChange) => void>()
  #loading: Promise<void> | null = null
  #stops: Unsubscribe[] = []

  constructor(parts: { log: CallLog; store: CallStore; access: Access }, options: DirectoryOptions = {}) {
    const { maxCalls = 1000, keepEndedMillis = 3_600_000, now = Date.now } = options
    this.#log = parts.log
    this.#store = parts.store
    this.#access = parts.access
    this.#maxCalls = maxCalls
    this.#keepEndedMillis = keepEndedMillis
    this.#now = now
  }

  /** The calls that the holder of a grant may see, newest first. */
  async listFor(grant: Grant): Promise<CallSummary[]> {
    await this.#load()
    const listed = [...this.#calls.values()].reverse().filter((each) => !this.#isOld(each))
    const visible = await Promise.all(
      listed.map(({ summary }) => this.#access.may(grant, { callId: summary.callId, scope: 'view' })),
    )
    return listed.filter((_, index) => visible[index]).map(({ summary }) => summary)
  }

  /** Tells of every change to the list from now on. */
  async listen(listener: (change: DirectoryChange) => void): Promise<Unsubscribe> {
    this.#listeners.add(listener)
    await this.#load()
    return () => this.#listeners.delete(listener)
  }

  /** Stops listening to the store. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#listeners.clear()
  }

  #load(): Promise<void> {
    // Loaded when the list is first asked for; a failed load is tried again by the next who asks.
    this.#loading ??= this.#begin().catch((error: unknown) => {
      this.#loading = null
      this.close()
      throw error
    })
    return this.#loading
  }

  async #begin(): Promise<void> {
    this.#stops.push(
      this.#log.listenAll({
        grown: ({ state }) => this.#put(summarise(state), lastChangeOf(state) ?? this.#now()),
        forgotten: (callId) => this.#drop(callId),
      }),
      await this.#store.watchAll((change) => {
        if (change.kind === 'forgotten') this.#drop(change.callId)
        // Folding a call makes the log tell of it; what this node has folded already, it tells of by itself.
        else if (!this.#log.headOf(change.callId)) void this.#log.open(change.callId).catch(() => {})
      }),
    )
    const since = this.#now() - 24 * 3_600_000
    const listings = await this.#store.list({ limit: this.#maxCalls, since })
    for (const { callId, updatedAt } of [...listings].reverse()) {
      const { state, cursor } = await this.#log.open(callId)
      if (cursor) this.#put(summarise(state), updatedAt)
    }
  }

  #put(summary: CallSummary, updatedAt: number): void {
    const { callId } = summary
    const known = this.#calls.get(callId)
    // The log of an old call may be read again, or what was said be taken out of it: that is no news.
    if (!known && this.#isOld({ summary, updatedAt })) return
    this.#calls.delete(callId)
    this.#calls.set(callId, { summary, updatedAt })
    for (const [oldest] of this.#calls) {
      if (this.#calls.size <= this.#maxCalls) break
      this.#drop(oldest)
    }
    if (known && sameLine(known.summary, summary)) return
    this.#tell({ kind: 'changed', summary })
  }

  #drop(callId: string): void {
    if (this.#calls.delete(callId)) this.#tell({ kind: 'gone', callId })
  }

  #tell(change: DirectoryChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #isOld({ summary, updatedAt }: Listed): boolean {
    return summary.phase === 'ended' && this.#now() - updatedAt > this.#keepEndedMillis
  }
}

/** When a call that is over ended, in milliseconds. */
function lastChangeOf({ hangup, closed }: CallState): number | undefined {
  const end = hangup ?? closed
  return end ? Date.parse(end.at) : undefined
}

/** Whether two summaries read the same; most events change nothing that a list shows. */
const sameLine = (one: CallSummary, other: CallSummary) => JSON.stringify(one) === JSON.stringify(other)
