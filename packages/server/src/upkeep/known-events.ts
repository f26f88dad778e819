/** Finds Telnyx's records that a log already has, with one store read per call instead of one read per record. */
import { LRUCache } from 'lru-cache'
import type { CallStore } from '../store/call-store.ts'
import { isRecordId, recordId, recordOrdinal } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'

/** A small cache is enough, because Telnyx lists the events of one call close together. */
const MAX_CACHED_CALLS = 1_000

/** The events of one call's log. */
interface KnownCallEvents {
  readonly ids: ReadonlySet<string>
  /** By type and time: the number of events in the log, and whether any of them came from a record without an id. */
  readonly at: ReadonlyMap<string, { readonly count: number; readonly hasRecord: boolean }>
}

/** The events in the logs that one reconciliation run has read. */
export class KnownEvents {
  readonly #store: CallStore
  readonly #calls = new LRUCache<string, KnownCallEvents>({ max: MAX_CACHED_CALLS })

  constructor(store: CallStore) {
    this.#store = store
  }

  /**
   * Whether a call's log has an event, by its id or as a record without an id. Two keys may share a type and a time, so
   * the nth record without an id is known only if the log has n events of that type and time.
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
