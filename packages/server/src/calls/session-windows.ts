/**
 * Which calls share a session with a sensitive gather: a key pressed on one leg is heard, and reported, on the legs
 * bridged with it. Kept in memory by the node that sees the session's webhooks; the leg itself needs none of this, its
 * log and its mark say the same.
 */
import { type CallRecord, isKnownEvent, type Show } from '@callgather/protocol'
import { MASK_GRACE_MILLIS, strictest } from './masking.ts'

interface Open {
  readonly callId: string
  readonly show: Show
  /** `null` while the gather goes on. */
  until: number | null
}

const MOST_SESSIONS = 10_000

/** The sessions with sensitive gathers. */
export class SessionWindows {
  readonly #sessionOf = new Map<string, string>()
  readonly #open = new Map<string, Map<string, Open>>()

  /** Notes which session a call is of, as its webhooks say. */
  belongs(callId: string, sessionId: unknown): void {
    if (typeof sessionId !== 'string' || sessionId === '' || sessionId.length > 256) return
    if (this.#sessionOf.get(callId) === sessionId) return
    bound(this.#sessionOf)
    this.#sessionOf.set(callId, sessionId)
  }

  /** Learns from what was appended to a call which sensitive gathers begin and end on it. */
  observe(callId: string, records: readonly CallRecord[], now: number): void {
    for (const { event } of records) {
      if (!isKnownEvent(event)) continue
      if (event.event_type === 'command.requested' && event.payload.show) {
        this.#opens(callId, event.command_id ?? event.id, event.payload.show)
      } else if (event.event_type === 'call.gather.ended' || event.event_type === 'call.ai_gather.ended') {
        this.#closes(callId, now, event.command_id)
      } else if (event.event_type === 'command.refused') {
        this.#closes(callId, now, event.command_id)
      } else if (event.event_type === 'call.hangup' || event.event_type === 'call.closed') {
        this.#closes(callId, now)
      }
    }
  }

  /** How much may be shown of what comes from a call, for the sake of the legs it is bridged with. */
  showOf(callId: string, now: number): Show | undefined {
    const sessionId = this.#sessionOf.get(callId)
    const gathers = sessionId === undefined ? undefined : this.#open.get(sessionId)
    if (!gathers || sessionId === undefined) return undefined
    let show: Show | undefined
    for (const [id, open] of gathers) {
      if (open.until !== null && open.until < now) gathers.delete(id)
      else show = strictest(show, open.show)
    }
    if (gathers.size === 0) this.#open.delete(sessionId)
    return show
  }

  #opens(callId: string, commandId: string, show: Show): void {
    const sessionId = this.#sessionOf.get(callId)
    if (sessionId === undefined) return
    const gathers = this.#open.get(sessionId) ?? new Map<string, Open>()
    bound(this.#open)
    this.#open.set(sessionId, gathers.set(commandId, { callId, show, until: null }))
  }

  #closes(callId: string, now: number, commandId?: string): void {
    const gathers = this.#open.get(this.#sessionOf.get(callId) ?? '')
    for (const [id, open] of gathers ?? []) {
      const isMeant = commandId === undefined ? open.callId === callId : id === commandId
      if (isMeant) open.until ??= now + MASK_GRACE_MILLIS
    }
  }
}

/** Lets the oldest go when there are too many. */
function bound(map: Map<string, unknown>): void {
  if (map.size < MOST_SESSIONS) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
