import { useEffect, useRef, useState } from 'react'

/** The last copy action: what was copied, and whether the browser allowed it. */
interface CopyFeedback {
  readonly what: string
  readonly status: 'copied' | 'failed'
}

/** How long "Copied" is shown. A failure is shown until it is dismissed. */
const COPIED_MS = 2_000

/** Returns the result of the last copy action, and a function that reports the next one. */
export function useCopyFeedback() {
  const [feedback, setFeedback] = useState<CopyFeedback | null>(null)
  const latest = useRef(0)
  useEffect(() => {
    if (feedback?.status !== 'copied') return
    const timer = setTimeout(() => setFeedback(null), COPIED_MS)
    return () => clearTimeout(timer)
  }, [feedback])
  const report = (what: string, copying: Promise<void>) => {
    const number = ++latest.current
    const settle = (status: CopyFeedback['status']) => {
      if (number === latest.current) setFeedback({ what, status })
    }
    copying.then(
      () => settle('copied'),
      () => settle('failed'),
    )
  }
  return { feedback, report, dismiss: () => setFeedback(null) }
}
