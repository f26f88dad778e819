/** Waits for what the simulator was asked to do, and says so when it refuses. */
export type Attempt = <Result>(what: Promise<Result>, then?: (result: Result) => void) => void
