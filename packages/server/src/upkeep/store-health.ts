/**
 * Tracks whether the store accepts appends, for `/readyz`, the metrics and agents' screens. A durable write tests it at
 * intervals, and a failed append counts immediately.
 */
import type { Logger } from '../base/logger.ts'
import type { CallStore } from '../store/call-store.ts'

const PING_INTERVAL_MS = 1_500
/** The timeout of a ping. Together with the interval, it detects an outage within four seconds. */
const PING_TIMEOUT_MS = 2_000

/** Monitors the health of a store. */
export class StoreHealth {
  readonly #deps: { store: CallStore; logger: Logger }
  #changed = () => {}
  #isUp = true
  #pinging: Promise<void> | null = null
  #first: Promise<void> | null = null
  #failedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(deps: { store: CallStore; logger: Logger }) {
    this.#deps = deps
  }

  /** Whether the last write to the store succeeded. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Resolves with whether the last write to the store succeeded. After a start, waits for the first ping. */
  async isReady(): Promise<boolean> {
    await this.#first
    return this.#isUp
  }

  /** Starts to ping the store at intervals. Calls `changed` when `isUp` changes. */
  start(changed: () => void): void {
    this.#changed = changed
    this.#first = this.check()
    this.#timer = setInterval(() => void this.check(), PING_INTERVAL_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#changed = () => {}
  }

  /** Marks the store as unavailable after a failed write, even if pings succeed. */
  reportFailure(error: unknown): void {
    this.#failedAt = performance.now()
    this.#setIsUp(false, error)
  }

  /** Pings the store now, or waits for the current ping. Never rejects. */
  check(): Promise<void> {
    this.#pinging ??= this.#ping().finally(() => {
      this.#pinging = null
    })
    return this.#pinging
  }

  async #ping(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The store did not answer in ${PING_TIMEOUT_MS} ms.`)), PING_TIMEOUT_MS)
      timer.unref()
    })
    try {
      await Promise.race([this.#deps.store.ping(), deadline])
      // A small write may succeed where appends fail, so a ping does not count soon after a failed append.
      if (performance.now() - this.#failedAt >= PING_INTERVAL_MS) this.#setIsUp(true)
    } catch (error) {
      this.#setIsUp(false, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #setIsUp(isUp: boolean, error?: unknown): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    const { logger } = this.#deps
    if (isUp) logger.info({}, 'the store is available again')
    else
      logger.error({ err: error }, 'the store is unavailable: webhooks get 503, and agents see that updates are paused')
    this.#changed()
  }
}
