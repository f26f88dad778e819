/** Builds the HTTP request of a webhook: body or query, `meta`, signature, and the changes that faults make. */
import { gzipSync } from 'node:zlib'
import type { Chance } from '../clock/chance.ts'
import type { DeliverySettings } from '../settings/settings.ts'
import type { Delivery, WebhookMethod } from './delivery.ts'
import type { Signer } from './signer.ts'
import type { OutgoingRequest } from './transport.ts'

/** How to sign and send one delivery attempt. Faults change this plan. */
export interface AttemptPlan {
  signer: Signer
  stampMs: number
  /** Whether to flip a bit of the signature, which makes it invalid. */
  shouldCorruptSignature: boolean
  gzip: boolean
  slowMs: number
  fault: string | null
}

/** A webhook request and its uncompressed body as text. */
type WebhookRequest = OutgoingRequest & { method: WebhookMethod; text: string }

/** Builds the request for attempt `number` of a delivery to the URL `to`. */
export function webhookRequest(
  { event, method }: Pick<Delivery, 'event' | 'method'>,
  to: string,
  number: number,
  plan: AttemptPlan,
  settings: DeliverySettings,
  chance: Chance,
): WebhookRequest {
  const content = { data: event, meta: { attempt: number, delivered_to: to } }
  const indent = chance.fraction('indent', event.id, number) < settings.prettyPrintRate ? 2 : undefined
  // As with Telnyx, the signature of a GET covers an empty body, so the query is not authenticated.
  const text = method === 'GET' ? '' : JSON.stringify(content, null, indent)
  const bytes = Buffer.from(text)
  const gzip = plan.gzip && method === 'POST'
  const signature = plan.signer.headers(bytes, plan.stampMs)
  if (plan.shouldCorruptSignature)
    signature['telnyx-signature-ed25519'] = corrupt(signature['telnyx-signature-ed25519'])
  return {
    method,
    url: method === 'GET' ? withQuery(to, content, settings.getQuery) : to,
    headers: {
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      'user-agent': 'telnyx-webhooks',
      ...signature,
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body: method === 'GET' ? null : gzip ? gzipSync(bytes) : bytes,
    text,
    timeoutMs: settings.timeoutMs,
    slowMs: plan.slowMs,
  }
}

function withQuery(to: string, content: Record<string, unknown>, form: DeliverySettings['getQuery']): string {
  const url = new URL(to)
  for (const [name, value] of Object.entries(content))
    for (const [key, text] of form === 'json' ? [[name, JSON.stringify(value)] as const] : bracketed(name, value))
      url.searchParams.append(key, text)
  return url.href
}

/** Nested query parameters, such as `data[payload][digit]=5`; `null` becomes an empty value. */
function bracketed(name: string, value: unknown): [string, string][] {
  if (value === null || value === undefined) return [[name, '']]
  if (Array.isArray(value)) return value.flatMap((item) => bracketed(`${name}[]`, item))
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, item]) => bracketed(`${name}[${key}]`, item))
  return [[name, String(value)]]
}

/** Returns an invalid signature of the right length. */
function corrupt(signature: string): string {
  const bytes = Buffer.from(signature, 'base64')
  bytes.writeUInt8((bytes[0] ?? 0) ^ 1, 0)
  return bytes.toString('base64')
}
