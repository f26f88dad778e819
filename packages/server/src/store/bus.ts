import type { CallStore, Revocation, StoreChange, Unsubscribe } from './call-store.ts'

/** Receives the error that a subscriber's listener threw. */
export type ReportFailure = (error: unknown) => void

type Listener<T> = (message: T) => void

/** Calls `notify` for each subscriber even if another throws: a failing subscriber must not affect a committed append. */
export function notifyEach<T>(subscribers: Iterable<T>, notify: (subscriber: T) => void, report: ReportFailure): void {
  for (const subscriber of subscribers) {
    try {
      notify(subscriber)
    } catch (error) {
      report(error)
    }
  }
}

/** Creates a bus that publishes store changes to subscribers within one process. */
export function localBus(report: ReportFailure = warnOfSubscriber) {
  // Call ids are untrusted: a plain object would mishandle `__proto__`.
  const byCall = new Map<string, Set<Listener<StoreChange>>>()
  const all = new Set<Listener<StoreChange>>()
  const revocations = new Set<Listener<Revocation>>()
  const add = <T>(listeners: Set<T>, listener: T): Unsubscribe => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const notify = <T>(listeners: ReadonlySet<Listener<T>> | undefined, message: T) => {
    if (listeners) notifyEach([...listeners], (listener) => listener(message), report)
  }
  const subscriptions: Pick<CallStore, 'subscribe' | 'subscribeAll' | 'subscribeRevocations'> = {
    async subscribe(callId, listener) {
      const listeners = byCall.get(callId) ?? new Set()
      byCall.set(callId, listeners)
      const stop = add(listeners, listener)
      return () => {
        stop()
        if (listeners.size === 0 && byCall.get(callId) === listeners) byCall.delete(callId)
      }
    },
    subscribeAll: async (listener) => add(all, listener),
    subscribeRevocations: async (listener) => add(revocations, listener),
  }
  return {
    subscriptions,
    publish: (change: StoreChange) => {
      notify(byCall.get(change.callId), change)
      notify(all, change)
    },
    publishRevocation: (revocation: Revocation) => notify(revocations, revocation),
  }
}

/** Describes an error for the log without its message, which may quote an event. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'a thrown value'
  const [place = ''] = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
  return `${error.name}${place.replace(/^\s+/, ' ')}`
}

function warnOfSubscriber(error: unknown): void {
  process.emitWarning(`A subscriber of the store failed: ${describeFailure(error)}`, 'CallGatherWarning')
}
