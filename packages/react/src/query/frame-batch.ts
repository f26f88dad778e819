/** Throttles writes to one per frame. The first value is written at once, later values when the frame ends. */
export interface FrameBatch<T> {
  push(value: T): void
  /** Writes the pending value now. */
  flush(): void
}

const FRAME_MS = 16

export function createFrameBatch<T>(write: (value: T) => void): FrameBatch<T> {
  let pending: { readonly value: T } | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  let lastWriteAt = Number.NEGATIVE_INFINITY
  const flush = () => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const last = pending
    pending = null
    if (last) writeNow(last.value)
  }
  const writeNow = (value: T) => {
    lastWriteAt = performance.now()
    write(value)
  }
  return {
    // Most events are seconds apart, so a value that follows no recent write is written without a timer.
    push: (value) => {
      const delayMs = lastWriteAt + FRAME_MS - performance.now()
      if (timer === null && delayMs <= 0) {
        writeNow(value)
        return
      }
      pending = { value }
      timer ??= setTimeout(flush, delayMs)
    },
    flush,
  }
}
