/** A clock that moves only when a test advances it. Due timers run in order, and promises settle between two timers. */
import type { Clock } from '../client/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #timers: Timer[] = []

  constructor(now: number) {
    this.#now = now
  }

  readonly now = (): number => this.#now

  readonly setTimeout = (run: () => void, delayMs: number): (() => void) => {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Advances the clock to a time. An earlier time leaves the clock unchanged. */
  async advanceTo(time: number): Promise<void> {
    await flushPromises()
    for (let next = this.#next(time); next; next = this.#next(time)) {
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.run()
      await flushPromises()
    }
    this.#now = Math.max(this.#now, time)
  }

  #next(time: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > time) continue
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }
}

/** A number of turns that is longer than any chain of promises in the client. */
const MAX_PROMISE_CHAIN = 24

/** Waits until pending promises have settled. It uses no timer, so it works under fake timers. */
export async function flushPromises(): Promise<void> {
  for (let turn = 0; turn < MAX_PROMISE_CHAIN; turn++) await Promise.resolve()
}
