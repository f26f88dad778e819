/** The passage of time, as a port: a scenario brings its own, so that what hangs on timers can be told and tested. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs something once, later. The function returned calls it off. */
  setTimeout(run: () => void, millis: number): () => void
}

/** The clock on the wall. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, millis) => {
    const timer = setTimeout(run, millis)
    return () => clearTimeout(timer)
  },
}
