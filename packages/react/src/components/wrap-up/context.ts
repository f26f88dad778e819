import { useState } from 'react'
import type { UseWrapUpResult } from '../../hooks/use-wrap-up.ts'
import { createPartContext } from '../part/part-context.ts'

/** A result of a call from which the agent chooses, such as "Resolved". */
export interface Disposition {
  /** Identifies the disposition in `WrapUpRecord`. */
  readonly id: string
  /** The text that the agent sees. */
  readonly label: string
}

/** Returns the context value that `WrapUpParts.Root` provides to the parts inside it. */
export function useWrapUpOf(view: UseWrapUpResult, dispositions: readonly Disposition[]) {
  const [isAsked, setAsked] = useState(false)
  const { status, setDisposition, complete } = view
  // A stored draft may have a disposition that the host no longer offers.
  const isChosen = dispositions.some(({ id }) => id === view.disposition)
  const isNeeded = dispositions.length > 0 && !isChosen
  return {
    view,
    dispositions,
    chosen: isChosen ? view.disposition : null,
    /** Whether the agent tried to finish without a disposition. */
    isDispositionMissing: isAsked && isNeeded,
    canFinish: status === 'open' || status === 'failed',
    choose: (id: string) => setDisposition(id === '' ? null : id),
    /** Completes the wrap-up. Returns `false` if a disposition must be chosen first. */
    finish: () => {
      setAsked(true)
      if (isNeeded) return false
      complete().catch(() => {})
      return true
    },
  }
}

export const [WrapUpProvider, useWrapUpContext] = createPartContext<ReturnType<typeof useWrapUpOf>>('WrapUpParts')
