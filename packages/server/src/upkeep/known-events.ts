/** Which of Telnyx's records a log has already: asked of the store once for each call, and not for each record. */
import { LRUCache } from 'lru-cache'
import type { CallStore } from '../store/call-store.ts'
import { isRecordId, recordId, recordOrdinal } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'

/** Telnyx's lines of one call stand near each other; a few calls at a time are enough. */
const MAX_CACHED_CALLS = 1_000

/** The events of one call's log. */
interface KnownCallEvents {
  readonly ids: ReadonlySet<string>
  /** How many events share a type and a time, and which of them are in the log as records without an id. */
  readonly at: ReadonlyMap<string, { readonly count: number; readonly hasRecord: boolean }>
}

/** Which events the logs have, as far as one run has looked. */
export class KnownEvents {
  readonly #store: CallStore
  readonly #calls = new LRUCache<string, KnownCallEvents>({ max: MAX_CACHED_CALLS })

  constructor(store: CallStore) {
    this.#store = store
  }

  /**
   * Whether a call's log has an event, under its own id or as a record without one. Two keys may share a type and a
   * time: of so many records without an id, as many are known as the log has events.
   */
  async has(callId: string, { id, eventType, occurredAt }: Webhook): Promise<boolean> {
    const { ids, at } = this.#calls.get(callId) ?? (await this.#read(callId))
    if (ids.has(id)) return true
    const known = at.get(recordId(eventType, occurredAt))
    if (!known) return false
    return isRecordId(id) ? known.count >= recordOrdinal(id) : known.hasRecord
  }

  async #read(callId: string): Promise<KnownCallEvents> {
    const slice = await this.#store.read(callId, 0)
    const ids = new Set<string>()
    const at = new Map<string, { count: number; hasRecord: boolean }>()
    for (const { event } of slice?.records ?? []) {
      ids.add(event.id)
      const key = recordId(event.event_type.replace(/^unreadable:/, ''), event.occurred_at)
      const known = at.get(key) ?? { count: 0, hasRecord: false }
      at.set(key, { count: known.count + 1, hasRecord: known.hasRecord || isRecordId(event.id) })
    }
    const known = { ids, at }
    this.#calls.set(callId, known)
    return known
  }
}
