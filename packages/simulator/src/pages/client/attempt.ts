import { useState } from 'preact/hooks'

/** Waits for what the simulator was asked to do, and says so when it refuses. */
export type Attempt = <Result>(what: Promise<Result>, then?: (result: Result) => void) => void

/** What went wrong last, `''` for nothing, and how to try something. */
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
