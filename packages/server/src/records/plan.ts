/**
 * Reads from a call's log what must happen next to the record of the call.
 *
 * The log is the queue. `call.record` events say how far the delivery is, and the record is the fold of the events before
 * the first `sending`, so every attempt of every server sends the same bytes.
 */
import type { CallRecord, EventOf } from '@callgather/protocol'

/** Telnyx retries a webhook for up to a minute, so that an event may arrive this long after the hangup. */
const MAX_SETTLE_MS = 60_000
/** The delay after each attempt, in minutes. The last attempt is 27 to 33 hours after the first: an outage of a day is survived. */
const RETRY_MINUTES = [0.5, 2, 10, 30, 60, 120, 240, 360, 480, 480]
/** How long the last attempt may lack a result before it counts as failed, in minutes. */
const LAST_MINUTES = 1
/** The number of attempts before the record is dead-lettered. */
export const MAX_ATTEMPTS = RETRY_MINUTES.length + 1

/** The delivery of a call's record, according to the call's log. */
export interface RecordPlan {
  /** `live`: the call has not ended. `pending`: the record must be sent. `delivered` and `dead` are final. */
  readonly status: 'live' | 'pending' | 'delivered' | 'dead'
  /** 1, or 2 when the call was wrapped up after its record was first sent. */
  readonly revision: number
  /** When the record was first due, in milliseconds; `Infinity` for a live call. */
  readonly dueAt: number
  /** When the next attempt is due, in milliseconds. */
  readonly nextAt: number
  /** The attempts so far. */
  readonly attempts: number
  /** The attempts since the record was last requeued. */
  readonly tries: number
  /** Whether the last allowed attempt was made. */
  readonly isExhausted: boolean
  /** The first attempt: its time, and the number of records before it. `null` before the first attempt. */
  readonly first: { readonly at: string; readonly length: number } | null
}

type Step = { readonly seq: number; readonly event: EventOf<'call.record'> }

/**
 * Plans the delivery of a record.
 *
 * @param wrapUpTimeoutMs How long after the hangup the record is due without a wrap-up.
 */
export function planRecord(records: readonly CallRecord[], wrapUpTimeoutMs: number): RecordPlan {
  let endedAt = Number.POSITIVE_INFINITY
  let wrapUp: { readonly seq: number; readonly at: number } | undefined
  const steps: Step[] = []
  for (const { seq, event } of records) {
    const at = Date.parse(event.occurred_at)
    if (event.event_type === 'call.hangup' || event.event_type === 'call.closed') endedAt = Math.min(endedAt, at)
    else if (event.event_type === 'call.wrapped_up') wrapUp ??= { seq, at }
    else if (event.event_type === 'call.record') steps.push({ seq, event: event as EventOf<'call.record'> })
  }
  const sent = steps.find(({ event }) => event.payload.step === 'sending')
  const isLate = sent !== undefined && wrapUp !== undefined && wrapUp.seq > sent.seq
  const revision = isLate ? 2 : 1
  const settledAt = endedAt + Math.min(MAX_SETTLE_MS, wrapUpTimeoutMs)
  const dueAt = wrapUp ? Math.max(wrapUp.at, settledAt) : endedAt + wrapUpTimeoutMs
  const { retryAt = dueAt, ...progress } = progressOf(steps.filter(({ event }) => event.payload.revision === revision))
  const status = endedAt === Number.POSITIVE_INFINITY ? 'live' : progress.status
  return { ...progress, status, revision, dueAt, nextAt: retryAt }
}

/** Returns the progress of one revision. */
function progressOf(steps: readonly Step[]) {
  let status: RecordPlan['status'] = 'pending'
  let attempts = 0
  /** The attempts since the record was last requeued. */
  let tries = 0
  let retryAt: number | undefined
  let first: RecordPlan['first'] = null
  for (const { seq, event } of steps) {
    const { step, attempt, retry_at } = event.payload
    if (step === 'sending') {
      first ??= { at: event.occurred_at, length: seq - 1 }
      attempts = Math.max(attempts, attempt)
      tries += 1
      retryAt = Date.parse(retry_at ?? event.occurred_at)
    } else if (step === 'requeued') {
      status = 'pending'
      tries = 0
      retryAt = Date.parse(event.occurred_at)
    } else if (status !== 'delivered') status = step
  }
  return { status, attempts, retryAt, first, isExhausted: tries >= MAX_ATTEMPTS, tries }
}

/** Returns the delay before the attempt after `tries` attempts, in milliseconds, ±10 %. */
export function retryDelayMs(tries: number, chance: number): number {
  const minutes = RETRY_MINUTES[tries - 1] ?? LAST_MINUTES
  return minutes * 60_000 * (0.9 + 0.2 * chance)
}
