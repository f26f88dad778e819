/**
 * Whether the store is there, asked by a real round trip every two seconds, and at once when something has failed. Where
 * the store is also the bus between servers, the bus is away with it.
 */
import type { Logger } from 'pino'
import type { CallStore } from './call-store.ts'

const PING_MILLIS = 2_000

/** Watches over a store. */
export class StoreHealth {
  readonly #parts: { store: CallStore; logger: Logger }
  #changed = () => {}
  #isUp = true
  #asking = false
  #timer: NodeJS.Timeout | undefined

  constructor(parts: { store: CallStore; logger: Logger }) {
    this.#parts = parts
  }

  /** Whether the store answered when it was last asked. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Asks from now on; `changed` is called when the answer is another. */
  start(changed: () => void): void {
    this.#changed = changed
    this.#timer = setInterval(() => void this.check(), PING_MILLIS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#changed = () => {}
  }

  /** Asks now, unless an answer is awaited already. */
  async check(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      await this.#parts.store.ping()
      this.#learn(true)
    } catch (error) {
      this.#learn(false, error)
    } finally {
      this.#asking = false
    }
  }

  #learn(isUp: boolean, error?: unknown): void {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    const { logger } = this.#parts
    if (isUp) logger.info('the store is there again')
    else logger.error({ err: error }, 'the store is away: webhooks are refused, and agents are told')
    this.#changed()
  }
}
