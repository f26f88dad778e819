import type { StoreChange, Unsubscribe } from './call-store.ts'

/** Receives what a subscriber threw. */
export type ReportFailure = (error: unknown) => void

/** Runs each callback, however the others fail: a subscriber must not undo what was already committed. */
export function runEach(callbacks: Iterable<() => void>, report: ReportFailure): void {
  for (const callback of callbacks) {
    try {
      callback()
    } catch (error) {
      report(error)
    }
  }
}

/** Publishes to subscribers within one process. */
export class Channel<T> {
  readonly #listeners = new Set<(news: T) => void>()
  readonly #report: ReportFailure

  constructor(report: ReportFailure = warnOfSubscriber) {
    this.#report = report
  }

  listen(listener: (news: T) => void): Unsubscribe {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  publish(news: T): void {
    runEach(
      [...this.#listeners].map((listener) => () => listener(news)),
      this.#report,
    )
  }

  get isIdle(): boolean {
    return this.#listeners.size === 0
  }
}

/** Publishes changes to subscribers within one process; the bus of the engines that have no other process. */
export class LocalBus {
  // A map, not an object: call ids come from outside, and a plain object would lose `__proto__`.
  readonly #byCall = new Map<string, Channel<StoreChange>>()
  readonly #report: ReportFailure
  readonly #all: Channel<StoreChange>

  constructor(report: ReportFailure = warnOfSubscriber) {
    this.#report = report
    this.#all = new Channel(report)
  }

  watch(callId: string, listener: (change: StoreChange) => void): Unsubscribe {
    const channel = this.#byCall.get(callId) ?? new Channel(this.#report)
    this.#byCall.set(callId, channel)
    const stop = channel.listen(listener)
    return () => {
      stop()
      if (channel.isIdle && this.#byCall.get(callId) === channel) this.#byCall.delete(callId)
    }
  }

  watchAll(listener: (change: StoreChange) => void): Unsubscribe {
    return this.#all.listen(listener)
  }

  publish(change: StoreChange): void {
    this.#byCall.get(change.callId)?.publish(change)
    this.#all.publish(change)
  }
}

/** Names the failure without its message, which may quote an event. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'a thrown value'
  const [place = ''] = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return `${error.name}${place.replace(/^\s+/, ' ')}`
}

function warnOfSubscriber(error: unknown): void {
  process.emitWarning(`A subscriber of the store failed: ${describeFailure(error)}`, 'CallGatherWarning')
}
