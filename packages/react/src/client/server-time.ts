/**
 * Estimates the server's clock. The server stamps a reply after the request and before the reply arrives, and a beacon
 * before it arrives. Each stamp narrows the range of possible offsets; a quick reply narrows the range most.
 */
import type { Clock } from './clock.ts'

/** The smallest change of the offset that is published, because smaller changes don't justify a render. */
const MIN_STEP_MS = 20

export class ServerTime {
  readonly #clock: Clock
  #minOffsetMs = Number.NEGATIVE_INFINITY
  #maxOffsetMs = Number.POSITIVE_INFINITY
  #offsetMs = 0
  #latestOffsetMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The server's clock minus the client's clock, in milliseconds. An estimate; 0 before the first observation. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** The same estimate with every small change, for measurements. */
  get latestOffsetMs(): number {
    return this.#latestOffsetMs
  }

  /**
   * Updates the estimate with a timestamp that just arrived from the server.
   *
   * @param requestedAt when the request was sent, by the client's clock; absent for beacons
   */
  observe(serverTime: string, requestedAt = Number.NEGATIVE_INFINITY): void {
    const time = Date.parse(serverTime)
    const min = time - this.#clock.now()
    const max = time - requestedAt
    const contradicts = min > this.#maxOffsetMs || max < this.#minOffsetMs
    // A clock can drift or be set. If the new range contradicts the old one, discard the old range.
    this.#minOffsetMs = contradicts ? min : Math.max(this.#minOffsetMs, min)
    this.#maxOffsetMs = contradicts ? max : Math.min(this.#maxOffsetMs, max)
    const isOpenEnded = this.#maxOffsetMs === Number.POSITIVE_INFINITY
    const offsetMs = isOpenEnded ? this.#minOffsetMs : (this.#minOffsetMs + this.#maxOffsetMs) / 2
    this.#latestOffsetMs = offsetMs
    if (Math.abs(offsetMs - this.#offsetMs) >= MIN_STEP_MS) this.#offsetMs = offsetMs
  }
}
