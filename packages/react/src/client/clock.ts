/** The clock and timers of a client. Tests and scenarios replace them to control time. */
export interface Clock {
  /** Returns the current time in milliseconds since the Unix epoch. */
  now(): number
  /** Runs a callback once, after a delay in milliseconds. Returns a function that cancels it. */
  setTimeout(run: () => void, delayMs: number): () => void
}

/** The system clock of the browser or server. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
