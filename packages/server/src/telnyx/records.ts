/**
 * What Telnyx still knows when its webhooks did not reach us: deliveries that failed, its own log of each call, and
 * whether a call is alive.
 *
 * The records overlap, and one of them may lack the id that a webhook has: Telnyx documents that `call_events` holds
 * "the raw event" and not in what shape. So an event without an id gets one made of its type and time, which are its
 * own to the microsecond; see `recordId`.
 */
import Telnyx from 'telnyx'
import { asRecord } from '../base/json.ts'
import { isTelnyxApiError, type TelnyxClient } from './client.ts'
import { noRedirectOptions } from './commands.ts'
import { normaliseTime } from './normalise.ts'
import { readEnvelope, type Webhook } from './webhook.ts'

/** Which part of Telnyx's log of calls is read: all calls since a moment, one leg, or one session. */
export type RecordScope = { readonly since: number } | { readonly legId: string } | { readonly sessionId: string }

/** One line of Telnyx's log of calls. */
export type CallEventRecord =
  | { readonly type: 'webhook'; readonly webhook: Webhook }
  /** A command that reached Telnyx. */
  | { readonly type: 'command'; readonly commandId: string }

/** What Telnyx says of a call. */
export interface CallStatus {
  readonly isAlive: boolean
  readonly legId: string | undefined
}

/** Telnyx's own records. Everything fails with `RecordsUnavailableError` when Telnyx cannot be asked. */
export interface TelnyxRecords {
  /** The webhooks that could not be delivered since a moment, in milliseconds. */
  listFailedDeliveries(since: number): AsyncIterable<Webhook>
  /** What happened, as Telnyx noted it. Without a leg or session no further back than 24 hours. */
  listCallEvents(scope: RecordScope): AsyncIterable<CallEventRecord>
  /** Whether a call is alive; `null` when Telnyx does not know it any more, ten minutes after its end. */
  fetchStatus(callId: string): Promise<CallStatus | null>
}

/** Telnyx could not be asked. The message says why, and quotes nothing. */
export class RecordsUnavailableError extends Error {
  override readonly name = 'RecordsUnavailableError'
  /** What to do about it. */
  readonly advice: string
  /** How long Telnyx asked to wait, in milliseconds; 0 where it did not say. */
  readonly retryAfterMs: number

  constructor(message: string, advice: string, waitMillis = 0, options?: ErrorOptions) {
    super(message, options)
    this.advice = advice
    this.retryAfterMs = waitMillis
  }
}

/** Pages that are read at most, of 250 lines each: 50,000 lines. */
const MAX_PAGES = 200
const PAGE_SIZE = 250
/** How long a wait may be, whatever Telnyx's headers say, in milliseconds. */
const MAX_RETRY_AFTER_MS = 5 * 60_000

/**
 * The id of an event whose record has none: its type and time, and, where several of one call share both, which of
 * them it is, from 1.
 */
export const recordId = (eventType: string, occurredAt: string, ordinal = 1): string =>
  `${eventType}@${normaliseTime(occurredAt)}${ordinal === 1 ? '' : `#${ordinal}`}`

/** How many records of one call may share a type and a time. */
export const MAX_RECORDS_AT_ONCE = 4

