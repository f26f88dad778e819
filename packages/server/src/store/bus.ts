import type { CallStore, Revocation, StoreChange, Unsubscribe } from './call-store.ts'

/** Receives what a subscriber threw. */
export type ReportFailure = (error: unknown) => void

type Listener<T> = (news: T) => void

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

/** Publishes to subscribers within one process; the bus of the engines that have no other process. */
export function localBus(report: ReportFailure = warnOfSubscriber) {
  // A map, not an object: call ids come from outside, and a plain object would lose `__proto__`.
  const byCall = new Map<string, Set<Listener<StoreChange>>>()
  const all = new Set<Listener<StoreChange>>()
  const revocations = new Set<Listener<Revocation>>()
  const listen = <T>(listeners: Set<T>, listener: T): Unsubscribe => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const notify = <T>(listeners: Iterable<Listener<T>>, news: T) => {
    runEach(
      [...listeners].map((listener) => () => listener(news)),
      report,
    )
  }
  const watching: Pick<CallStore, 'subscribe' | 'subscribeAll' | 'subscribeRevocations'> = {
    async subscribe(callId, listener) {
      const listeners = byCall.get(callId) ?? new Set()
      byCall.set(callId, listeners)
      const stop = listen(listeners, listener)
      return () => {
        stop()
        if (listeners.size === 0 && byCall.get(callId) === listeners) byCall.delete(callId)
      }
    },
    subscribeAll: async (listener) => listen(all, listener),
    subscribeRevocations: async (listener) => listen(revocations, listener),
  }
  return {
    watching,
    publish: (change: StoreChange) => {
      notify(byCall.get(change.callId) ?? [], change)
      notify(all, change)
    },
    publishRevocation: (revocation: Revocation) => notify(revocations, revocation),
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
