/**
 * Runs in a page before anything of it: clicks what can be clicked as soon as it is there, and notes when the answer to
 * that was drawn. A file of its own, because a function that is handed to a page takes nothing along with it.
 */
export interface Arrival {
  /** From the beginning of the navigation, in ms. */
  readonly painted: number
  readonly listed: number
  readonly usable: number
  /** What came over the network, in bytes. */
  readonly bytes: number
}

declare global {
  interface Window {
    /** What is there to be clicked, and what must be there after it: selectors. */
    watched: { readonly button: string; readonly answer: string }
    arrival?: Arrival
  }
}

const { button, answer } = window.watched
let listed = 0

function look(): void {
  const target = listed === 0 ? document.querySelector<HTMLElement>(button) : null
  if (target) {
    listed = performance.now()
    target.click()
  }
  if (listed === 0 || !document.querySelector(answer)) requestAnimationFrame(look)
  // After the frame that shows it, in a task that had to wait for whatever else the page had to do.
  else requestAnimationFrame(() => setTimeout(arrived))
}

function arrived(): void {
  const usable = performance.now()
  const navigation = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  const resources = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
  const bytes = [...navigation, ...resources].reduce((sum, { transferSize }) => sum + transferSize, 0)
  const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? usable
  window.arrival = { painted, listed, usable, bytes }
}

requestAnimationFrame(look)
