/**
 * Reads Telnyx's records for webhooks that did not arrive: failed deliveries, the log of each call, and its status.
 *
 * The records overlap and may lack the webhook's id, because Telnyx does not document the shape of the "raw event" in
 * `call_events`. An event without an id gets an id from `recordId`.
 */
import Telnyx from 'telnyx'
import { asRecord } from '../base/json.ts'
import { isTelnyxApiError, type TelnyxClient } from './client.ts'
import { noRedirectOptions } from './commands.ts'
import { normaliseTime } from './normalise.ts'
import { readEnvelope, type Webhook } from './webhook.ts'

/** The part of Telnyx's call log to read: all calls since a time (in milliseconds), one leg, or one session. */
export type RecordScope = { readonly since: number } | { readonly legId: string } | { readonly sessionId: string }

/** One entry of Telnyx's call log. */
export type CallEventRecord =
  | { readonly type: 'webhook'; readonly webhook: Webhook }
  /** A command that reached Telnyx. */
  | { readonly type: 'command'; readonly commandId: string }

/** Telnyx's status of a call. */
export interface CallStatus {
  readonly isAlive: boolean
  readonly legId: string | undefined
}

/** Telnyx's records. Every method fails with `RecordsUnavailableError` when a request to Telnyx fails. */
export interface TelnyxRecords {
  /** Lists the webhooks that could not be delivered since a time, in milliseconds. */
  listFailedDeliveries(since: number): AsyncIterable<Webhook>
  /** Lists the events in Telnyx's call log. Without a leg or session, it covers the last 24 hours. */
  listCallEvents(scope: RecordScope): AsyncIterable<CallEventRecord>
  /** Returns whether a call is alive; `null` when Telnyx no longer has it, ten minutes after its end. */
  fetchStatus(callId: string): Promise<CallStatus | null>
}

/** A request to Telnyx failed. The message names the reason and quotes nothing. */
export class RecordsUnavailableError extends Error {
  override readonly name = 'RecordsUnavailableError'
  /** What the operator can do. */
  readonly advice: string
  /** How long Telnyx asked to wait, in milliseconds; 0 by default. */
  readonly retryAfterMs: number

  constructor(message: string, advice: string, retryAfterMs = 0, options?: ErrorOptions) {
    super(message, options)
    this.advice = advice
    this.retryAfterMs = retryAfterMs
  }
}

/** The maximum number of pages to read from Telnyx's records, with 250 entries each. */
const MAX_PAGES = 200
const PAGE_SIZE = 250
/** The maximum wait before the next request, even if Telnyx's headers ask for more. */
const MAX_RETRY_AFTER_MS = 5 * 60_000

/**
 * Makes an id for a record that has none. It consists of the record's type, its time, and an ordinal from 1 where
 * several records of a call share both.
 */
export const recordId = (eventType: string, occurredAt: string, ordinal = 1): string =>
  `${eventType}@${normaliseTime(occurredAt)}${ordinal === 1 ? '' : `#${ordinal}`}`

/** The maximum number of records of one call that may share a type and a time. */
export const MAX_RECORDS_AT_ONCE = 4

/** Returns the ordinal in an id made by `recordId`, from 1. */
export const recordOrdinal = (id: string): number => Number(/#(\d+)$/.exec(id)?.[1] ?? 1)

/** Whether an id was made by `recordId`. Telnyx's own ids are UUIDs. */
export const isRecordId = (id: string): boolean => id.includes('@')

/** Creates a reader of Telnyx's records that uses the official SDK's client. */
export function telnyxRecords(client: TelnyxClient, { timeoutMs }: { readonly timeoutMs: number }): TelnyxRecords {
  // The SDK's retries are off, because they wait for `Retry-After` without a bound. The reconciler retries instead.
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
 * Numbers events without an id that share a type and a time, such as two keys. Works within one page, because rows can
 * move to the next page while they are read and then appear twice.
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

/** Reads an entry of `call_events`. It is the raw event, has it in a field, or has only the event's payload. */
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
    const advice =
      'The server slows down by itself. If this error continues, reduce the requests of other programs on the account.'
    throw new RecordsUnavailableError('Telnyx answered 429, too many requests', advice, wait, options)
  }
  const advice =
    status === 401 || status === 403
      ? 'Check that `TELNYX_API_KEY` is valid and may read call events and webhook deliveries.'
      : 'If this error continues, check Telnyx’s status page.'
  throw new RecordsUnavailableError(`Telnyx answered ${status}`, advice, 0, options)
}
