/**
 * One webhook as the request that carries it: `meta`, the body or the query, the signature over exactly the bytes that
 * are sent, and whatever a fault does to them.
 */
import { gzipSync } from 'node:zlib'
import type { Chance } from '../clock/chance.ts'
import type { DeliverySettings } from '../settings/settings.ts'
import type { Delivery, WebhookMethod } from './delivery.ts'
import type { Signer } from './signer.ts'
import type { Parcel } from './transport.ts'

/** How an attempt departs from the ordinary. */
export interface Plan {
  signer: Signer
  stampMs: number
  /** Flips a bit of the signature. */
  spoil: boolean
  gzip: boolean
  slowMs: number
  fault: string | null
}

/** A request, and its body as a person reads it. */
type WebhookRequest = Parcel & { method: WebhookMethod; text: string }

/** Writes the request for attempt `number` of a delivery, to `to`. */
export function webhookRequest(
  { event, method }: Delivery,
  to: string,
  number: number,
  plan: Plan,
  settings: DeliverySettings,
  chance: Chance,
): WebhookRequest {
  const content = { data: event, meta: { attempt: number, delivered_to: to } }
  const indent = chance.fraction('indent', event.id, number) < settings.prettyPrintRate ? 2 : undefined
  // With GET there is no body, and the signature is over none: nothing vouches for the query. That is so with Telnyx.
  const text = method === 'GET' ? '' : JSON.stringify(content, null, indent)
  const bytes = Buffer.from(text)
  const gzip = plan.gzip && method === 'POST'
  const signature = plan.signer.headers(bytes, plan.stampMs)
  if (plan.spoil) signature['telnyx-signature-ed25519'] = spoiled(signature['telnyx-signature-ed25519'])
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

/** `data[payload][digit]=5`, as web frameworks write what is nested; nothing for `null`. */
function bracketed(name: string, value: unknown): [string, string][] {
  if (value === null || value === undefined) return [[name, '']]
  if (Array.isArray(value)) return value.flatMap((item) => bracketed(`${name}[]`, item))
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, item]) => bracketed(`${name}[${key}]`, item))
  return [[name, String(value)]]
}

/** Another signature of the right form. */
function spoiled(signature: string): string {
  const bytes = Buffer.from(signature, 'base64')
  bytes.writeUInt8((bytes[0] ?? 0) ^ 1, 0)
  return bytes.toString('base64')
}
