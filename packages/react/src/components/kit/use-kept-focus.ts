import { type FocusEvent, useEffect, useRef } from 'react'
import { activeIn, isGuarded } from './typing-guard.ts'

/** The props of a region that keeps the focus. Spread them on the region's element. */
export interface UseKeptFocusResult {
  /** Makes the region focusable by script. */
  readonly tabIndex: -1
  /** Watches the element that received the focus. */
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void
  /** Stops watching when the focus leaves. */
  readonly onBlur: (event: FocusEvent<HTMLElement>) => void
}

/**
 * Keeps the focus in a region when the focused element is removed or disabled. The region itself takes the focus, and a
 * screen reader reads its name. Otherwise the focus would fall back to the page (WCAG 2.4.3, Focus Order).
 *
 * Regions may be nested. The innermost remaining region takes the focus.
 */
export function useKeptFocus(): UseKeptFocusResult {
  const stop = useRef(() => {})
  useEffect(() => () => stop.current(), [])
  return {
    tabIndex: -1,
    // Reads the region from the event, because in React 18 a function component takes no ref.
    onFocus: ({ target, currentTarget }) => {
      stop.current()
      stop.current = target === currentTarget ? () => {} : keepFocus(currentTarget, target)
    },
    // If the window loses the focus, `target` stays active. React does not report the blur of a removed element.
    onBlur: ({ target }) => {
      if (activeIn(target) !== target) stop.current()
    },
  }
}

/** Moves the focus to `region` when `focused` is removed or disabled. Returns a function that stops this. */
function keepFocus(region: HTMLElement, focused: HTMLElement): () => void {
  const observer = new MutationObserver(() => {
    if (focused.isConnected && !focused.matches(':disabled')) return
    observer.disconnect()
    if (isGuarded(focused)) return
    const active = activeIn(region)
    const isLost = active === null || active === focused || active === region.ownerDocument.body
    if (isLost) region.focus({ preventScroll: true })
  })
  observer.observe(region, { childList: true, subtree: true, attributeFilter: ['disabled'] })
  return () => observer.disconnect()
}
