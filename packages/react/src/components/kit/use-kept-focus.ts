import { type FocusEvent, useEffect, useRef } from 'react'
import { activeIn, isGuarded } from './typing-guard.ts'

/** What a region needs to keep the focus. Spread it on the region's element. */
export interface UseKeptFocusResult {
  readonly tabIndex: -1
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void
  readonly onBlur: (event: FocusEvent<HTMLElement>) => void
}

/**
 * Keeps the focus in a region when the focused element is removed or disabled: the region itself takes it, and a screen
 * reader reads its name. Without this the focus falls to the top of the page (WCAG 2.4.3, Focus Order).
 *
 * Regions may be nested; the innermost one that is left takes the focus.
 */
export function useKeptFocus(): UseKeptFocusResult {
  const stop = useRef(() => {})
  useEffect(() => () => stop.current(), [])
  return {
    tabIndex: -1,
    // The region comes from the event: a region may be a component, and React 18 gives those no ref.
    onFocus: ({ target, currentTarget }) => {
      stop.current()
      stop.current = target === currentTarget ? () => {} : keepFocus(currentTarget, target)
    },
    // A window that loses the focus leaves it on its element. React does not report the blur of an element it removes.
    onBlur: ({ target }) => {
      if (activeIn(target) !== target) stop.current()
    },
  }
}

/** Moves the focus to `region` once `focused` cannot have it any more. Returns how to stop. */
function keepFocus(region: HTMLElement, focused: HTMLElement): () => void {
  const observer = new MutationObserver(() => {
    if (focused.isConnected && !focused.matches(':disabled')) return
    observer.disconnect()
    if (isGuarded(focused)) return
    const active = activeIn(region)
    const isLost = active === null || active === focused || active === document.body
    if (isLost) region.focus({ preventScroll: true })
  })
  observer.observe(region, { childList: true, subtree: true, attributeFilter: ['disabled'] })
  return () => observer.disconnect()
}
