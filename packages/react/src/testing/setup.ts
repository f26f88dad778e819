/**
 * Adds what a DOM without layout lacks, such as jsdom or happy-dom. Import it once, in the setup file of the tests. It
 * changes nothing in a browser.
 *
 * Without it the components fail in jsdom, and lists stay empty in both: a list shows the rows that fit into it.
 */

/** The size of each observed element: about 20 rows of a transcript fit into it. */
const SIZE = { x: 0, y: 0, top: 0, left: 0, right: 1024, bottom: 768, width: 1024, height: 768 }

/** Reports the same size for each element, once. A row is not measured, so it keeps the height that its list assumes. */
class FixedResizeObserver implements ResizeObserver {
  readonly #callback: ResizeObserverCallback
  readonly #targets = new Set<Element>()

  constructor(callback: ResizeObserverCallback) {
    this.#callback = callback
  }

  observe(target: Element): void {
    this.#targets.add(target)
    queueMicrotask(() => {
      const isRow = target instanceof HTMLElement && target.style.position === 'absolute'
      if (isRow || !this.#targets.has(target)) return
      const size = [{ inlineSize: SIZE.width, blockSize: SIZE.height }]
      const contentRect = { ...SIZE, toJSON: () => SIZE }
      const entry = { target, contentRect, contentBoxSize: size, borderBoxSize: size, devicePixelContentBoxSize: size }
      this.#callback([entry], this)
    })
  }

  unobserve(target: Element): void {
    this.#targets.delete(target)
  }

  disconnect(): void {
    this.#targets.clear()
  }
}

const matchNothing = (media: string): MediaQueryList =>
  Object.assign(new EventTarget(), {
    matches: false,
    media,
    onchange: null,
    addListener: () => {},
    removeListener: () => {},
  })

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

/** Defines a function that does not exist. Test environments define some names as `undefined`. */
function complete(target: object, name: string, value: unknown): void {
  if (typeof Reflect.get(target, name) !== 'function') define(target, name, value)
}

// A file of tests that runs in Node has no DOM.
const hasLayout = typeof document === 'undefined' || document.documentElement.getBoundingClientRect().width > 0
if (!hasLayout) {
  for (const scope of new Set([globalThis, window])) {
    define(scope, 'ResizeObserver', FixedResizeObserver)
    complete(scope, 'matchMedia', matchNothing)
  }
  for (const name of ['scrollTo', 'scrollBy', 'scrollIntoView']) complete(Element.prototype, name, () => {})
}

export {}
