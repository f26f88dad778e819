/**
 * Handlers of the host application: `gather.on('call.gather.ended', …)`.
 *
 * A handler is called for every event that this process has appended: verified, deduplicated, after it is durable, in
 * the order of the call's log. Each handler runs at most once per event, also across a crash: an event that was stored
 * before the crash, but not handled yet, is in the log and is not delivered again. Code that must not miss an event
 * reads `GET /calls/{id}/events` after the last sequence number that it has processed.
 *
 * An event that reconciliation fetched from before this process started may have been handled by an earlier process.
 * Handlers get such an event only with the option `replayed`, and recognise it by `isReplayed`.
 */
import { type CallRecord, type CallState, type EventOf, isKnownEvent, type KnownEventType } from '@callgather/protocol'
import type { HostCallbacks } from '../base/host-callbacks.ts'

/** How an event reached a handler. */
export interface Delivery {
  /** Whether reconciliation fetched an event from before the server's start. An earlier process may have handled it. */
  readonly isReplayed: boolean
}

/** Receives an event and the call state that includes it. The server logs and counts its errors. */
export type Handler<Type extends KnownEventType> = (
  event: EventOf<Type>,
  call: CallState,
  delivery: Delivery,
) => void | Promise<void>

/** Options of a handler. */
export interface HandlerOptions {
  /** Whether the handler also receives fetched events from before the server's start. Default false. See `Delivery`. */
  readonly replayed?: boolean | undefined
}

interface Entry {
  readonly handler: Handler<never>
  readonly replayed: boolean
}

/** The server logs a handler that runs longer than this, but does not stop it. */
const HANDLER_DEADLINE_MS = 60_000

/** The host's event handlers, by event type. */
export class Handlers {
  readonly #byType = new Map<string, Set<Entry>>()
  readonly #hostCallbacks: HostCallbacks
  readonly #startedAt: number
  /** Ids of the events from reconciliation that are being appended. */
  readonly #fetched = new Set<string>()

  constructor(hostCallbacks: HostCallbacks, startedAt: number) {
    this.#hostCallbacks = hostCallbacks
    this.#startedAt = startedAt
  }

  /** Adds a handler and returns a function that removes the handler. */
  on<Type extends KnownEventType>(type: Type, handler: Handler<Type>, options: HandlerOptions = {}): () => void {
    const entry: Entry = { handler: handler as Handler<never>, replayed: options.replayed === true }
    const entries = this.#byType.get(type) ?? new Set()
    this.#byType.set(type, entries.add(entry))
    return () => entries.delete(entry)
  }

  /** Runs `append` for an event that reconciliation fetched, so that its handlers can tell. */
  async whileFetched<T>(eventId: string, append: () => Promise<T>): Promise<T> {
    this.#fetched.add(eventId)
    try {
      return await append()
    } finally {
      this.#fetched.delete(eventId)
    }
  }

  /** Calls the handlers for appended records. `call` is the call state that includes them. */
  notify(records: readonly CallRecord[], call: CallState): void {
    for (const { event } of records) {
      if (!isKnownEvent(event)) continue
      const isReplayed = this.#fetched.has(event.id) && Date.parse(event.occurred_at) < this.#startedAt
      for (const { handler, replayed } of this.#byType.get(event.event_type) ?? []) {
        if (isReplayed && !replayed) continue
        const run = () => handler(event as never, call, { isReplayed })
        this.#hostCallbacks.call('handler', run, { deadlineMs: HANDLER_DEADLINE_MS }).catch(() => {})
      }
    }
  }
}
