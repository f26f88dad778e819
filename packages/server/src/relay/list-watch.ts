/** One client's watch of the list of calls. It sends changes in batches and follows changes of the agent's access. */
import type { CallSummary, CallsEventFrame } from '@callgather/protocol'
import pMap from 'p-map'
import type { Access } from '../access/access.ts'
import type { Grant } from '../access/tickets.ts'
import type { CallDirectory, CallList } from '../calls/call-directory.ts'
import type { Unsubscribe } from '../store/call-store.ts'

/** Dependencies of a watch of the list. */
export interface ListWatchDeps {
  readonly access: Pick<Access, 'isAllowed' | 'isCovered' | 'isCurrent'>
  readonly directory: Pick<CallDirectory, 'listFor' | 'subscribe'>
  /** Returns the grant of the client's current ticket. */
  readonly grant: () => Grant
  readonly send: (frame: CallsEventFrame) => void
  readonly reportError: (error: unknown) => void
}

/** A call id and its new summary; `null` if the call was removed from the list. */
type Change = readonly [callId: string, summary: CallSummary | null]

/** A live call that the host denied. */
interface DeniedCall {
  readonly summary: CallSummary
  /** The seconds from the last check to the next one, and how many of them are left. An overdue check has none left. */
  delay: number
  left: number
}

const BATCH_DELAY_MS = 50
/** The delay grows with the size of the last batch, so that a busy centre costs a client at most 250 summaries a second. */
const BATCH_DELAY_PER_CALL_MS = 4
const MAX_BATCH_DELAY_MS = 400
/** Maximum number of concurrent calls of the host's `authorize` for one list of calls. */
export const LIST_CONCURRENCY = 16
/** How long the server waits before it retries a failed `authorize` of the host. */
export const RETRY_MS = 2_000
/** How many calls a client may hold. When it holds more, the call that changed least recently is removed. */
const MAX_LISTED = 10_000
const RECHECK_INTERVAL_MS = 1_000
/** In seconds. Long, because an event of the call starts with short delays again. */
const MAX_RECHECK_DELAY = 240
/** How many denied calls are checked again: with `LIST_CONCURRENCY` a second, each within half a minute when it is due. */
const MAX_DENIED = 480

/** Watches the list of calls for one client, until it is closed. */
export class ListWatch {
  readonly #deps: ListWatchDeps
  #isSent = false
  #isClosed = false
  #unsubscribe: Unsubscribe = () => {}
  readonly #changes = new Map<string, CallSummary | null>()
  /** The calls that the client holds, least recently changed first. */
  readonly #listed = new Set<string>()
  /** Live calls that are checked again, because a router may assign them without a further event. */
  readonly #denied = new Map<string, DeniedCall>()
  #batchTimer: NodeJS.Timeout | undefined
  #recheckTimer: NodeJS.Timeout | undefined
  #isRecheckDue = false

  constructor(deps: ListWatchDeps) {
    this.#deps = deps
  }

