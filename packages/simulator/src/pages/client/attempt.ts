import { useState } from 'preact/hooks'

/** Waits for a request to the simulator. If it fails, stores the error message. */
export type Attempt = <Result>(what: Promise<Result>, then?: (result: Result) => void) => void

/** Returns the error message of the last request (`''` for none) and a function that tracks a request. */
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
