/**
 * Real and virtual clocks. All waiting in the simulator uses a `Clock`, so that a test can control time.
 *
 * Between two timers the virtual clock waits for all work in flight, such as webhook deliveries and API requests.
 * Otherwise a 60-second timeout could fire before the response to an earlier event, and runs would not be reproducible.
 */
import TinyQueue from 'tinyqueue'

/** The simulator's source of time. */
export interface Clock {
  /** Returns the current time in milliseconds since the Unix epoch. */
  now(): number
  /** Runs `fn` at the time `atMs`, or as soon as possible if it has passed. Never synchronous. Returns a cancel function. */
  schedule(atMs: number, fn: () => void): () => void
  /** Returns the time for webhook signatures: real time on a virtual clock without `start`, so that receivers accept it. */
  signingTime(): number
  /** Tracks work in flight. A virtual clock does not advance until `work` settles. */
  track(work: Promise<unknown>): void
  /** Resolves after `ms` milliseconds. A virtual clock advances while tracked work sleeps. */
  sleep(ms: number): Promise<void>
}

/** Maximum delay of a timer. Node.js fires timers with longer delays immediately. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** By how much a timer may be late when the time of day is set back or stands still: more than clocks drift apart. */
const MAX_LATE_MS = 50

interface Timer {
  at: number
  /** By the monotonic clock: when a real clock runs the timer even if the time of day was set back or stands still. */
  latest: number
  order: number
  fn: () => void
  isPending: boolean
}

/** Pending timers. Timers with the same due time run in the order they were set. */
function timerQueue() {
  let order = 0
  let size = 0
  const heap = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.order - b.order)
  const peek = () => {
    for (let next = heap.peek(); next; next = heap.peek()) {
      if (next.isPending) return next
      heap.pop()
    }
    return undefined
  }
  return {
    get size() {
      return size
    },
    /** Adds a timer. Returns a function that cancels it. */
    add(at: number, fn: () => void, latest = Number.POSITIVE_INFINITY) {
      const timer: Timer = { at, latest, order: order++, fn, isPending: true }
      size += 1
      heap.push(timer)
      return () => {
        if (timer.isPending) size -= 1
        timer.isPending = false
        // The cancelled timer stays in the heap until it is due. Drop its callback now, so that memory is released.
        timer.fn = noop
      }
    },
    /** Returns the earliest timer. */
    peek,
    /** Removes and returns the earliest timer if it is due by `limit`, or its latest time by `monotonic`. */
    take(limit: number, monotonic = Number.NEGATIVE_INFINITY) {
      const next = peek()
      if (!next || (next.at > limit && next.latest > monotonic)) return undefined
      heap.pop()
      next.isPending = false
      size -= 1
      return next
    },
  }
}

/**
 * Creates a clock on real time.
 *
 * One `setTimeout` waits for the earliest timer. With one per timer, two timers set for the same time, one on each side
 * of a millisecond, would run in the wrong order.
 */
export function realClock(): Clock & { stop(): void } {
  const timers = timerQueue()
  let cancelWake = noop
  let wakeAt = Number.POSITIVE_INFINITY
  const arm = () => {
    const next = timers.peek()
    const at = next?.at ?? Number.POSITIVE_INFINITY
    if (at === wakeAt) return
    cancelWake()
    wakeAt = at
    cancelWake = next ? wakeAfter(Math.min(at - Date.now(), next.latest - performance.now()), run) : noop
  }
  const run = () => {
    wakeAt = Number.POSITIVE_INFINITY
    try {
      timers.take(Date.now(), performance.now())?.fn()
    } finally {
      arm()
    }
  }
  return {
    now: Date.now,
    signingTime: Date.now,
    track() {},
    sleep(ms) {
      return new Promise((resolve) => this.schedule(Date.now() + ms, resolve))
    },
    schedule(atMs, fn) {
      if (atMs === Number.POSITIVE_INFINITY) return noop
      const now = Date.now()
      // A time that is no number counts as past.
      const at = Math.max(atMs || 0, now)
      const cancel = timers.add(at, fn, performance.now() + (at - now) + MAX_LATE_MS)
      arm()
      return () => {
        cancel()
        arm()
      }
    },
    stop() {
      while (timers.take(Number.POSITIVE_INFINITY));
      arm()
    },
  }
}

