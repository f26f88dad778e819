/** Which of Telnyx's records a log has already: asked of the store once for each call, and not for each record. */
import { LRUCache } from 'lru-cache'
import { recordId } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import type { CallStore } from './call-store.ts'

/** Telnyx's lines of one call stand near each other; a few calls at a time are enough. */
const MOST_CALLS = 1_000

/** Which events the logs have, as far as one run has looked. */
export class KnownEvents {
  readonly #store: CallStore
  readonly #calls = new LRUCache<string, ReadonlySet<string>>({ max: MOST_CALLS })

  constructor(store: CallStore) {
    this.#store = store
  }

  /** Whether a call's log has an event, under its own id or as a record without one. */
  async has(callId: string, { id, eventType, occurredAt }: Webhook): Promise<boolean> {
    const known = this.#calls.get(callId) ?? (await this.#read(callId))
    return known.has(id) || known.has(recordId(eventType, occurredAt))
  }

  async #read(callId: string): Promise<ReadonlySet<string>> {
    const slice = await this.#store.read(callId, 0)
    const ids = (slice?.records ?? []).flatMap(({ event }) => [event.id, `${event.event_type}@${event.occurred_at}`])
    const known = new Set(ids)
    this.#calls.set(callId, known)
    return known
  }
}
