/**
 * Handlers of the host application: `gather.on('call.gather.ended', …)`.
 *
 * A handler is called for every event that this process has appended: verified, deduplicated, after it is durable, in
 * the order of the call's log. Over the life of a process that is exactly once per event. Across a crash it is at most
 * once: an event that was stored, but whose handler had not run yet, is in the log and is not told again. Whoever must
 * not miss one reads `GET /calls/{id}/events` from the last number they have dealt with.
 */
import { type CallRecord, type CallState, type EventOf, isKnownEvent, type KnownEventType } from '@callgather/protocol'
import type { HostCallbacks } from './host-callbacks.ts'

/** Called with an event, and the call as it is with that event in it. What it throws is logged and goes no further. */
export type Handler<Type extends KnownEventType> = (event: EventOf<Type>, call: CallState) => void | Promise<void>

/** A handler that is still running after this long is reported; it isn't stopped. */
const HANDLER_DEADLINE_MS = 60_000

/** The handlers by type of event. */
export class Handlers {
  readonly #byType = new Map<string, Set<Handler<never>>>()
  readonly #hostCallbacks: HostCallbacks

  constructor(hostCallbacks: HostCallbacks) {
    this.#hostCallbacks = hostCallbacks
  }

  /** Adds a handler; what is returned takes it away again. */
  on<Type extends KnownEventType>(type: Type, handler: Handler<Type>): () => void {
    const handlers = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, handlers.add(handler as Handler<never>))
    return () => handlers.delete(handler as Handler<never>)
  }

  /** Tells the handlers of records that were appended. */
  tell(records: readonly CallRecord[], call: CallState): void {
    for (const { event } of records) {
      if (!isKnownEvent(event)) continue
      for (const handler of this.#byType.get(event.event_type) ?? []) void this.#run(handler, event as never, call)
    }
  }

  async #run(handler: Handler<never>, event: never, call: CallState): Promise<void> {
    const run = () => handler(event, call)
    await this.#hostCallbacks.call('handler', run, { deadlineMs: HANDLER_DEADLINE_MS }).catch(() => {})
  }
}
