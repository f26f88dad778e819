/** L7: the commands of a call that carried a `command_id`, for as long as Telnyx remembers them. */
import type { Clock } from '../clock/clock.ts'

export class CommandMemory {
  private readonly clock: Clock
  private readonly forMs: number
  private readonly known = new Map<string, { until: number; result: unknown }>()

  constructor(clock: Clock, forMs: number) {
    this.clock = clock
    this.forMs = forMs
  }

  /** The answer to the command with this id, when there was one lately. */
  recall(commandId: string): { result: unknown } | null {
    const known = this.known.get(commandId)
    return known && known.until > this.clock.now() ? known : null
  }

  remember(commandId: string, result: unknown): void {
    const now = this.clock.now()
    for (const [id, { until }] of this.known) if (until <= now) this.known.delete(id)
    this.known.set(commandId, { until: now + this.forMs, result })
  }
}
