/** Collects what comes quickly into one change a frame: the first at once, the rest together, the last always. */
export interface FrameBatch<T> {
  push(value: T): void
  /** Hands over what still waits. */
  flush(): void
}

const FRAME_MS = 16

export function createFrameBatch<T>(write: (value: T) => void): FrameBatch<T> {
  let waiting: { readonly value: T } | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  let wroteAt = Number.NEGATIVE_INFINITY
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const last = waiting
    waiting = null
    if (last) writeNow(last.value)
  }
  const writeNow = (value: T) => {
    wroteAt = performance.now()
    write(value)
  }
  return {
    // Keys come seconds apart: a timer for each, to find that nothing came behind it, would cost as much as folding it.
    push: (value) => {
      const rest = wroteAt + FRAME_MS - performance.now()
      if (timer === null && rest <= 0) {
        writeNow(value)
        return
      }
      waiting = { value }
      timer ??= setTimeout(flush, rest)
    },
    flush,
  }
}
