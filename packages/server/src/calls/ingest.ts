/**
 * What happens to a verified webhook: it is masked and normalised against what is known of its call, and appended.
 * Webhooks that Telnyx delivers and events that we fetch ourselves come through here alike.
 */
import type { CallState, Mask } from '@callgather/protocol'
import type { Logger } from 'pino'
import { digestOf } from '../access/secrets.ts'
import type { Marker, MarkerCodec } from '../telnyx/client-state.ts'
import { normalise, normaliseTime } from '../telnyx/normalise.ts'
import { isRecordId, recordId } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import type { CallLog, KnownCall } from './call-log.ts'
import type { CallStore } from './call-store.ts'
import { isPayment, maskBeside, maskOf, maskWebhook, mayCarryInput, strictest } from './masking.ts'

/** What became of a webhook. */
export type IngestOutcome =
  | 'appended'
  /** Known already: the same event again. */
  | 'duplicate'
  /** Known already, with other content: the first stays. */
  | 'conflict'
  /** Not about a call of ours: another Telnyx product's, or another connection's. */
  | 'foreign'
  /** So sensitive that not even that it happened is kept. */
  | 'hidden'

/** What a sensitive gather was given; for the host's own code, and nowhere else. */
export interface SensitiveInput {
  readonly callId: string
  /** The gather it belongs to, if that is known. */
  readonly commandId: string | undefined
  readonly eventId: string
  readonly eventType: string
  /** Telnyx's word for how the gather ended. */
  readonly status: string | undefined
  /** The digits of a digit gather. */
  readonly digits: string | undefined
  /** The fields of an AI gather. */
  readonly result: Readonly<Record<string, unknown>> | undefined
}

/** What ingestion works with. */
export interface IngestParts {
  readonly log: CallLog
  readonly store: CallStore
  readonly markers: MarkerCodec
  /** Keys the digests by which two events under one id are told apart. */
  readonly digestKey: Uint8Array
  readonly now: () => number
  readonly logger: Logger
  /** Whether the server knows of sensitive gathers at all: then, where nothing is known, input is hidden. */
  readonly closed: boolean
  /** The connections whose webhooks are ours; absent, all of the account's. */
  readonly connectionIds?: ReadonlySet<string> | undefined
  readonly onSensitive?: ((input: SensitiveInput) => void | Promise<void>) | undefined
}

const LONGEST_CALL_ID = 512
const LONGEST_SESSION_ID = 256

/**
 * From this age on, in milliseconds, an event may be in the log under another id: made from Telnyx's records, which may
 * lack the webhook's own. Telnyx delivers for a minute at most, and the reconciler takes such records only when they
 * are twice as old (`SETTLED_MILLIS`).
 */
const LATE_MILLIS = 60_000

/** The session that a webhook says its call is a leg of. */
function sessionOf({ payload: { call_session_id: id } }: Webhook): string | undefined {
  return typeof id === 'string' && id !== '' && id.length <= LONGEST_SESSION_ID ? id : undefined
}

/** Takes webhooks in. */
export class Ingest {
  readonly #parts: IngestParts

  constructor(parts: IngestParts) {
    this.#parts = parts
  }

  /** Appends a webhook to the log of its call. Resolves when it is durable. */
  async accept(webhook: Webhook): Promise<IngestOutcome> {
    const { call_control_id: callId, connection_id: connectionId } = webhook.payload
    if (typeof callId !== 'string' || callId === '' || callId.length > LONGEST_CALL_ID) return 'foreign'
    const { log, markers, connectionIds, now } = this.#parts
    if (connectionIds && !(typeof connectionId === 'string' && connectionIds.has(connectionId))) return 'foreign'

    const sessionId = sessionOf(webhook)
    const beside = mayCarryInput(webhook) ? await this.#legsBeside(callId, sessionId) : []
    const marker = markers.read(callId, webhook.payload.client_state)
    let mask: Mask | undefined
    let hidden = false
    let twin = false
    const prepare = async ({ state }: KnownCall) => {
      twin = await this.#hasTwin(callId, webhook)
      if (twin) return []
      const context = { state, marker, now: now(), closed: this.#parts.closed }
      const ofLegs = beside.map((leg) => maskBeside(webhook, leg, now()))
      const wanted = [maskOf(webhook, context), ...ofLegs].reduce(strictest)
      mask = wanted ?? (isPayment(webhook) ? 'digits' : undefined)
      const masked = mask === undefined ? webhook : maskWebhook(webhook, mask, context)
      hidden = masked === null
      const { id, eventType, occurredAt, payload } = webhook
      const digest = digestOf(this.#parts.digestKey, id, eventType, occurredAt, payload)
      return masked ? [{ event: normalise(masked, marker, state), digest }] : []
    }
    const { records, duplicates } = await log.append(callId, prepare, { sessionId })
    if (twin) return 'duplicate'
    if (hidden) return 'hidden'
    const [record] = records
    if (record && mask !== undefined) this.#hand(callId, record.event.command_id, webhook, marker)
    const [duplicate] = duplicates
    return duplicate ? (duplicate.conflict ? 'conflict' : 'duplicate') : 'appended'
  }

  /**
   * The other legs of a call's session, as they are known now. From store and log, so that it does not matter which
   * server took their webhooks, or gave the command. Asked for before the call's own turn: two legs that waited for each
   * other within theirs would wait for ever.
   */
  async #legsBeside(callId: string, sessionId: string | undefined): Promise<CallState[]> {
    if (sessionId === undefined) return []
    const { log, store } = this.#parts
    const others = (await store.legsOf(sessionId)).filter((leg) => leg !== callId)
    return Promise.all(others.map(async (leg) => (await log.open(leg)).state))
  }

  /** Whether the log has this very event under another id: one of the two ids was made from Telnyx's records. */
  async #hasTwin(callId: string, { id, eventType, occurredAt }: Webhook): Promise<boolean> {
    const { store, now } = this.#parts
    if (!isRecordId(id)) {
      return now() - Date.parse(occurredAt) >= LATE_MILLIS && store.has(callId, recordId(eventType, occurredAt))
    }
    // Telnyx's own id cannot be told from its record. Few events come this way, so the log may be walked.
    const at = normaliseTime(occurredAt)
    const slice = await store.read(callId, 0)
    return (slice?.records ?? []).some(
      ({ event }) =>
        event.id !== id &&
        event.occurred_at === at &&
        (event.event_type === eventType || event.event_type === `unreadable:${eventType}`),
    )
  }

  /** Hands sensitive input to the host; the only way out it has. */
  #hand(callId: string, commandId: string | undefined, webhook: Webhook, marker: Marker | null): void {
    const { onSensitive, logger } = this.#parts
    const { id: eventId, eventType, payload } = webhook
    if (!onSensitive || (eventType !== 'call.gather.ended' && eventType !== 'call.ai_gather.ended')) return
    const input: SensitiveInput = {
      callId,
      commandId: commandId ?? marker?.commandId,
      eventId,
      eventType,
      status: typeof payload.status === 'string' ? payload.status : undefined,
      digits: typeof payload.digits === 'string' ? payload.digits : undefined,
      result: (payload.result ?? undefined) as SensitiveInput['result'],
    }
    // What it throws may quote its input, so only that it threw is said.
    const failed = () => logger.error('onSensitive failed')
    void Promise.resolve()
      .then(() => onSensitive(input))
      .catch(failed)
  }
}
