import { type RefObject, useRef } from 'react'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'

/**
 * Moves the focus back to the button that opened a confirmation, after the confirmation closes and the button is
 * rendered again. Mark the button with `data-asks` and set the returned ref on an ancestor of the button.
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
