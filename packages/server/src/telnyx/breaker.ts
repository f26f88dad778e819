/**
 * Stops asking what does not answer. After five failures in a row an endpoint is left alone for five seconds; then one
 * command is let through to see. Commands that end something always pass: a caller must never be held because a
 * gather could not be started.
 */

/** How a breaker behaves. */
export interface BreakerOptions {
  /** Failures in a row that open it. Default 5. */
  readonly failures?: number
  /** How long it stays open before it tries, in milliseconds. Default 5000. */
  readonly restMillis?: number
  readonly now?: () => number
}

/** The breaker of one endpoint. */
export class Breaker {
  readonly #failures: number
  readonly #restMillis: number
  readonly #now: () => number
  #failed = 0
  #openedAt: number | null = null
  #trying = false

  constructor({ failures = 5, restMillis = 5_000, now = Date.now }: BreakerOptions = {}) {
    this.#failures = failures
    this.#restMillis = restMillis
    this.#now = now
  }

  /** Whether it is open: nothing passes but a trial now and then. */
  get isOpen(): boolean {
    return this.#openedAt !== null
  }

  /** Asks to pass. Whoever may must say how it went. */
  mayPass(): boolean {
    if (this.#openedAt === null) return true
    const rested = this.#now() - this.#openedAt
    // A clock that was set back says nothing of how long it has rested.
    if (this.#trying || (rested >= 0 && rested < this.#restMillis)) return false
    this.#trying = true
    return true
  }

  /** The endpoint answered. */
  succeeded(): void {
    this.#failed = 0
    this.#openedAt = null
    this.#trying = false
  }

  /** The endpoint failed, or did not answer. */
  failed(): void {
    this.#failed += 1
    this.#trying = false
    if (this.#failed >= this.#failures) this.#openedAt = this.#now()
  }
}