/** Which of several records at one time an id made by `recordId` stands for, from 1. */
export const recordOrdinal = (id: string): number => Number(/#(\d+)$/.exec(id)?.[1] ?? 1)

/** Whether an id was made by `recordId`: Telnyx's own are UUIDs. */
export const isRecordId = (id: string): boolean => id.includes('@')

/** Reads the records with the official SDK. */
export function telnyxRecords(client: TelnyxClient, { timeoutMs }: { readonly timeoutMs: number }): TelnyxRecords {
  // The SDK would wait as long as `Retry-After` says, without a bound: the reconciler decides when to ask again.
  const options = { timeout: Math.ceil(timeoutMs), maxRetries: 0, ...noRedirectOptions }

  async function* pages(path: string, filter: Readonly<Record<string, unknown>>): AsyncGenerator<readonly unknown[]> {
    for (let number = 1; number <= MAX_PAGES; number++) {
      const query = { filter, page: { number, size: PAGE_SIZE } }
      const answer = await client.get(path, { ...options, query }).catch(fail)
      const rows: unknown = asRecord(answer)?.data
      if (!Array.isArray(rows)) return
      yield rows
      if (rows.length < PAGE_SIZE) return
    }
  }

  return {
    async *listFailedDeliveries(since) {
      const filter = { status: { eq: 'failed' }, started_at: { gte: new Date(since).toISOString() } }
      for await (const rows of pages('/webhook_deliveries', filter)) {
        for (const row of rows) {
          const webhook = readEnvelope(asRecord(row)?.webhook)
          if (webhook) yield webhook
        }
      }
    },

    async *listCallEvents(scope) {
      const filter =
        'since' in scope
          ? { occurred_at: { gte: new Date(scope.since).toISOString() } }
          : 'legId' in scope
            ? { leg_id: scope.legId }
            : { application_session_id: scope.sessionId }
      for await (const rows of pages('/call_events', filter))
        yield* numberRecords(rows.flatMap((row) => readRecord(row) ?? []))
    },

    async fetchStatus(callId) {
      try {
        const { data } = await client.calls.retrieveStatus(callId, options)
        return typeof data?.is_alive === 'boolean' ? { isAlive: data.is_alive, legId: data.call_leg_id } : null
      } catch (error) {
        if (isTelnyxApiError(error) && (error.status === 404 || error.status === 422)) return null
        return fail(error)
      }
    },
  }
}

/**
 * Distinguishes events that have no id and share a type and a time, such as two keys. Within one page only, because rows
 * that move from one page to the next while they are read come twice.
 */
function numberRecords(records: readonly CallEventRecord[]): CallEventRecord[] {
  const counts = new Map<string, number>()
  return records.map((record) => {
    if (record.type !== 'webhook' || !isRecordId(record.webhook.id)) return record
    const { eventType, occurredAt, payload } = record.webhook
    const key = `${String(payload.call_control_id)} ${record.webhook.id}`
    const ordinal = (counts.get(key) ?? 0) + 1
    counts.set(key, ordinal)
    return { ...record, webhook: { ...record.webhook, id: recordId(eventType, occurredAt, ordinal) } }
  })
}

/** Reads a line of `call_events`, with the raw event as it is, within another field, or as its payload alone. */
function readRecord(row: unknown): CallEventRecord | null {
  const { type, name, event_timestamp: at, metadata } = asRecord(row) ?? {}
  const raw = asRecord(metadata)
  if (!raw) return null
  if (type === 'command') {
    const commandId = raw.command_id ?? asRecord(raw.payload)?.command_id
    return typeof commandId === 'string' ? { type, commandId } : null
  }
  if (type !== 'webhook') return null
  for (const value of [raw, raw.event, raw.raw_event, raw.webhook]) {
    const webhook = readEnvelope(value)
    if (webhook) return { type, webhook }
  }
  if (typeof name !== 'string' || typeof at !== 'string' || Number.isNaN(Date.parse(at))) return null
  const payload = asRecord(raw.payload) ?? raw
  const webhook = readEnvelope({ id: recordId(name, at), event_type: name, occurred_at: at, payload })
  return webhook ? { type, webhook } : null
}

function fail(error: unknown): never {
  if (!isTelnyxApiError(error)) throw error
  const { status } = error
  const options = { cause: error }
  if (status === undefined) {
    const why = error instanceof Telnyx.APIConnectionTimeoutError ? 'it did not answer in time' : 'no connection'
    const advice = 'Check the network, `TELNYX_BASE_URL`, and Telnyx’s status page.'
    throw new RecordsUnavailableError(`Telnyx cannot be reached: ${why}`, advice, 0, options)
  }
  if (status === 429) {
    const headers = error.headers
    const seconds = Number(headers?.get('retry-after') ?? headers?.get('x-ratelimit-reset') ?? 0)
    const wait = Math.min(Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0, MAX_RETRY_AFTER_MS)
    const advice = 'Nothing: it is asked more slowly. If it lasts, other programs use up the account’s rate limit.'
    throw new RecordsUnavailableError('Telnyx answered 429, too many requests', advice, wait, options)
  }
  const advice =
    status === 401 || status === 403
      ? 'Check that `TELNYX_API_KEY` is valid and may read call events and webhook deliveries.'
      : 'Look at Telnyx’s status page if it lasts.'
  throw new RecordsUnavailableError(`Telnyx answered ${status}`, advice, 0, options)
}
