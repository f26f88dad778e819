/** The queues of calls: which calls wait, in which order, and why each leaves. */
import type { Chance } from '../clock/chance.ts'
import type { Clock } from '../clock/clock.ts'
import type { Call } from './call.ts'

/** The `reason` of `call.dequeued`. */
type LeaveReason = 'bridged' | 'hangup' | 'leave' | 'timeout'

interface Entry {
  call: Call
  enqueuedAt: number
  cancelTimeout(): void
}

export interface Queue {
  id: string
  name: string
  maxSize: number
  createdAt: number
  updatedAt: number
  /** The waiting calls, the longest waiting first. */
  entries: Entry[]
}

const DEFAULT_MAX_SIZE = 100

export class Queues {
  private readonly byName = new Map<string, Queue>()
  private readonly clock: Clock
  private readonly chance: Chance

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock
    this.chance = chance
  }

  list(): Queue[] {
    return [...this.byName.values()]
  }

  /** Finds a queue by its name or id. */
  find(nameOrId: string): Queue | undefined {
    return this.byName.get(nameOrId) ?? this.list().find(({ id }) => id === nameOrId)
  }

  /** Returns the queue in which a call waits. */
  queueOf(call: Call): Queue | undefined {
    return this.list().find(({ entries }) => entries.some((entry) => entry.call === call))
  }

  create(name: string, maxSize = DEFAULT_MAX_SIZE): Queue {
    const now = this.clock.now()
    const id = this.chance.uuid('queue', name)
    const queue: Queue = { id, name, maxSize, createdAt: now, updatedAt: now, entries: [] }
    this.byName.set(name, queue)
    return queue
  }

  /** Puts a call at the end of a queue, until `maxWaitMs` pass or it hangs up, unless `keepsAfterHangup`. */
  add(queue: Queue, call: Call, maxWaitMs: number, keepsAfterHangup: boolean): void {
    const enqueuedAt = this.clock.now()
    const cancelTimeout = this.clock.schedule(enqueuedAt + maxWaitMs, () => this.remove(call, 'timeout'))
    const entry = { call, enqueuedAt, cancelTimeout }
    queue.entries.push(entry)
    queue.updatedAt = enqueuedAt
    call.emit('call.enqueued', {
      queue: queue.name,
      current_position: queue.entries.length,
      queue_avg_wait_time_secs: this.averageWaitSecs(queue),
    })
    call.whenEnded(() => {
      if (!keepsAfterHangup && queue.entries.includes(entry)) this.remove(call, 'hangup')
    })
  }

  /** Removes a call from its queue, if it waits in one. */
  remove(call: Call, reason: LeaveReason): void {
    const queue = this.queueOf(call)
    const index = queue?.entries.findIndex((entry) => entry.call === call) ?? -1
    const entry = queue?.entries[index]
    if (!queue || !entry) return
    entry.cancelTimeout()
    queue.entries.splice(index, 1)
    queue.updatedAt = this.clock.now()
    const wait_time_secs = this.waitSecs(entry)
    call.emit('call.dequeued', { queue: queue.name, queue_position: index + 1, reason, wait_time_secs })
  }

  waitSecs({ enqueuedAt }: Entry): number {
    return Math.floor((this.clock.now() - enqueuedAt) / 1000)
  }

  /** The average time that the calls in a queue have waited, in whole seconds. */
  averageWaitSecs({ entries }: Queue): number {
    const sum = entries.reduce((total, entry) => total + this.waitSecs(entry), 0)
    return entries.length === 0 ? 0 : Math.floor(sum / entries.length)
  }
}
