/** Time as a dependency: tests and scenarios replace it to control every timer. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs a callback once, after a delay in milliseconds. Returns a function that cancels it. */
  setTimeout(run: () => void, delayMs: number): () => void
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
