/**
 * Ingests verified webhooks: masks and normalises each against the state of its call, then appends it. Reconciled events
 * take the same path.
 */
import type { CallState, Cursor } from '@callgather/protocol'
import pMap from 'p-map'
import type { HostCallbacks } from '../base/host-callbacks.ts'
import { asRecord } from '../base/json.ts'
import { digestOf } from '../base/secrets.ts'
import type { CallCache, KnownCall } from '../calls/call-cache.ts'
import { type CallStore, isSameHead, type NewEvent } from '../store/call-store.ts'
import type { MarkCodec } from '../telnyx/client-state.ts'
import { correlate } from '../telnyx/correlate.ts'
import { isUnreadable, normalise, normaliseTime } from '../telnyx/normalise.ts'
import { isRecordId, MAX_RECORDS_AT_ONCE, recordId, recordOrdinal } from '../telnyx/records.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import { maskWebhook, mayCarryInput } from './mask-content.ts'
import { type MaskContext, maskOf, withoutUnsafeMessages } from './masking.ts'

/** The outcome of ingesting a webhook. */
export type IngestOutcome =
  | 'appended'
  /** The log already has the event. */
  | 'duplicate'
  /** The log already has an event with this id and other content. It keeps the stored event. */
  | 'conflict'
  /** The event belongs to another Telnyx product or connection. */
  | 'foreign'
  /** The mask forbids storing even the occurrence of the event. */
  | 'hidden'
  /** The call was erased, so its events are dropped. */
  | 'erased'

/** The input of a masked gather. Only the host's `onSensitive` receives it. */
export interface SensitiveInput {
  readonly callId: string
  /** The `command_id` of the gather, if known. */
  readonly commandId: string | undefined
  readonly eventId: string
  readonly eventType: string
  /** Telnyx's status of the gather. */
  readonly status: string | undefined
  /** The digits of a digit gather. */
  readonly digits: string | undefined
  /** The fields of an AI gather. */
  readonly result: Readonly<Record<string, unknown>> | undefined
}

/** Dependencies of ingestion. */
export interface IngestDeps {
  readonly cache: CallCache
  readonly store: CallStore
  readonly markers: MarkCodec
  /** The key of the digests that detect two different events with the same id. */
  readonly digestKey: Uint8Array
  readonly now: () => number
  readonly hostCallbacks: HostCallbacks
  /** Whether masking is configured. If so, input of unknown origin is masked. */
  readonly isMasking: boolean
  /** The connections whose webhooks are accepted. Default: all of the account. */
  readonly connectionIds?: ReadonlySet<string> | undefined
  readonly onSensitive?: ((input: SensitiveInput) => void | Promise<void>) | undefined
}

/** The deadline of `onSensitive`: Telnyx waits 2 s for the webhook's answer by default. */
const MAX_ON_SENSITIVE_MS = 1_500

const MAX_CALL_ID_LENGTH = 512
const MAX_SESSION_ID_LENGTH = 256
/** How many legs of a session are folded concurrently. A conference has many legs. */
const LEG_CONCURRENCY = 8

/**
 * From this age on, in milliseconds, an event may be in the log under another id: made from Telnyx's records, which may
 * lack the webhook's own. Telnyx delivers for a minute at most, and the reconciler takes such records only when they
 * are twice as old (`SETTLED_AFTER_MS`).
 */
const LATE_AFTER_MS = 60_000

const isCallId = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= MAX_CALL_ID_LENGTH

/** Returns the session id of a webhook, if it has one. */
function sessionOf({ call_session_id: id }: Webhook['payload']): string | undefined {
  return typeof id === 'string' && id !== '' && id.length <= MAX_SESSION_ID_LENGTH ? id : undefined
}

/** Data that was read for a webhook before its append. */
interface Lookup {
  /** The session whose legs `siblings` has, for a webhook that may carry input. */
  readonly session: string | undefined
  readonly siblings: readonly CallState[]
  /** Whether the log has the event under another id, up to `cursor`. Absent if the event cannot have an alias. */
  readonly alias?: { readonly isKnown: boolean; readonly cursor: Cursor | null }
}

/** The reason why a webhook can't be appended yet. */
type Postponement =
  | { readonly refused: 'outdated' }
  /** The masked input must be delivered to the host first. */
  | { readonly refused: 'undelivered'; readonly commandId: string | undefined }

/** Ingests webhooks. */
export class Ingest {
  readonly #deps: IngestDeps
  readonly #startedAt: number
  /** Pending deliveries to the host, by call and event: the same webhook may arrive twice at once. */
  readonly #deliveries = new Map<string, Promise<boolean | undefined>>()

  constructor(deps: IngestDeps) {
    this.#deps = deps
    this.#startedAt = deps.now()
  }

  /** Appends a webhook to the log of its call. Resolves when it is durable. */
  async accept(webhook: Webhook): Promise<IngestOutcome> {
    const { call_control_id: callId, connection_id: connectionId } = webhook.payload
    if (!isCallId(callId)) return 'foreign'
    const { cache, connectionIds } = this.#deps
    if (connectionIds && !(typeof connectionId === 'string' && connectionIds.has(connectionId))) return 'foreign'
    const sessionId = sessionOf(webhook.payload)
    const key = `${callId} ${webhook.id}`
    let delivery: Promise<boolean | undefined> | undefined
    try {
      for (;;) {
        const handed = delivery && { delivered: await delivery }
        const findings = await this.#lookUp(callId, webhook)
        if (findings.alias?.isKnown) return 'duplicate'
        const decide = (call: KnownCall) => this.#decide(webhook, findings, handed, call)
        const { decision, duplicates, isErased } = await cache.append(callId, decide, { sessionId })
        if (isErased) return 'erased'
        if ('events' in decision) {
          if (decision.events.length === 0) return 'hidden'
          const [duplicate] = duplicates
          return duplicate ? (duplicate.isConflict ? 'conflict' : 'duplicate') : 'appended'
        }
        if (decision.refused === 'undelivered') {
          delivery = this.#deliveries.get(key) ?? this.#deliver(callId, decision.commandId, webhook)
          this.#deliveries.set(key, delivery)
        }
      }
    } finally {
      if (delivery) this.#deliveries.delete(key)
    }
  }

