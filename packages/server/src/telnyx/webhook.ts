/**
 * From verified bytes to a webhook: the envelope, and nothing more than its bounds and its shape.
 *
 * Lenient with what Telnyx adds, strict with what could hurt: depth and size are judged before anything walks the
 * value, because `JSON.parse` takes a million levels and `JSON.stringify` dies on a few thousand.
 */
import { asRecord, findExcess } from '../base/json.ts'

/** A webhook as Telnyx sent it, with the envelope checked and the payload not yet looked at. */
export interface Webhook {
  /** Telnyx's event id: the key of deduplication. */
  readonly id: string
  readonly eventType: string
  /** As sent. */
  readonly occurredAt: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Why signed bytes are no webhook we can use. */
export type UnreadableReason = 'not_utf8' | 'not_json' | 'too_deep' | 'too_many_nodes' | 'not_an_event'

/** What became of the bytes. */
export type WebhookResult =
  | { readonly ok: true; readonly webhook: Webhook }
  | { readonly ok: false; readonly reason: UnreadableReason }

/** Bounds on the JSON of a webhook. */
export const webhookBounds = { depth: 64, nodes: 20_000, text: 256 } as const

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads the body of a request whose signature has been checked. */
export function readWebhook(body: Uint8Array): WebhookResult {
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    return { ok: false, reason: 'not_utf8' }
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return { ok: false, reason: 'not_json' }
  }
  const excess = findExcess(parsed, webhookBounds)
  if (excess) return { ok: false, reason: excess }
  const webhook = readEnvelope(parsed)
  return webhook ? { ok: true, webhook } : { ok: false, reason: 'not_an_event' }
}

/** Reads an event that is already JSON: `{data: {…}}` as webhooks come, or the flat event, as some pages show it. */
export function readEnvelope(value: unknown): Webhook | null {
  const outer = asRecord(value)
  const data = asRecord(outer?.data) ?? outer
  const payload = asRecord(data?.payload)
  if (!data || !payload) return null
  const { id, event_type: eventType, occurred_at: occurredAt } = data
  if (!isName(id) || !isName(eventType) || typeof occurredAt !== 'string' || occurredAt.length > 64) return null
  if (Number.isNaN(Date.parse(occurredAt))) return null
  return { id, eventType, occurredAt, payload }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= webhookBounds.text
