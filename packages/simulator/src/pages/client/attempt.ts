import { useState } from 'preact/hooks'

/** Waits for a request to the simulator and stores its error message. */
export type Attempt = <Result>(what: Promise<Result>, then?: (result: Result) => void) => void

/** Returns the last error message (`''` for none) and a function that tracks a request. */
export function useAttempt(): [trouble: string, attempt: Attempt] {
  const [trouble, setTrouble] = useState('')
  const attempt: Attempt = (what, then) => {
    what.then(
      (result) => {
        setTrouble('')
        then?.(result)
      },
      (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
    )
  }
  return [trouble, attempt]
}
