import { useSyncExternalStore } from 'react'

/**
 * Whether this render is in a browser: `false` on a server, and while its HTML is hydrated. Inline styles wait for it,
 * because a strict content security policy blocks `style` attributes in HTML, but not the styles that React sets.
 */
export const useHydrated = (): boolean =>
  useSyncExternalStore(
    neverChanges,
    () => true,
    () => false,
  )

const neverChanges = () => () => {}
