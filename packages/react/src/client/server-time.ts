/**
 * Estimates the server's clock. The server stamps a reply between request and arrival, and a beacon before its arrival,
 * so each narrows the range of possible offsets. A slow reply narrows it little and can't undo a quick one.
 */
import type { Clock } from './clock.ts'

/** Smaller changes of the offset don't justify a repaint. */
const MIN_STEP_MS = 20

export class ServerTime {
  readonly #clock: Clock
  #minOffsetMs = Number.NEGATIVE_INFINITY
  #maxOffsetMs = Number.POSITIVE_INFINITY
  #offsetMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The server's clock minus ours, in milliseconds. An estimate; 0 before the first observation. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /**
   * Takes in a timestamp that just arrived from the server.
   *
   * @param requestedAt when the request was sent, by our clock; absent for beacons
   */
  observe(serverTime: string, requestedAt = Number.NEGATIVE_INFINITY): void {
    const time = Date.parse(serverTime)
    const min = time - this.#clock.now()
    const max = time - requestedAt
    const contradicts = min > this.#maxOffsetMs || max < this.#minOffsetMs
    // Clocks drift and get set. A contradiction makes the old range worthless.
    this.#minOffsetMs = contradicts ? min : Math.max(this.#minOffsetMs, min)
    this.#maxOffsetMs = contradicts ? max : Math.min(this.#maxOffsetMs, max)
    const isOpenEnded = this.#maxOffsetMs === Number.POSITIVE_INFINITY
    const offsetMs = isOpenEnded ? this.#minOffsetMs : (this.#minOffsetMs + this.#maxOffsetMs) / 2
    if (Math.abs(offsetMs - this.#offsetMs) >= MIN_STEP_MS) this.#offsetMs = offsetMs
  }
}
