import { type FocusEvent, type RefObject, useEffect, useRef } from 'react'

/** What a region needs to keep the focus. Spread it on the region's element. */
export interface KeptFocus<E extends HTMLElement> {
  readonly ref: RefObject<E | null>
  readonly tabIndex: -1
  readonly onFocus: (event: FocusEvent) => void
  readonly onBlur: () => void
}

/**
 * Keeps the focus in a region whose content is replaced. A form that gives way to what it started takes the focused
 * button with it, and would leave whoever works by keyboard at the top of the page (WCAG 2.4.3, Focus Order); then the
 * region itself takes the focus, and a screen reader says what it is now. A focus that is elsewhere is left alone.
 */
export function useKeptFocus<E extends HTMLElement>(): KeptFocus<E> {
  const ref = useRef<E>(null)
  const focused = useRef<Element | null>(null)
  useEffect(() => {
    if (!focused.current || focused.current.isConnected) return
    focused.current = null
    if (document.activeElement === document.body) ref.current?.focus({ preventScroll: true })
  })
  return {
    ref,
    tabIndex: -1,
    onFocus: ({ target }) => {
      focused.current = target
    },
    // Not told of an element that is removed: that one is remembered.
    onBlur: () => {
      focused.current = null
    },
  }
}
