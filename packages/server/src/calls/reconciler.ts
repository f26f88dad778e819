/**
 * Fetches what Telnyx could not deliver. Telnyx tries for a minute at most; a deploy or an outage that lasts longer
 * would leave holes, and a call whose hangup never came would ring for ever.
 *
 * What is fetched goes the way of every webhook: masked, deduplicated, appended. Runs when the server starts, when the
 * store can be written again after it could not, and every minute; several servers may run it at once, as what one has
 * appended is a duplicate to the others.
 */
import type { Logger } from 'pino'
import { timeOf } from '../telnyx/normalise.ts'
import type { TelnyxRecords } from '../telnyx/records.ts'
import type { CallLog } from './call-log.ts'
import type { CallStore } from './call-store.ts'
import type { Ingest } from './ingest.ts'

/** How reconciliation is set. */
export interface ReconcileOptions {
  /** How often, in milliseconds. Default one minute. */
  readonly intervalMillis?: number
  /** A call from which nothing has come for so long is asked about, in milliseconds. Default one minute. */
  readonly silentMillis?: number
}

/** What reconciliation works with. */
export interface ReconcilerParts {
  readonly log: CallLog
  readonly store: CallStore
  readonly ingest: Ingest
  readonly records: TelnyxRecords
  readonly now: () => number
  readonly logger: Logger
}

/** What one run has found. */
export interface Reconciled {
  /** Events that were missing. */
  readonly fetched: number
  /** Calls that were over without our knowing. */
  readonly closed: number
}

const DAY_MILLIS = 86_400_000
/** How far back a run looks beyond the last one: deliveries fail slowly. */
const OVERLAP_MILLIS = 10 * 60_000
/** Telnyx answers for a call until ten minutes after its end; asking must not become rarer than that. */
const LONGEST_PAUSE_MILLIS = 8 * 60_000
/** Calls that are asked about in one run. */
const MOST_QUESTIONS = 100

/** Keeps the logs whole. */
export class Reconciler {
  readonly #parts: ReconcilerParts
  readonly #intervalMillis: number
  readonly #silentMillis: number
  /** When each silent call may be asked about again, and how long the pause before was. */
  readonly #asked = new Map<string, { next: number; pause: number }>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<Reconciled> | null = null
  #lastRun: number | null = null
  #outage = false

  constructor(parts: ReconcilerParts, { intervalMillis = 60_000, silentMillis = 60_000 }: ReconcileOptions = {}) {
    this.#parts = parts
    this.#intervalMillis = intervalMillis
    this.#silentMillis = silentMillis
  }

  /** Runs now, and then at intervals. */
  start(): void {
    const tick = () => {
      void this.run()
        .catch(() => {})
        .finally(() => {
          if (!this.#timer) return
          this.#timer = setTimeout(
            tick,
            this.#outage ? Math.min(this.#intervalMillis, 5_000) : this.#intervalMillis,
          ).unref()
        })
    }
    this.#timer = setTimeout(tick, 0).unref()
  }

  /** An event was turned away because the store could not take it: look soon whether it can again. */
  outage(): void {
    this.#outage = true
  }

  /** Stops; resolves when a run under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#running?.catch(() => {})
  }

  /** Looks for what is missing, once. Whoever asks during a run gets that run's answer. */
  run(): Promise<Reconciled> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  /** Asks at once whether a call is over: Telnyx has just said so, in refusing a command. */
  async check(callId: string): Promise<void> {
    await this.#ask(callId).catch((error: unknown) => this.#failed(error))
  }

  async #run(): Promise<Reconciled> {
    const { store, now, logger } = this.#parts
    const began = now()
    try {
      await store.ping()
      const fetched = await this.#fetch(Math.max((this.#lastRun ?? 0) - OVERLAP_MILLIS, began - DAY_MILLIS))
      const closed = await this.#askSilent()
      this.#lastRun = began
      this.#outage = false
      if (fetched + closed > 0) logger.warn({ fetched, closed }, 'reconciled: events had not been delivered')
      return { fetched, closed }
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  async #fetch(since: number): Promise<number> {
    const { records, ingest } = this.#parts
    let fetched = 0
    for await (const webhook of records.failedDeliveries(since)) {
      if ((await ingest.accept(webhook)) === 'appended') fetched += 1
    }
    return fetched
  }

  async #askSilent(): Promise<number> {
    const { store, now } = this.#parts
    const listed = await store.list({ limit: 10_000, since: now() - DAY_MILLIS })
    const silent = listed.filter(({ callId, updatedAt }) => {
      const known = this.#asked.get(callId)
      return now() - updatedAt >= this.#silentMillis && (!known || known.next <= now())
    })
    let closed = 0
    let questions = 0
    // Those that have been silent longest come first: Telnyx forgets them first.
    for (const { callId } of [...silent].reverse()) {
      if (questions >= MOST_QUESTIONS) break
      const { state } = await this.#parts.log.open(callId)
      if (state.hangup || state.closed) {
        this.#asked.set(callId, { next: Number.POSITIVE_INFINITY, pause: 0 })
        continue
      }
      questions += 1
      if (await this.#ask(callId)) closed += 1
    }
    const live = new Set(listed.map(({ callId }) => callId))
    for (const callId of this.#asked.keys()) if (!live.has(callId)) this.#asked.delete(callId)
    return closed
  }

  /** Asks about one call, and closes it if it is over. */
  async #ask(callId: string): Promise<boolean> {
    const { records, log, now } = this.#parts
    const pause = Math.min((this.#asked.get(callId)?.pause ?? this.#silentMillis / 2) * 2, LONGEST_PAUSE_MILLIS)
    this.#asked.set(callId, { next: now() + pause, pause })
    const alive = await records.isAlive(callId)
    if (alive === true) return false
    const { records: appended } = await log.append(callId, ({ state }) => {
      if (state.hangup || state.closed) return []
      const reason = alive === false ? 'Telnyx says that the call is over.' : 'Telnyx does not know the call any more.'
      const event = {
        id: `${callId}:closed`,
        event_type: 'call.closed',
        occurred_at: timeOf(now()),
        payload: { reason },
      } as const
      return [{ event }]
    })
    return appended.length > 0
  }

  #failed(error: unknown): void {
    this.#parts.logger.warn({ err: error }, 'reconciliation failed; it will be tried again')
  }
}
