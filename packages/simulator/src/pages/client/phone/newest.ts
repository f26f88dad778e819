import type { RefObject } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

/** Rows at most this far from the end of a list, in pixels, count as read. */
const NEAR_END_PX = 160

/** Scrolls a list to its newest row when `newest` changes, unless the user has scrolled up. Returns the list's ref. */
export function useNewestInView<List extends HTMLElement>(newest: unknown): RefObject<List | null> {
  const list = useRef<List>(null)
  useEffect(() => {
    const element = list.current
    if (element !== null && element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX)
      element.scrollTop = element.scrollHeight
  }, [newest])
  return list
}
