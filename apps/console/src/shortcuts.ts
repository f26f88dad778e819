import { useEffect, useRef } from 'react'

/** A key and what it does. */
export interface Shortcut {
  /** `KeyboardEvent.key`. */
  readonly key: string
  /** What the help says it does. */
  readonly does: string
  readonly run: () => void
}

const typed = 'input, textarea, select, [contenteditable], [role="textbox"], [role="grid"]'

/** Listens for shortcuts, but never inside a field, and never with a modifier: those are the browser's. */
export function useShortcuts(shortcuts: readonly Shortcut[], enabled: boolean): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    if (!enabled) return
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (event.target instanceof Element && event.target.closest(typed)) return
      const shortcut = latest.current.find((each) => each.key === event.key)
      if (!shortcut) return
      event.preventDefault()
      shortcut.run()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [enabled])
}
