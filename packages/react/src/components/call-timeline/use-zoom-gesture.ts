import { type RefObject, useEffect, useRef } from 'react'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'

/** So much of the wheel is one step: a notch of a mouse is more, the many small moves of a pinch add up to it. */
const STEP_PIXELS = 40

/**
 * Zooms what scrolls in the element as maps do: by Ctrl and the wheel, which is also how browsers report a pinch on a
 * touchpad. What is under the pointer stays under it. The wheel alone still scrolls the page.
 */
export function useZoomGesture(zoom: number, zoomBy: (steps: 1 | -1) => void): RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null)
  const zoomed = useRef(zoomBy)
  /** Where the pointer was, from the element's left edge, and what part of the whole was there. */
  const held = useRef<{ readonly x: number; readonly part: number } | null>(null)
  // With the paint, not after it: the next move of a pinch may come before an effect would.
  useEarlyEffect(() => {
    zoomed.current = zoomBy
  })
  useEffect(() => {
    const element = ref.current
    if (!element) return
    let turned = 0
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return
      // The browser would zoom the whole page; React's own listeners are passive and could not keep it from that.
      event.preventDefault()
      turned += event.deltaY
      if (Math.abs(turned) < STEP_PIXELS) return
      const x = event.clientX - element.getBoundingClientRect().left
      held.current = { x, part: (element.scrollLeft - startOf(element) + x) / element.scrollWidth }
      zoomed.current(turned < 0 ? 1 : -1)
      turned = 0
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: once the element has the width of the new zoom
  useEarlyEffect(() => {
    const element = ref.current
    if (element && held.current) {
      element.scrollLeft = held.current.part * element.scrollWidth + startOf(element) - held.current.x
    }
    held.current = null
  }, [zoom])
  return ref
}

/** Where scrolling begins at the left: at 0, or, from right to left, below it. */
const startOf = (element: Element) =>
  getComputedStyle(element).direction === 'rtl' ? element.clientWidth - element.scrollWidth : 0
