/** Webhooks held back until the next one of their call has gone: the fault `reorder`. */
import type { Clock } from '../clock/clock.ts'

export class Reordering {
  private readonly clock: Clock
  private readonly heldBack = new Map<string, (() => void)[]>()

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Takes out what waits for the next webhook of a call, which is about to go. */
  take(callId: string): readonly (() => void)[] {
    const waiting = this.heldBack.get(callId) ?? []
    this.heldBack.delete(callId)
    return waiting
  }

  /** Holds `go` back, for `ms` at most: the last webhook of a call has no next. */
  holdBack(callId: string, ms: number, go: () => void): void {
    const { clock } = this
    let gone = false
    const once = () => {
      if (gone) return
      gone = true
      cancel()
      go()
    }
    const cancel = clock.schedule(clock.now() + ms, () => {
      const others = (this.heldBack.get(callId) ?? []).filter((other) => other !== once)
      if (others.length > 0) this.heldBack.set(callId, others)
      else this.heldBack.delete(callId)
      once()
    })
    this.heldBack.set(callId, [...(this.heldBack.get(callId) ?? []), once])
  }

  clear(): void {
    this.heldBack.clear()
  }
}