  /** Decides which events to append on the current state of the call: none if the mask forbids storing the event. */
  #decide(
    webhook: Webhook,
    { session, siblings, alias }: Lookup,
    handed: { readonly delivered: boolean | undefined } | undefined,
    { callId, cursor, state }: KnownCall,
  ): { readonly events: readonly NewEvent[] } | Postponement {
    // Since the lookup, the log may have got the alias, or a session whose other legs collect masked input.
    if (alias && !isSameHead(cursor, alias.cursor)) return { refused: 'outdated' }
    if (mayCarryInput(webhook) && session !== (sessionOf(webhook.payload) ?? state.session?.id))
      return { refused: 'outdated' }
    const { markers, digestKey, isMasking, onSensitive } = this.#deps
    const { id, eventType, occurredAt, payload } = webhook
    const mark = markers.read(callId, payload.client_state)
    const marker = mark === 'unreadable' ? null : mark
    const commandId = correlate(webhook, normaliseTime(occurredAt), marker, state)
    const context: MaskContext = { state, siblings, mark, commandId, isMasking, startedAt: this.#startedAt }
    const safe = withoutUnsafeMessages(webhook, context)
    const unmasked = normalise(safe, commandId, state)
    // An unreadable event is stored unchanged; if masking is configured, without possible input.
    const mask = maskOf(webhook, context) ?? (isMasking && isUnreadable(unmasked) ? 'digits' : undefined)
    const masked = mask === undefined ? safe : maskWebhook(webhook, mask, context)
    if (!masked) return { events: [] }
    const isEnd = eventType === 'call.gather.ended' || eventType === 'call.ai_gather.ended'
    if (mask !== undefined && isEnd && onSensitive && !handed)
      return { refused: 'undelivered', commandId: commandId ?? marker?.commandId }
    const event = masked === safe ? unmasked : normalise(masked, commandId, state)
    const digest = digestOf(digestKey, id, eventType, occurredAt, payload)
    const delivered = handed?.delivered
    if (delivered === undefined) return { events: [{ event, digest }] }
    return { events: [{ event: { ...event, payload: { ...event.payload, delivered } } as typeof event, digest }] }
  }

  async #lookUp(callId: string, webhook: Webhook): Promise<Lookup> {
    const { cache, store, now } = this.#deps
    const { id, occurredAt, payload } = webhook
    const session = mayCarryInput(webhook)
      ? (sessionOf(payload) ?? (await cache.open(callId)).state.session?.id)
      : undefined
    // Another server may have ingested the webhooks of the other legs.
    const legs = session === undefined ? [] : (await store.listLegs(session)).filter((leg) => leg !== callId)
    const stateOf = async (leg: string) => (await cache.open(leg)).state
    const siblings = legs.length === 0 ? [] : await pMap(legs, stateOf, { concurrency: LEG_CONCURRENCY })
    if (!isRecordId(id) && now() - Date.parse(occurredAt) < LATE_AFTER_MS) return { session, siblings }
    const { cursor } = await cache.open(callId)
    return { session, siblings, alias: { isKnown: await this.#hasAlias(callId, webhook), cursor } }
  }

  /** Whether the log has the same event under another id. One of the two ids then comes from `recordId`. */
  async #hasAlias(callId: string, { id, eventType, occurredAt }: Webhook): Promise<boolean> {
    const { store } = this.#deps
    if (!isRecordId(id)) {
      if (await store.has(callId, id)) return false
      const aliases = Array.from({ length: MAX_RECORDS_AT_ONCE }, (_, index) =>
        recordId(eventType, occurredAt, index + 1),
      )
      return (await Promise.all(aliases.map((alias) => store.has(callId, alias)))).includes(true)
    }
    // Telnyx's id can't be derived from its record, so the nth record of a type and time is known if the log has n events.
    // Such records are rare, so a scan of the log is acceptable.
    const at = normaliseTime(occurredAt)
    const slice = await store.read(callId, 0)
    const others = (slice?.records ?? []).filter(
      ({ event }) =>
        event.id !== id &&
        event.occurred_at === at &&
        (event.event_type === eventType || event.event_type === `unreadable:${eventType}`),
    )
    return others.length >= recordOrdinal(id)
  }

  /**
   * Delivers masked input to the host before the event is stored and Telnyx gets its 200. After a crash in between,
   * Telnyx's retry delivers the input again. Returns whether the host accepted it; `undefined` without masked input.
   */
  async #deliver(callId: string, commandId: string | undefined, webhook: Webhook): Promise<boolean | undefined> {
    const { store, onSensitive, hostCallbacks } = this.#deps
    const { id: eventId, eventType, payload } = webhook
    if (!onSensitive || (await store.has(callId, eventId))) return undefined
    const input: SensitiveInput = {
      callId,
      commandId,
      eventId,
      eventType,
      status: typeof payload.status === 'string' ? payload.status : undefined,
      digits: typeof payload.digits === 'string' ? payload.digits : undefined,
      result: asRecord(payload.result),
    }
    const deadlineMs = Math.min(hostCallbacks.deadlineMs, MAX_ON_SENSITIVE_MS)
    return hostCallbacks
      .call('onSensitive', () => onSensitive(input), { deadlineMs })
      .then(
        () => true,
        () => false,
      )
  }
}