/** Calls `fn` after `ms` milliseconds, or earlier if Node.js cannot wait that long. Returns a cancel function. */
function wakeAfter(ms: number, fn: () => void): () => void {
  if (ms <= 0) {
    const immediate = setImmediate(fn)
    return () => clearImmediate(immediate)
  }
  const timeout = setTimeout(fn, Math.min(ms, MAX_TIMEOUT_MS))
  return () => clearTimeout(timeout)
}

/** A clock that only moves when advanced. Create it with `virtualClock()` and pass it to `createSimulator({ clock })`. */
export interface VirtualClock extends Clock {
  /** Advances time by `ms`. Runs due timers in order and waits for the work of each. Throws a `RangeError` if `ms` is negative or not finite. */
  advance(ms: number): Promise<void>
  /** Advances time, timer by timer, until `promise` settles, and returns its outcome. Rejects if no timer is left. */
  runUntil<T>(promise: Promise<T>): Promise<T>
  /** Resolves when no tracked work is in flight. */
  settle(): Promise<void>
  /** Number of pending timers. */
  readonly pending: number
}

/** Options of `virtualClock`. All are optional. */
export interface VirtualClockOptions {
  /**
   * Start time in milliseconds since the Unix epoch. Default: now, with signature timestamps in real time. With a start,
   * signature timestamps are virtual too, and two runs produce the same bytes.
   */
  start?: number
  /**
   * Real milliseconds without activity after which the clock counts as settled. Default 0: one event loop turn, enough for
   * a receiver in this process. Use about 20 for a server that sends its commands after its webhook response.
   */
  quietMs?: number
}

/**
 * Creates a clock that only moves when advanced.
 *
 * @example
 * ```ts
 * import { createSimulator, virtualClock } from '@callgather/simulator'
 *
 * const webhookUrl = 'http://127.0.0.1:3000/webhooks'
 * const clock = virtualClock()
 * await using sim = await createSimulator({ webhookUrl, clock })
 * await clock.advance(60_000)
 * ```
 */
export function virtualClock({ start, quietMs = 0 }: VirtualClockOptions = {}): VirtualClock {
  let now = start ?? Date.now()
  let workCount = 0
  let sleepingCount = 0
  let activityCount = 0
  let idleWaiters: (() => void)[] = []
  const timers = timerQueue()
  const isWorkInFlight = () => workCount > sleepingCount

  const settle = async () => {
    for (let seen = -1; isWorkInFlight() || seen !== activityCount; ) {
      seen = activityCount
      if (isWorkInFlight()) await new Promise<void>((resolve) => idleWaiters.push(resolve))
      await (quietMs > 0 ? delay(quietMs) : nextEventLoopTurn())
    }
  }
  const notifyIdleWaiters = () => {
    activityCount += 1
    if (isWorkInFlight()) return
    const resumed = idleWaiters
    idleWaiters = []
    for (const resume of resumed) resume()
  }
  /** Runs the earliest timer that is due by `limit`. Returns false if no timer is due. */
  const runNextTimer = async (limit: number) => {
    const next = timers.take(limit)
    if (!next) return false
    now = Math.max(now, next.at)
    activityCount += 1
    next.fn()
    await settle()
    return true
  }

  return {
    now: () => now,
    signingTime: () => (start === undefined ? Date.now() : now),
    get pending() {
      return timers.size
    },
    schedule(atMs, fn) {
      if (atMs === Number.POSITIVE_INFINITY) return noop
      return timers.add(Math.max(atMs, now), fn)
    },
    track(work) {
      workCount += 1
      activityCount += 1
      const release = () => {
        workCount -= 1
        notifyIdleWaiters()
      }
      work.then(release, release)
    },
    sleep(ms) {
      return new Promise((resolve) => {
        sleepingCount += 1
        notifyIdleWaiters()
        this.schedule(now + ms, () => {
          sleepingCount -= 1
          resolve()
        })
      })
    },
    settle,
    async advance(ms) {
      if (!Number.isFinite(ms) || ms < 0)
        throw new RangeError('clock.advance got an invalid duration. Pass a finite number of milliseconds, 0 or more.')
      await settle()
      const limit = now + ms
      while (await runNextTimer(limit));
      now = limit
      await settle()
    },
    async runUntil(promise) {
      let pending = true
      const done = () => {
        pending = false
      }
      promise.then(done, done)
      await settle()
      while (pending) {
        if (!(await runNextTimer(Number.POSITIVE_INFINITY))) {
          await settle()
          if (pending)
            throw new Error(
              'The virtual clock has no timers left, but the promise is still pending. Check what should settle it.',
            )
        }
      }
      return promise
    },
  }
}

const noop = () => {}
const nextEventLoopTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
