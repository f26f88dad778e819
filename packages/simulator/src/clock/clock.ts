/**
 * Time, as a port. Everything in the simulator that waits, waits on a `Clock`; so a test may hold the hands of it.
 *
 * The virtual clock is aware of work in flight: between two timers it lets every webhook delivery and API request that
 * the first one caused come to rest. Without that, a 60-second timeout could overtake the answer to the event before it,
 * and two runs with one seed would differ.
 */
import TinyQueue from 'tinyqueue'

/** What the simulator waits on. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by this clock. */
  now(): number
  /** Runs `fn` at `atMs` (at once, but never synchronously, when that has passed). Returns a function that calls it off. */
  schedule(atMs: number, fn: () => void): () => void
  /** Milliseconds to stamp signatures with. A virtual clock without a fixed start stamps real time, so that receivers accept it. */
  signingTime(): number
  /** Holds a virtual clock still until `work` settles. */
  track(work: Promise<unknown>): void
  /** Resolves `ms` later. Work that holds a virtual clock may sleep: the clock moves on while it does. */
  sleep(ms: number): Promise<void>
}

/** Node fires a timer beyond this at once instead of late. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** The clock on the wall. */
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

/** A clock that stands still until it is moved. Made by `virtualClock()`, given to `createSimulator({ clock })`. */
export interface VirtualClock extends Clock {
  /** Moves time on by `ms`, running every timer on the way in order and letting what it caused settle. */
  advance(ms: number): Promise<void>
  /** Moves time on, timer by timer, for as long as `promise` is pending; then gives its outcome. Fails if nothing is left to wait for. */
  runUntil<T>(promise: Promise<T>): Promise<T>
  /** Resolves when nothing is in flight. */
  settle(): Promise<void>
  /** How many timers are waiting. */
  readonly pending: number
}

/** What `virtualClock` takes. Nothing is required. */
export interface VirtualClockOptions {
  /**
   * Where time begins, in milliseconds since the Unix epoch. Default: now, with signatures stamped in real time. When
   * given, signatures are stamped by the virtual clock too, and two runs give the same bytes.
   */
  start?: number
  /**
   * Real milliseconds of silence that count as settled. Default 0: one turn of the event loop, right when the receiver
   * is in this process. Give some 20 when it is a server that answers first and sends its commands afterwards.
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
 * Makes a clock that stands still until told to move.
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
  // Ties keep the order in which they were set.
  const heap = new TinyQueue<Timer>([], (one, other) => one.at - other.at || one.order - other.order)
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
  /** Runs the earliest timer that is due by `limit`; false when there is none. */
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
        // It stays in the heap until its hour; what it would have run, and all that holds on to, need not.
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
      if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`clock.advance needs milliseconds ≥ 0, not ${ms}`)
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
              'The virtual clock has no timer left, yet the promise is still pending: nothing will ever settle it.',
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