  /** Buffers changes from now on, until `sendList` has sent the list. */
  async subscribe(): Promise<void> {
    const unsubscribe = await this.#deps.directory.subscribe((change) => {
      if (change.kind === 'changed') this.#changes.set(change.summary.callId, change.summary)
      else this.#changes.set(change.callId, null)
      this.#scheduleBatch()
    })
    if (this.#isClosed) unsubscribe()
    else this.#unsubscribe = unsubscribe
  }

  /** Passes the list to `send` and starts to send changes. Returns false if the watch was closed before. */
  async sendList(send: (list: CallList, grant: Grant) => void): Promise<boolean> {
    let grant: Grant
    let list: CallList
    do {
      if (this.#isClosed) return false
      grant = this.#deps.grant()
      list = await this.#deps.directory.listFor(grant)
      // The ticket may have been refreshed meanwhile, and the new one may cover other calls.
    } while (grant !== this.#deps.grant())
    if (this.#isClosed) return false
    for (const { callId } of list.calls.toReversed()) this.#listed.add(callId)
    for (const summary of list.denied.toReversed()) this.#deny(summary)
    send(list, grant)
    this.#isSent = true
    this.#scheduleBatch()
    this.#scheduleRecheck()
    return true
  }

  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    clearTimeout(this.#batchTimer)
    clearTimeout(this.#recheckTimer)
    this.#changes.clear()
    this.#denied.clear()
  }

  /** Sends the buffered changes after a delay, with one summary per changed call, and checks denied calls that are due. */
  #scheduleBatch(delayMs = BATCH_DELAY_MS): void {
    if (!this.#isSent || this.#isClosed || this.#batchTimer) return
    if (this.#changes.size === 0 && !this.#isRecheckDue) return
    this.#batchTimer = setTimeout(() => {
      // The next batch waits for this one, so that an older summary can't overtake a newer one.
      this.#sendBatch()
        .then((sent) => {
          this.#batchTimer = undefined
          this.#scheduleBatch(sent === null ? RETRY_MS : batchDelayMs(sent))
          this.#scheduleRecheck()
        })
        .catch(this.#deps.reportError)
    }, delayMs)
  }

  /** Sends changes. Returns their number, or `null` if they could not be authorised and stay buffered for a retry. */
  async #sendBatch(): Promise<number | null> {
    const due = this.#takeDue().map((summary): Change => [summary.callId, summary])
    const changes = [...new Map([...due, ...this.#changes])]
    this.#changes.clear()
    const grant = this.#deps.grant()
    const isVisible = await this.#authorise(grant, changes)
    if (this.#isClosed) return 0
    if (isVisible === null || grant !== this.#deps.grant()) {
      // Buffer these changes again, except where a newer one exists.
      for (const [callId, summary] of changes) {
        if (!this.#changes.has(callId)) this.#changes.set(callId, summary)
      }
      return null
    }
    const calls: CallSummary[] = []
    const gone: string[] = []
    for (const [index, [callId, summary]] of changes.entries()) {
      const wasListed = this.#listed.delete(callId)
      if (summary && isVisible[index]) {
        calls.push(summary)
        this.#listed.add(callId)
        this.#denied.delete(callId)
      } else {
        // The id of a call that the client never saw is not sent, because it would show that the call exists.
        if (wasListed) gone.push(callId)
        if (summary) this.#deny(summary)
        else this.#denied.delete(callId)
      }
    }
    for (const callId of this.#listed) {
      if (this.#listed.size <= MAX_LISTED) break
      this.#listed.delete(callId)
      gone.push(callId)
    }
    if (calls.length + gone.length > 0) this.#deps.send({ calls, gone })
    return calls.length + gone.length
  }

  /** Returns whether the client may see each changed call; `null` if the ticket expired or the host's `authorize` failed. */
  async #authorise(grant: Grant, changes: readonly Change[]): Promise<boolean[] | null> {
    const { access } = this.#deps
    if (!access.isCurrent(grant)) return null
    const isVisible = ([callId, summary]: Change) =>
      summary !== null && access.isAllowed(grant, { callId, scope: 'view' })
    return pMap(changes, isVisible, { concurrency: LIST_CONCURRENCY }).catch(() => null)
  }

  /** Remembers a denied call for later checks. A change of the call starts with a short delay again. */
  #deny(summary: CallSummary): void {
    const { callId } = summary
    if (this.#denied.get(callId)?.summary === summary) return
    this.#denied.delete(callId)
    const { access, grant } = this.#deps
    if (summary.phase === 'ended' || !access.isCovered(grant(), { callId, scope: 'view' })) return
    this.#denied.set(callId, { summary, delay: 1, left: 1 })
    for (const oldest of this.#denied.keys()) {
      if (this.#denied.size <= MAX_DENIED) break
      this.#denied.delete(oldest)
    }
  }

  #scheduleRecheck(): void {
    if (this.#isClosed || this.#recheckTimer || this.#denied.size === 0) return
    this.#recheckTimer = setTimeout(() => {
      this.#recheckTimer = undefined
      for (const call of this.#denied.values()) {
        call.left -= 1
        if (call.left <= 0) this.#isRecheckDue = true
      }
      this.#scheduleBatch()
      this.#scheduleRecheck()
    }, RECHECK_INTERVAL_MS)
  }

  /** Returns the denied calls whose check is most overdue. They are few, so that new changes do not wait for them. */
  #takeDue(): CallSummary[] {
    if (!this.#isRecheckDue) return []
    this.#isRecheckDue = false
    const newestFirst = [...this.#denied.values()].reverse()
    const overdue = newestFirst.filter(({ left }) => left <= 0).sort((one, other) => one.left - other.left)
    return overdue.slice(0, LIST_CONCURRENCY).map((call) => {
      call.delay = Math.min(call.delay * 2, MAX_RECHECK_DELAY)
      call.left = call.delay
      return call.summary
    })
  }
}

const batchDelayMs = (sent: number) =>
  Math.min(Math.max(BATCH_DELAY_MS, sent * BATCH_DELAY_PER_CALL_MS), MAX_BATCH_DELAY_MS)
