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

/** Creates a clock on real time. */
export function realClock(): Clock & { stop(): void } {
  const pending = new Set<NodeJS.Timeout>()
  return {
    now: Date.now,
    signingTime: Date.now,
    track() {},
    sleep(ms) {
      return new Promise((resolve) => this.schedule(Date.now() + ms, resolve))
    },
    schedule(atMs, fn) {
      let timer: NodeJS.Timeout | undefined
      const arm = () => {
        if (atMs === Number.POSITIVE_INFINITY) return
        const wait = Math.max(0, atMs - Date.now())
        timer = setTimeout(
          () => {
            if (timer) pending.delete(timer)
            if (wait > MAX_TIMEOUT_MS) arm()
            else fn()
          },
          Math.min(wait, MAX_TIMEOUT_MS),
        )
        pending.add(timer)
      }
      arm()
      return () => {
        clearTimeout(timer)
        if (timer) pending.delete(timer)
      }
    },
    stop() {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
    },
  }
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

interface Timer {
  at: number
  order: number
  fn: () => void
  isPending: boolean
}

/**
 * Creates a clock that only moves when advanced.
 *
 * @example
 * const clock = virtualClock()
 * await using sim = await createSimulator({ webhookUrl, clock })
 * await clock.advance(60_000)
 */
export function virtualClock({ start, quietMs = 0 }: VirtualClockOptions = {}): VirtualClock {
  let now = start ?? Date.now()
  let order = 0
  let pendingCount = 0
  let workCount = 0
  let sleepingCount = 0
  let activityCount = 0
  let idleWaiters: (() => void)[] = []
  // Timers with the same time run in the order they were set.
  const heap = new TinyQueue<Timer>([], (a, b) => a.at - b.at || a.order - b.order)
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
    const next = heap.peek()
    if (!next || next.at > limit) return false
    heap.pop()
    if (!next.isPending) return true
    next.isPending = false
    pendingCount -= 1
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
      return pendingCount
    },
    schedule(atMs, fn) {
      if (atMs === Number.POSITIVE_INFINITY) return noop
      const timer: Timer = { at: Math.max(atMs, now), order: order++, fn, isPending: true }
      pendingCount += 1
      heap.push(timer)
      return () => {
        if (timer.isPending) pendingCount -= 1
        timer.isPending = false
        // The cancelled timer stays in the heap until it is due. Drop its callback now, so that memory is released.
        timer.fn = noop
      }
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
