/**
 * Stops sending commands to an endpoint that does not answer. After five failures in a row it refuses commands for five
 * seconds, then lets one command through as a trial.
 */

/** Options of a circuit breaker. */
export interface BreakerOptions {
  /** The number of failures in a row that opens the breaker. Default 5. */
  readonly maxFailures?: number
  /** How long the breaker stays open before a trial, in milliseconds. Default 5000. */
  readonly cooldownMs?: number
  readonly now?: () => number
}

/** The circuit breaker of one endpoint. */
export class Breaker {
  readonly #maxFailures: number
  readonly #cooldownMs: number
  readonly #now: () => number
  #failureCount = 0
  #openedAt: number | null = null
  #isTrialRunning = false

  constructor({ maxFailures = 5, cooldownMs = 5_000, now = Date.now }: BreakerOptions = {}) {
    this.#maxFailures = maxFailures
    this.#cooldownMs = cooldownMs
    this.#now = now
  }

  /** Whether the breaker refuses requests, except for one trial after each cooldown. */
  get isOpen(): boolean {
    return this.#openedAt !== null
  }

  /** Returns whether a request may be sent. If so, the caller must report the request's result. */
  tryPass(): boolean {
    if (this.#openedAt === null) return true
    const openMs = this.#now() - this.#openedAt
    // A negative time means that the clock was set back, so the real time is unknown.
    if (this.#isTrialRunning || (openMs >= 0 && openMs < this.#cooldownMs)) return false
    this.#isTrialRunning = true
    return true
  }

  /** Closes the breaker, because the endpoint answered. */
  recordSuccess(): void {
    this.#failureCount = 0
    this.#openedAt = null
    this.#isTrialRunning = false
  }

  /** Counts a failure or a timeout, and opens the breaker at the limit. */
  recordFailure(): void {
    this.#failureCount += 1
    this.#isTrialRunning = false
    if (this.#failureCount >= this.#maxFailures) this.#openedAt = this.#now()
  }
}
