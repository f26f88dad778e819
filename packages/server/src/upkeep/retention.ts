/** Retention: erases speech soon after a call, and later the whole call, because both are personal data. */
import type { CallRecord } from '@callgather/protocol'
import pMap from 'p-map'
import type { Logger } from '../base/logger.ts'
import { itemsEachTurn } from '../base/turns.ts'
import type { CallListing, CallStage, CallStore } from '../store/call-store.ts'
import { hasEnded, withoutSpeech } from './transcripts.ts'

const HOUR_MS = 3_600_000
const INTERVAL_MS = 5 * 60_000
/** With a shorter retention, a retried webhook could arrive after its call was erased, and create the call again. */
const MIN_RETENTION_HOURS = 24
/** A call that has been silent for this long counts as over. */
const ABANDONED_AFTER_MS = 24 * HOUR_MS

/** The page size of store reads. Page size and concurrency are low enough not to delay live appends. */
const PAGE_SIZE = 200
const CONCURRENCY = 16

/** The result for one call. `done`: it has no speech. `kept`: it is not over, or its log has just grown. */
type ErasureOutcome = 'erased' | 'done' | 'kept' | 'failed'

/** How long calls and their speech are kept. */
export interface RetentionOptions {
  /** How long a call is kept after its last event, in hours. Default 168 (a week), minimum 24. */
  readonly hours?: number | undefined
  /** How long speech is kept after the last event of an ended call, in hours, at most `hours`. Default 1. */
  readonly transcriptHours?: number | undefined
}

/** Dependencies of retention. */
export interface RetentionDeps {
  readonly store: CallStore
  readonly logger: Logger
  readonly now: () => number
  /** Whether the log of a call is needed as it is, so that its speech is erased later. Default: no log is. */
  readonly isNeeded?: ((records: readonly CallRecord[]) => boolean) | undefined
}

/** Erases expired calls and speech. */
export class Retention {
  readonly #deps: RetentionDeps
  readonly #hours: number
  readonly #transcriptHours: number
  #running: Promise<number> | null = null
  #isStopped = false
  /** Waits before each call, because there may be a week of them. */
  readonly #nextTurn = itemsEachTurn(1)
  #timer: NodeJS.Timeout | undefined

  /** @throws when a retention time is out of range. */
  constructor(deps: RetentionDeps, options: RetentionOptions = {}) {
    const { hours = 168, transcriptHours = 1 } = options
    if (!(hours >= MIN_RETENTION_HOURS)) throw new Error(`\`retentionHours\` must be at least ${MIN_RETENTION_HOURS}.`)
    if (!(transcriptHours >= 0)) throw new Error('`transcriptRetentionHours` must be at least 0.')
    this.#deps = deps
    this.#hours = hours
    this.#transcriptHours = transcriptHours
  }

  /** Starts to run every five minutes. */
  start(): void {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS)
    this.#timer.unref()
  }

  /** Stops retention. Resolves when the current run has finished its current page of calls. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#isStopped = true
    await this.#running
  }

  /** Runs once and resolves with the number of erased calls. When a run is in progress, returns its result. */
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
      if (count > 0) logger.info({ count }, 'expired calls erased')
      const erased = await this.#eraseSpeech()
      if (erased > 0) logger.info({ calls: erased }, 'expired speech erased')
      return count
    } catch (error) {
      logger.error({ err: error }, 'retention run failed; it retries at the next interval')
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
   * Erases speech from calls that ended long enough ago, and returns their number. The store lists only calls whose speech
   * has not been erased, so no call is read twice.
   */
  async #eraseSpeech(): Promise<number> {
    if (this.#transcriptHours >= this.#hours) return 0
    const ended = this.#deps.now() - this.#transcriptHours * HOUR_MS
    const abandoned = Math.min(ended, this.#deps.now() - ABANDONED_AFTER_MS)
    return (
      (await this.#eraseSpeechInStage('ended', ended, abandoned)) +
      (await this.#eraseSpeechInStage('live', abandoned, abandoned))
    )
  }

  async #eraseSpeechInStage(stage: CallStage, before: number, abandoned: number): Promise<number> {
    let count = 0
    // Calls that stay in their stage are skipped on the next page.
    let offset = 0
    while (!this.#isStopped) {
      const page = await this.#deps.store.list({ stage, before, order: 'oldest', limit: PAGE_SIZE, offset })
      const outcomes = await pMap(page, (listing) => this.#eraseSpeechOfCall(listing, abandoned), {
        concurrency: CONCURRENCY,
      })
      count += outcomes.filter((outcome) => outcome === 'erased').length
      const failed = outcomes.filter((outcome) => outcome === 'failed').length
      offset += outcomes.filter((outcome) => outcome === 'kept').length + failed
      // If every call of a page fails, the store is failing. The next run retries.
      if (page.length < PAGE_SIZE || failed === page.length) break
    }
    return count
  }

  async #eraseSpeechOfCall({ callId, updatedAt }: CallListing, abandoned: number): Promise<ErasureOutcome> {
    const { store, logger, isNeeded } = this.#deps
    await this.#nextTurn()
    try {
      const slice = await store.read(callId, 0)
      const last = slice?.records.at(-1)
      // The call was erased after it was listed.
      if (!slice || !last) return 'kept'
      if (!hasEnded(slice.records) && updatedAt >= abandoned) return 'kept'
      if (isNeeded?.(slice.records)) return 'kept'
      const changed = withoutSpeech(slice.records)
      const isDone = await store.rewrite(callId, { epoch: slice.epoch, seq: last.seq }, changed)
      if (!isDone) return 'kept'
      return changed.length > 0 ? 'erased' : 'done'
    } catch (error) {
      // One call that cannot be read or rewritten must not keep the others from being erased.
      logger.error({ err: error }, 'speech of a call could not be erased; the next run retries it')
      return 'failed'
    }
  }
}
