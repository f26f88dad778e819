/**
 * The server's clock, as one client reckons it. The server stamps an answer at some moment between the question and the
 * answer's arrival, and a beacon at some moment before its arrival: each narrows down how far the two clocks are apart.
 * An answer that was long on its way narrows it little, so it cannot spoil what a quick one has told.
 */
import type { Clock } from './clock.ts'

/** A clock that is off by less than this is not worth a repaint. */
const MIN_STEP_MS = 20

export class ServerTime {
  readonly #clock: Clock
  /** The least and the most that the server's clock can be ahead of ours. */
  #least = Number.NEGATIVE_INFINITY
  #most = Number.POSITIVE_INFINITY
  #offset = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The server's clock less ours, in milliseconds. An estimate; 0 while nothing is known. */
  get offsetMs(): number {
    return this.#offset
  }

  /**
   * Takes in a time that the server has just told.
   *
   * @param asked when it was asked for it, by our clock; without it, it was told unasked
   */
  observe(told: string, asked = Number.NEGATIVE_INFINITY): void {
    const time = Date.parse(told)
    const least = time - this.#clock.now()
    const most = time - asked
    const contradicts = least > this.#most || most < this.#least
    // Clocks are set, and drift: what was known is wrong then, and the newest word counts.
    this.#least = contradicts ? least : Math.max(this.#least, least)
    this.#most = contradicts ? most : Math.min(this.#most, most)
    const offset = this.#most === Number.POSITIVE_INFINITY ? this.#least : (this.#least + this.#most) / 2
    if (Math.abs(offset - this.#offset) >= MIN_STEP_MS) this.#offset = offset
  }
}
