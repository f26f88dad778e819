/**
 * Delivers the record of each finished call to the host, at least once and under one id.
 *
 * The store's list of ended calls is the queue, and each call's log holds the progress of its delivery (`plan.ts`). A run
 * reads the list page by page and the logs that changed. Before it sends, it appends `sending` at the head that it read:
 * of several servers, one succeeds. If that server dies, another one sends when `retry_at` has passed.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import {
  type CallRecord,
  type CallState,
  type Cursor,
  type EventOf,
  initialCallState,
  reduceCall,
} from '@callgather/protocol'
import { LRUCache } from 'lru-cache'
import pMap from 'p-map'
import type { Logger } from '../base/logger.ts'
import { describeFailure } from '../store/bus.ts'
import type { CallListing, CallStore } from '../store/call-store.ts'
import { formatTime } from '../telnyx/normalise.ts'
import type { Send } from './destination.ts'
import { recordMessage, signedHeaders } from './message.ts'
import { MAX_ATTEMPTS, planRecord, type RecordPlan, retryDelayMs } from './plan.ts'

/** The result of an attempt, or the end of all attempts. */
export type RecordOutcome = 'delivered' | 'failed' | 'dead_lettered'

/** Dependencies of the delivery. */
export interface RecordDeliveryDeps {
  readonly store: CallStore
  readonly send: Send
  /** The secrets that sign the records. */
  readonly secrets: readonly Uint8Array[]
  /** The CloudEvents `source`. */
  readonly source: string
  readonly wrapUpTimeoutMs: number
  readonly now: () => number
  readonly logger: Logger
  readonly onOutcome: (outcome: RecordOutcome) => void
}

const MAX_INTERVAL_MS = 5_000
const MIN_INTERVAL_MS = 100
/** A first attempt waits until the log has not grown for this long, because fetched events arrive in a batch. */
const QUIET_MS = 10_000
/** How much the clocks of the servers of one store may differ. */
const MAX_SKEW_MS = 10 * 60_000
const PAGE_SIZE = 200
/** How many records are read or sent concurrently. */
const CONCURRENCY = 8
/** How many records of a log are read or folded before the delivery yields to the event loop. */
const SLICE = 500
/** The maximum number of calls whose delivery is remembered. The log of any other call is read again. */
const MAX_REMEMBERED = 50_000
/** How long attempts in flight may take when the server closes. */
const DRAIN_MS = 3_000
/** Minimum interval between log lines about failed attempts. */
const WARN_INTERVAL_MS = 10 * 60_000

/** What is known about the delivery of a call, while the call's log does not grow. */
interface Known {
  readonly updatedAt: number
  /** When to read the log again. */
  readonly checkAt: number
  /** When the record was due; `null` when nothing is left to do. */
  readonly dueAt: number | null
}

interface CallLog {
  readonly head: Cursor
  readonly records: readonly CallRecord[]
}

/** Delivers the records of finished calls. */
export class RecordDelivery {
  readonly #deps: RecordDeliveryDeps
  readonly #known = new LRUCache<string, Known>({ max: MAX_REMEMBERED })
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  /** Every call whose log last grew before this time is settled. */
  #settledBefore = 0
  #oldestDueAt: number | null = null
  #lastWarnedAt = Number.NEGATIVE_INFINITY
  #isStopping = false

  constructor(deps: RecordDeliveryDeps) {
    this.#deps = deps
  }

  /** How long the oldest undelivered record has been due, in milliseconds; 0 if there is none. */
  get oldestAgeMs(): number {
    return this.#oldestDueAt === null ? 0 : Math.max(0, this.#deps.now() - this.#oldestDueAt)
  }

