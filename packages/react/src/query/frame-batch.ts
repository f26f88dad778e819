/** Collects what comes quickly into one change a frame: the first at once, the rest together, the last always. */
export interface FrameBatch<T> {
  push(value: T): void
  /** Hands over what still waits. */
  flush(): void
}

const FRAME_MILLIS = 16

export function frameBatch<T>(write: (value: T) => void): FrameBatch<T> {
  let waiting: { value: T } | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  const flush = () => {
    timer = null
    if (!waiting) return
    const { value } = waiting
    waiting = null
    write(value)
    // Something came during this frame, so more may come in the next.
    timer = setTimeout(flush, FRAME_MILLIS)
  }
  return {
    push: (value) => {
      if (timer !== null) {
        waiting = { value }
        return
      }
      write(value)
      timer = setTimeout(flush, FRAME_MILLIS)
    },
    flush: () => {
      if (timer !== null) clearTimeout(timer)
      timer = null
      const last = waiting
      waiting = null
      if (last) write(last.value)
    },
  }
}
