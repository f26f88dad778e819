import type { CollectedValue } from '@callgather/protocol'
import type { UseCollectedResult } from '../../hooks/use-collected.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useCopyFeedback } from '../kit/use-copy-feedback.ts'
import { createPartContext } from '../part/part-context.ts'
import { copyLine, copyText } from './collected-words.ts'

/** Returns the context value that `CollectedParts.Root` provides to the parts inside it. */
export function useCollectedOf(view: UseCollectedResult) {
  const language = useLanguage()
  const { feedback, report, dismiss } = useCopyFeedback()
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
    dismiss,
  }
}

export const [CollectedProvider, useCollectedContext] =
  createPartContext<ReturnType<typeof useCollectedOf>>('CollectedParts')
export const [ItemProvider, useItem] = createPartContext<CollectedValue>('CollectedParts', 'Item')