  /** Starts to run at intervals. */
  start(): void {
    const intervalMs = Math.max(MIN_INTERVAL_MS, Math.min(MAX_INTERVAL_MS, this.#deps.wrapUpTimeoutMs))
    const tick = () => {
      this.run()
        .finally(() => {
          if (this.#timer) this.#timer = setTimeout(tick, intervalMs).unref()
        })
        .catch(() => {})
    }
    this.#timer = setTimeout(tick, 0).unref()
  }

  /** Stops. Attempts in flight get a few seconds; an aborted one is repeated under the same id by another server. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const deadline = setTimeout(() => this.#abort.abort(), DRAIN_MS)
    this.#isStopping = true
    await this.#running
    clearTimeout(deadline)
  }

  /** Sends every record that is due. When a run is in progress, returns its result. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run()
      .catch((error: unknown) => {
        this.#warn({ failure: describeFailure(error) }, 'the list of ended calls could not be read')
      })
      .finally(() => {
        this.#running = null
      })
    return this.#running
  }

  /** Whether the record of a call with these events still has to be sent. Its log must not change until then. */
  isPending(records: readonly CallRecord[]): boolean {
    return planRecord(records, this.#deps.wrapUpTimeoutMs).status === 'pending'
  }

  /** Sends the dead-lettered record of a call again. Returns false if the call has no such record. */
  async requeue(callId: string): Promise<boolean> {
    const log = await this.#read(callId)
    const plan = log && planRecord(log.records, this.#deps.wrapUpTimeoutMs)
    if (!log || plan?.status !== 'dead') return false
    return (await this.#append(callId, plan, 'requeued', log.head)).records.length > 0
  }

  async #run(): Promise<void> {
    const startedAt = this.#deps.now()
    let unsettledAt = startedAt - MAX_SKEW_MS
    let oldestDueAt: number | null = null
    for await (const page of this.#pages()) {
      const found = await pMap(page, (listing) => this.#visit(listing), { concurrency: CONCURRENCY })
      for (const { updatedAt, dueAt } of found) {
        if (dueAt === null) continue
        unsettledAt = Math.min(unsettledAt, updatedAt)
        if (dueAt < startedAt) oldestDueAt = Math.min(oldestDueAt ?? dueAt, dueAt)
        this.#oldestDueAt =
          oldestDueAt === null ? this.#oldestDueAt : Math.min(oldestDueAt, this.#oldestDueAt ?? oldestDueAt)
      }
      if (this.#isStopping) return
    }
    this.#settledBefore = unsettledAt
    this.#oldestDueAt = oldestDueAt
  }

  /**
   * Reads the ended calls that may be unsettled, oldest first. Each page begins at the time where the page before it
   * ended, because an offset would skip calls when others leave their place in the list.
   */
  async *#pages(): AsyncGenerator<readonly CallListing[]> {
    let since = this.#settledBefore
    let limit = PAGE_SIZE
    let seen = new Set<string>()
    for (;;) {
      const page = await this.#deps.store.list({ stage: 'ended', order: 'oldest', since, limit })
      const fresh = page.filter(({ callId }) => !seen.has(callId))
      if (fresh.length > 0) yield fresh
      if (page.length < limit) return
      const last = page.at(-1)?.updatedAt ?? since
      seen = new Set(page.filter(({ updatedAt }) => updatedAt === last).map(({ callId }) => callId))
      // More calls than a page may have the same time.
      limit = last === since ? limit * 2 : PAGE_SIZE
      since = last
    }
  }

  async #visit({ callId, updatedAt }: CallListing): Promise<Known> {
    const { now } = this.#deps
    const known = this.#known.get(callId)
    if (known?.updatedAt === updatedAt && (known.dueAt === null || known.checkAt > now())) return known
    let next: Known = { updatedAt, checkAt: 0, dueAt: known?.dueAt ?? now() }
    if (this.#isStopping) return next
    try {
      next = await this.#advance(callId, updatedAt)
    } catch (error) {
      // One call that cannot be read must not keep the other records from being sent.
      this.#warn({ call_id: callId, failure: describeFailure(error) }, 'the record of a call could not be sent')
    }
    // A log may grow twice in the same millisecond.
    if (now() - updatedAt > 1_000) this.#known.set(callId, next)
    return next
  }

  /** Does what is due for the record of a call. */
  async #advance(callId: string, updatedAt: number): Promise<Known> {
    const { now, wrapUpTimeoutMs } = this.#deps
    const settled = { updatedAt, checkAt: 0, dueAt: null }
    const log = await this.#read(callId)
    if (!log) return settled
    const plan = planRecord(log.records, wrapUpTimeoutMs)
    if (plan.status !== 'pending') return settled
    const quietAt = updatedAt + Math.min(QUIET_MS, wrapUpTimeoutMs)
    const checkAt = plan.first ? plan.nextAt : Math.max(plan.nextAt, quietAt)
    if (checkAt > now()) return { updatedAt, checkAt, dueAt: plan.dueAt }
    const isSettled = await this.#attempt(callId, log, plan)
    return isSettled ? settled : { updatedAt, checkAt: 0, dueAt: plan.dueAt }
  }

  /** Makes one attempt. Returns whether the record is delivered or dead-lettered. */
  async #attempt(callId: string, log: CallLog, plan: RecordPlan): Promise<boolean> {
    const { now, send, secrets, source, onOutcome } = this.#deps
    if (plan.isExhausted) return this.#giveUp(callId, plan)
    const attempt = { ...plan, attempts: plan.attempts + 1, tries: plan.tries + 1 }
    const sentAt = now()
    const retryAt = sentAt + retryDelayMs(attempt.tries, Math.random())
    const claim = await this.#append(callId, attempt, 'sending', log.head, retryAt)
    if (claim.records.length === 0) return false
    const { at, length } = plan.first ?? { at: formatTime(sentAt), length: log.records.length }
    const state = await fold(callId, log.records.slice(0, length))
    const message = recordMessage(state, { revision: plan.revision, source, at })
    const headers = signedHeaders(message, secrets, now())
    const outcome = await send({ headers, body: message.body }, this.#abort.signal)
    if (outcome.kind === 'delivered') {
      await this.#appendResult(callId, attempt, 'delivered')
      onOutcome('delivered')
      return true
    }
    const reason = outcome.kind === 'failed' ? outcome.reason : '410'
    onOutcome('failed')
    this.#warn({ reason }, 'the receiver did not take the record of a call')
    return (outcome.kind === 'gone' || attempt.tries >= MAX_ATTEMPTS) && this.#giveUp(callId, attempt, reason)
  }

  async #giveUp(callId: string, plan: RecordPlan, reason = 'unknown'): Promise<boolean> {
    if (!(await this.#appendResult(callId, plan, 'dead'))) return true
    this.#deps.onOutcome('dead_lettered')
    this.#deps.logger.error(
      { call_id: callId, attempts: plan.attempts, reason },
      'the record of a call could not be delivered and is dead-lettered; send it again with POST /calls/{id}/record/retry',
    )
    return true
  }

  /** Appends the result of an attempt, unless the call was erased meanwhile. Returns whether it is new. */
  async #appendResult(callId: string, plan: RecordPlan, step: 'delivered' | 'dead'): Promise<boolean> {
    const { store } = this.#deps
    for (;;) {
      const head = await store.head(callId)
      if (!head || !(await store.has(callId, stepId('sending', plan)))) return false
      const appended = await this.#append(callId, plan, step, head)
      if (!appended.isStale) return appended.records.length > 0
    }
  }

  /** Appends a step of the delivery if the log still ends at `expectedHead`. */
  #append(callId: string, plan: RecordPlan, step: RecordStep, expectedHead: Cursor, retryAt?: number) {
    const { store, now } = this.#deps
    const event: EventOf<'call.record'> = {
      id: stepId(step, plan),
      event_type: 'call.record',
      occurred_at: formatTime(now()),
      payload: {
        step,
        revision: plan.revision,
        attempt: plan.attempts,
        ...(retryAt === undefined ? {} : { retry_at: formatTime(retryAt) }),
      },
    }
    return store.append(callId, [{ event }], { expectedHead, isOver: true })
  }

  /** Reads the whole log of a call; `null` when the call does not exist. */
  async #read(callId: string): Promise<CallLog | null> {
    let records: CallRecord[] = []
    let epoch: string | null = null
    for (;;) {
      const slice = await this.#deps.store.read(callId, records.length, SLICE)
      if (!slice) return null
      if (epoch !== null && slice.epoch !== epoch) {
        records = []
        epoch = null
        continue
      }
      epoch = slice.epoch
      records.push(...slice.records)
      if (slice.records.length < SLICE) return { head: { epoch, seq: records.length }, records }
      await yieldToEventLoop()
    }
  }

  /** Logs a failure that a later run makes good, at most once per `WARN_INTERVAL_MS`. */
  #warn(fields: Record<string, unknown>, message: string): void {
    const { now, logger } = this.#deps
    if (now() - this.#lastWarnedAt < WARN_INTERVAL_MS) return
    this.#lastWarnedAt = now()
    logger.warn(fields, `${message}; the server retries`)
  }
}

type RecordStep = EventOf<'call.record'>['payload']['step']

/** Returns the id of the event of a step. Of two servers that append the same step, one succeeds. */
const stepId = (step: RecordStep, { revision, attempts }: RecordPlan) => `record:${revision}:${step}:${attempts}`

/** Folds a log without blocking the event loop. */
async function fold(callId: string, records: readonly CallRecord[]): Promise<CallState> {
  let state = initialCallState(callId)
  for (const [index, { event }] of records.entries()) {
    state = reduceCall(state, event)
    if (index % SLICE === SLICE - 1) await yieldToEventLoop()
  }
  return state
}
