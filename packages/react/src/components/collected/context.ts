import type { CollectedValue } from '@callgather/protocol'
import type { UseCollectedResult } from '../../hooks/use-collected.ts'
import { useShortcut } from '../../hooks/use-shortcut.ts'
import { useLanguage } from '../../strings/strings-context.tsx'
import { useCopyFeedback } from '../kit/use-copy-feedback.ts'
import { createPartContext } from '../part/part-context.ts'
import { copyLine, copyText } from './collected-words.ts'

/** Returns the context value that `CollectedParts.Root` provides to the parts inside it. */
export function useCollectedOf(view: UseCollectedResult) {
  const language = useLanguage()
  const { feedback, report, dismiss } = useCopyFeedback()
  const { t } = language
  const copy = (id: string) =>
    report(
      id,
      view.copy(id, (item) => copyText(item, language)),
    )
  const copyAll = (format: 'text' | 'json') =>
    report('all', view.copyAll(format === 'json' ? format : (item) => copyLine(item, view.hungUpBy, language)))
  const newest = view.items.find(({ mask }) => !mask)?.id
  const copyKey = useShortcut({
    id: 'copy',
    key: 'c',
    label: t('shortcuts.copyNewest'),
    enabled: newest !== undefined,
    run: () => newest !== undefined && copy(newest),
  })
  const copyAllKey = useShortcut({
    id: 'copyAll',
    key: 'C',
    label: t('shortcuts.copyAll'),
    enabled: view.items.length > 0,
    run: () => copyAll('text'),
  })
  return {
    ...{ view, feedback, copy, copyAll, dismiss, copyAllKey },
    /** The key that copies a value; `null` for a value that is not the newest. */
    copyKeyOf: (id: string) => (id === newest ? copyKey : null),
  }
}

export const [CollectedProvider, useCollectedContext] =
  createPartContext<ReturnType<typeof useCollectedOf>>('CollectedParts')
export const [ItemProvider, useItem] = createPartContext<CollectedValue>('CollectedParts', 'Item')
