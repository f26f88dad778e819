/**
 * Forgets: personal data is kept no longer than it is needed. What was said goes first, soon after the call; then the
 * call with all that is known of it; and what was set aside goes as calls do.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { CallStore } from './call-store.ts'
import { isOver, withoutSpeech } from './transcripts.ts'

const HOUR_MILLIS = 3_600_000
const INTERVAL_MILLIS = 5 * 60_000
/** Shorter than this a webhook could come again after its call was forgotten, and count as new. */
const SHORTEST_HOURS = 24
/** A call from which nothing has come for so long is over, whatever its log says. */
const ABANDONED_MILLIS = 24 * HOUR_MILLIS

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
  readonly #parts: { store: CallStore; logger: Logger; now: () => number }
  readonly #hours: number
  readonly #transcriptHours: number
  /** Calls that last grew before this moment are done with. */
  #silentUntil = 0
  #timer: NodeJS.Timeout | undefined

  /** @throws when a time is out of its range. */
  constructor(parts: { store: CallStore; logger: Logger; now: () => number }, options: RetentionOptions = {}) {
    const { hours = 168, transcriptHours = 1 } = options
    if (!(hours >= SHORTEST_HOURS)) throw new Error(`\`retentionHours\` must be at least ${SHORTEST_HOURS}.`)
    if (!(transcriptHours >= 0)) throw new Error('`transcriptRetentionHours` must be a number of hours, 0 or more.')
    this.#parts = parts
    this.#hours = hours
    this.#transcriptHours = transcriptHours
  }

  /** Looks every five minutes from now on. */
  start(): void {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MILLIS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Forgets what is old now. How many calls. */
  async run(): Promise<number> {
    const { store, logger, now } = this.#parts
    try {
      const moment = now() - this.#hours * HOUR_MILLIS
      const count = await store.forgetBefore(moment)
      if (count > 0) logger.info({ count }, 'calls forgotten: their time was up')
      for (const { id, at } of await store.listAside(10_000)) if (at < moment) await store.dropAside(id)
      const silenced = await this.#silence()
      if (silenced > 0) logger.info({ calls: silenced }, 'what was said on calls erased: its time was up')
      return count
    } catch (error) {
      logger.error({ err: error }, 'old calls could not be forgotten')
      return 0
    }
  }

  /** Takes what was said out of calls that have been over for long enough. How many calls. */
  async #silence(): Promise<number> {
    const { store, now } = this.#parts
    if (this.#transcriptHours >= this.#hours) return 0
    const before = now() - this.#transcriptHours * HOUR_MILLIS
    const abandoned = now() - ABANDONED_MILLIS
    let done = before
    let count = 0
    for (const { callId, updatedAt } of await store.list({
      limit: Number.MAX_SAFE_INTEGER,
      since: this.#silentUntil,
    })) {
      if (updatedAt > before) continue
      // There may be a week of calls: nobody else shall wait for all of them.
      await turn()
      const slice = await store.read(callId, 0)
      const last = slice?.records.at(-1)
      if (!slice || !last) continue
      const changed = withoutSpeech(slice.records)
      if (changed.length === 0) continue
      const isDue = isOver(slice.records) || updatedAt < abandoned
      const head = { epoch: slice.epoch, seq: last.seq }
      if (isDue && (await store.rewrite(callId, head, changed))) count += 1
      // Still going on, or it has grown in this very moment: its turn comes.
      else done = Math.min(done, updatedAt)
    }
    this.#silentUntil = done
    return count
  }
}
