import { type RefObject, useRef } from 'react'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'

/**
 * Moves the focus back to the button that asked a question, once the question was answered and the button is there
 * again. Mark the button with `data-asks`, and give the ref to an element around it.
 */
export function useAskingButton<Region extends HTMLElement>(asking: boolean): RefObject<Region | null> {
  const region = useRef<Region>(null)
  const wasAsking = useRef(asking)
  useEarlyEffect(() => {
    if (wasAsking.current && !asking) region.current?.querySelector<HTMLElement>('[data-asks]')?.focus()
    wasAsking.current = asking
  }, [asking])
  return region
}
