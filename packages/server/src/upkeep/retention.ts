/**
 * Forgets: personal data is kept no longer than it is needed. What was said goes first, soon after the call; then the
 * call with all that is known of it.
 */
import { setImmediate as turn } from 'node:timers/promises'
import pMap from 'p-map'
import type { Logger } from '../base/logger.ts'
import type { CallListing, CallStage, CallStore } from '../store/call-store.ts'
import { hasEnded, withoutSpeech } from './transcripts.ts'

const HOUR_MS = 3_600_000
const INTERVAL_MS = 5 * 60_000
/** Shorter than this a webhook could come again after its call was forgotten, and count as new. */
const MIN_RETENTION_HOURS = 24
/** A call from which nothing has come for so long is over, whatever its log says. */
const ABANDONED_AFTER_MS = 24 * HOUR_MS

/** Calls that are listed at a time, and of these worked on at the same time: live appends go on beside them. */
const PAGE_SIZE = 200
const CONCURRENCY = 16

/** `done`: there was nothing to erase. `kept`: it is not over yet, or has just grown. */
type ErasureOutcome = 'silenced' | 'done' | 'kept' | 'failed'

/** How long things are kept. */
export interface RetentionOptions {
  /** A call, in hours after its last event. Default 168, a week; at least 24. */
  readonly hours?: number | undefined
  /**
   * What was said on a call, in hours after the last event of a call that is over. Default 1; 0 for none; as much as
   * `hours`, or more, keeps it with the call.
   */
  readonly transcriptHours?: number | undefined
}

/** Erases what has been kept long enough. */
export class Retention {
  readonly #deps: { store: CallStore; logger: Logger; now: () => number }
  readonly #hours: number
  readonly #transcriptHours: number
  #running: Promise<number> | null = null
  #isStopped = false
  #lastTurn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** @throws when a time is out of its range. */
  constructor(deps: { store: CallStore; logger: Logger; now: () => number }, options: RetentionOptions = {}) {
    const { hours = 168, transcriptHours = 1 } = options
    if (!(hours >= MIN_RETENTION_HOURS)) throw new Error(`\`retentionHours\` must be at least ${MIN_RETENTION_HOURS}.`)
    if (!(transcriptHours >= 0)) throw new Error('`transcriptRetentionHours` must be a number of hours, 0 or more.')
    this.#deps = deps
    this.#hours = hours
    this.#transcriptHours = transcriptHours
  }

  /** Looks every five minutes from now on. */
  start(): void {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** Resolves when a run under way has ended, which it does after the calls it is working on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#isStopped = true
    await this.#running
  }

  /** Forgets what is old now. How many calls. A second request during a run gets the answer of that run. */
  run(): Promise<number> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #run(): Promise<number> {
    const { logger, now } = this.#deps
    try {
      const moment = now() - this.#hours * HOUR_MS
      const count = await this.#forgetCalls(moment)
      if (count > 0) logger.info({ count }, 'calls forgotten: their time was up')
      const silenced = await this.#silence()
      if (silenced > 0) logger.info({ calls: silenced }, 'what was said on calls erased: its time was up')
      return count
    } catch (error) {
      logger.error({ err: error }, 'old calls could not be forgotten')
      return 0
    }
  }

  async #forgetCalls(moment: number): Promise<number> {
    const { store } = this.#deps
    let count = 0
    while (!this.#isStopped) {
      const page = await store.list({ before: moment, order: 'oldest', limit: PAGE_SIZE })
      const outcomes = await pMap(page, ({ callId }) => store.forget(callId, moment), { concurrency: CONCURRENCY })
      const forgotten = outcomes.filter(Boolean).length
      count += forgotten
      if (forgotten === 0) break
    }
    return count
  }

  /**
   * Takes what was said out of calls that have been over for long enough. How many calls. Each stage of the store lists
   * only calls that are not done with, so no call is read twice.
   */
  async #silence(): Promise<number> {
    if (this.#transcriptHours >= this.#hours) return 0
    const ended = this.#deps.now() - this.#transcriptHours * HOUR_MS
    const abandoned = Math.min(ended, this.#deps.now() - ABANDONED_AFTER_MS)
    return (
      (await this.#silenceStage('ended', ended, abandoned)) + (await this.#silenceStage('live', abandoned, abandoned))
    )
  }

  async #silenceStage(stage: CallStage, before: number, abandoned: number): Promise<number> {
    let count = 0
    // Calls that stay in their stage are passed over.
    let offset = 0
    while (!this.#isStopped) {
      const page = await this.#deps.store.list({ stage, before, order: 'oldest', limit: PAGE_SIZE, offset })
      const outcomes = await pMap(page, (listing) => this.#silenceCall(listing, abandoned), {
        concurrency: CONCURRENCY,
      })
      count += outcomes.filter((outcome) => outcome === 'silenced').length
      const failed = outcomes.filter((outcome) => outcome === 'failed').length
      offset += outcomes.filter((outcome) => outcome === 'kept').length + failed
      // Where every call of a page fails it is the store that fails: the next run tries again.
      if (page.length < PAGE_SIZE || failed === page.length) break
    }
    return count
  }

  async #silenceCall({ callId, updatedAt }: CallListing, abandoned: number): Promise<ErasureOutcome> {
    const { store, logger } = this.#deps
    // There may be a week of calls: between two of them everything else gets its turn.
    this.#lastTurn = this.#lastTurn.then(() => turn())
    await this.#lastTurn
    try {
      const slice = await store.read(callId, 0)
      const last = slice?.records.at(-1)
      // Its line outlived it, and is removed with the next calls that are forgotten.
      if (!slice || !last) return 'kept'
      if (!hasEnded(slice.records) && updatedAt >= abandoned) return 'kept'
      const changed = withoutSpeech(slice.records)
      const isDone = await store.rewrite(callId, { epoch: slice.epoch, seq: last.seq }, changed)
      if (!isDone) return 'kept'
      return changed.length > 0 ? 'silenced' : 'done'
    } catch (error) {
      // One call that cannot be read or rewritten must not keep the others from being erased.
      logger.error({ err: error }, 'what was said on a call could not be erased; it is tried again')
      return 'failed'
    }
  }
}
