/**
 * Whether the store takes appends: the one truth that `/readyz`, the metrics and the agents' screens show. A durable
 * write tests it at intervals, and an append that fails counts at once. Where the store is also the bus between
 * servers, the bus is away with it.
 */
import type { Logger } from '../base/logger.ts'
import type { CallStore } from '../store/call-store.ts'

const PING_INTERVAL_MS = 1_500
/** A ping that takes longer has failed; with the interval, everything knows within four seconds. */
const PING_TIMEOUT_MS = 2_000

/** Monitors a store. */
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

  /** Whether the store took the last write. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Whether the store took the last write; after a start, once one was tried. */
  async isReady(): Promise<boolean> {
    await this.#first
    return this.#isUp
  }

  /** Pings from now on; `changed` is called when the answer changes. */
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

  /** An append, or another write, was refused: that is what health is about, whatever a ping says. */
  reportFailure(error: unknown): void {
    this.#failedAt = performance.now()
    this.#learn(false, error)
  }

  /** Pings now, unless a ping is under way. Never rejects. */
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
      // A small write may still fit where appends fail: while they do, a ping proves nothing.
      if (performance.now() - this.#failedAt >= PING_INTERVAL_MS) this.#learn(true)
    } catch (error) {
      this.#learn(false, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #learn(isUp: boolean, error?: unknown): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    const { logger } = this.#deps
    if (isUp) logger.info({}, 'the store is available again')
    else
      logger.error({ err: error }, 'the store is unavailable: webhooks get 503, and agents see that updates are paused')
    this.#changed()
  }
}
