import { type FocusEvent, useEffect, useRef } from 'react'

/** What a region needs to keep the focus. Spread it on the region's element. */
export interface KeptFocus {
  readonly tabIndex: -1
  readonly onFocus: (event: FocusEvent<HTMLElement>) => void
  readonly onBlur: () => void
}

/**
 * Keeps the focus in a region whose content is replaced. A form that gives way to what it started takes the focused
 * button with it, and would leave whoever works by keyboard at the top of the page (WCAG 2.4.3, Focus Order); then the
 * region itself takes the focus, and a screen reader says what it is now. A focus that is elsewhere is left alone.
 */
export function useKeptFocus(): KeptFocus {
  /** The region is learnt from the event: a region may be a component, and React 18 gives those no ref. */
  const focus = useRef<{ readonly on: Element; readonly region: HTMLElement } | null>(null)
  useEffect(() => {
    if (!focus.current || focus.current.on.isConnected) return
    const { region } = focus.current
    focus.current = null
    if (document.activeElement === document.body) region.focus({ preventScroll: true })
  })
  return {
    tabIndex: -1,
    onFocus: ({ target, currentTarget }) => {
      focus.current = { on: target, region: currentTarget }
    },
    // Not told of an element that is removed: that one is remembered.
    onBlur: () => {
      focus.current = null
    },
  }
}
