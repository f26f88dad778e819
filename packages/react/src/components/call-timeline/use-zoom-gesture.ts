import { type RefObject, useEffect, useRef } from 'react'
import { useEarlyEffect } from '../../hooks/use-early-effect.ts'

/** The wheel distance of one zoom step. One mouse notch exceeds it. The small moves of a pinch add up to it. */
const STEP_PIXELS = 40

/**
 * Zooms the content of a scrolling element on Ctrl+wheel, the event that browsers also report for a touchpad pinch.
 * The point under the pointer stays in place. Without Ctrl, the wheel scrolls the page.
 */
export function useZoomGesture(zoom: number, zoomBy: (steps: 1 | -1) => void): RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null)
  const zoomByRef = useRef(zoomBy)
  /** The pointer's distance from the element's left edge, and the fraction of the content at that point. */
  const anchor = useRef<{ readonly x: number; readonly part: number } | null>(null)
  // Use an early effect, because the next pinch event may arrive before a normal effect runs.
  useEarlyEffect(() => {
    zoomByRef.current = zoomBy
  })
  useEffect(() => {
    const element = ref.current
    if (!element) return
    let wheelDelta = 0
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return
      // Prevents the zoom of the page. React's own wheel listeners are passive, so they cannot prevent it.
      event.preventDefault()
      wheelDelta += event.deltaY
      if (Math.abs(wheelDelta) < STEP_PIXELS) return
      const x = event.clientX - element.getBoundingClientRect().left
      anchor.current = { x, part: (element.scrollLeft - startOf(element) + x) / element.scrollWidth }
      zoomByRef.current(wheelDelta < 0 ? 1 : -1)
      wheelDelta = 0
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: must run after the element has the width of the new zoom
  useEarlyEffect(() => {
    const element = ref.current
    if (element && anchor.current) {
      element.scrollLeft = anchor.current.part * element.scrollWidth + startOf(element) - anchor.current.x
    }
    anchor.current = null
  }, [zoom])
  return ref
}

/** The `scrollLeft` value at the left edge of the content: 0, or a negative value in right-to-left layouts. */
const startOf = (element: Element) =>
  getComputedStyle(element).direction === 'rtl' ? element.clientWidth - element.scrollWidth : 0
