/**
 * A clock that stands still until it is moved. What the client would do later, it does when the clock gets there, in
 * order; between two such things, whatever was promised gets its turn, as it would in life.
 */
import type { Clock } from '../client/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #alarms: Timer[] = []

  constructor(now: number) {
    this.#now = now
  }

  readonly now = (): number => this.#now

  readonly setTimeout = (run: () => void, millis: number): (() => void) => {
    const alarm = { at: this.#now + Math.max(0, millis), order: this.#order++, run }
    this.#alarms.push(alarm)
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm)
    }
  }

  /** Moves the clock to a time, or leaves it where it is if that time has passed. */
  async advanceTo(time: number): Promise<void> {
    await flushPromises()
    for (let next = this.#next(time); next; next = this.#next(time)) {
      this.#alarms = this.#alarms.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await flushPromises()
    }
    this.#now = Math.max(this.#now, time)
  }

  #next(time: number): Timer | undefined {
    let next: Timer | undefined
    for (const alarm of this.#alarms) {
      if (alarm.at > time) continue
      if (!next || alarm.at < next.at || (alarm.at === next.at && alarm.order < next.order)) next = alarm
    }
    return next
  }
}

/** The longest chain of promises between a request and what comes of it is shorter than this. */
const MAX_PROMISE_CHAIN = 24

/** Gives everything that was promised its turn. No timer, so that a test's fake timers do not stop it. */
export async function flushPromises(): Promise<void> {
  for (let turn = 0; turn < MAX_PROMISE_CHAIN; turn++) await Promise.resolve()
}
