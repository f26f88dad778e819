import type { CollectedValue } from '@callgather/protocol'
import { useEffect, useRef, useState } from 'react'
import type { UseCollectedResult } from '../../hooks/use-collected.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { createPartContext } from '../part/part-context.ts'
import { copyLine, copyText } from './collected-words.ts'

/** What was copied last: the id of an item, or `all`. `failed` is also set when nothing was copied. */
export interface CopyFeedback {
  readonly what: string
  readonly status: 'copied' | 'failed'
}

/** How long "Copied" is shown. */
const COPIED_MS = 2_000

/** Returns the context value that `CollectedParts.Root` provides to the parts inside it. */
export function useCollectedOf(view: UseCollectedResult) {
  const language = useLanguage()
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
  return {
    view,
    feedback,
    copy: (id: string) =>
      report(
        id,
        view.copy(id, (item) => copyText(item, language)),
      ),
    copyAll: (format: 'text' | 'json') =>
      report('all', view.copyAll(format === 'json' ? format : (item) => copyLine(item, view.hungUpBy, language))),
    dismiss: () => setFeedback(null),
  }
}

export const [CollectedProvider, useCollectedContext] =
  createPartContext<ReturnType<typeof useCollectedOf>>('CollectedParts')
export const [ItemProvider, useItem] = createPartContext<CollectedValue>('CollectedParts', 'Item')
