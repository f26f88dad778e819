/** Named timers of one owner (such as a call), which can be cleared together. */
import type { Clock } from './clock.ts'

export class Timers {
  private readonly clock: Clock
  private readonly cancels = new Map<unknown, () => void>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Runs `then` in `ms` milliseconds. Replaces a pending timer of the same `name`. */
  set(ms: number, then: () => void, name: unknown = then): void {
    this.cancel(name)
    const cancel = this.clock.schedule(this.clock.now() + ms, () => {
      this.cancels.delete(name)
      then()
    })
    this.cancels.set(name, cancel)
  }

  cancel(name: unknown): void {
    this.cancels.get(name)?.()
    this.cancels.delete(name)
  }

  clear(): void {
    for (const cancel of this.cancels.values()) cancel()
    this.cancels.clear()
  }
}
