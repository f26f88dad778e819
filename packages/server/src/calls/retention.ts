/** Forgets calls that are over: personal data is kept no longer than it is needed. */
import type { Logger } from 'pino'
import type { CallStore } from './call-store.ts'

const HOUR_MILLIS = 3_600_000
/** Shorter than this a webhook could come again after its call was forgotten, and count as new. */
const SHORTEST_HOURS = 24

/** Erases calls whose logs have not grown for a time. */
export class Retention {
  readonly #parts: { store: CallStore; logger: Logger; now: () => number }
  readonly #hours: number
  #timer: NodeJS.Timeout | undefined

  /**
   * @param hours How long a call is kept after its log last grew. Default a week.
   * @throws when that is less than a day.
   */
  constructor(parts: { store: CallStore; logger: Logger; now: () => number }, hours = 168) {
    if (!(hours >= SHORTEST_HOURS)) throw new Error(`\`retentionHours\` must be at least ${SHORTEST_HOURS}.`)
    this.#parts = parts
    this.#hours = hours
  }

  /** Looks every hour from now on. */
  start(): void {
    this.#timer = setInterval(() => void this.run(), HOUR_MILLIS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Forgets what is old now. How many calls. */
  async run(): Promise<number> {
    const { store, logger, now } = this.#parts
    try {
      const count = await store.forgetBefore(now() - this.#hours * HOUR_MILLIS)
      if (count > 0) logger.info({ count }, 'calls forgotten: their time was up')
      return count
    } catch (error) {
      logger.error({ err: error }, 'old calls could not be forgotten')
      return 0
    }
  }
}
