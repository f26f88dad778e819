/**
 * Parses verified bytes into a webhook. Checks the envelope and the bounds of the JSON.
 *
 * Accepts unknown fields. Checks depth and size before recursive code runs, because `JSON.parse` accepts a million levels
 * and `JSON.stringify` overflows the stack at a few thousand.
 */
import { asRecord, findExcess } from '../base/json.ts'

/** A webhook with a checked envelope and an unchecked payload. */
export interface Webhook {
  /** Telnyx's event id, by which events are deduplicated. */
  readonly id: string
  readonly eventType: string
  /** Telnyx's `occurred_at`, unchanged. */
  readonly occurredAt: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Why a signed body is not a usable webhook. */
export type UnreadableReason = 'not_utf8' | 'not_json' | 'too_deep' | 'too_many_nodes' | 'not_an_event'

/** The result of parsing a webhook. */
export type WebhookResult =
  | { readonly ok: true; readonly webhook: Webhook }
  | { readonly ok: false; readonly reason: UnreadableReason }

/** Bounds on the JSON of a webhook. */
export const webhookBounds = { depth: 64, nodes: 20_000, text: 256 } as const

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses the body of a webhook request whose signature was verified. */
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

/** Reads an event from JSON: `{data: {…}}` as in webhooks, or the flat event, as in some Telnyx documentation. */
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
