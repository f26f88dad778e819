/** The model of a text message, and its shape in Telnyx's API and webhooks. */
import { measure } from './encoding.ts'

/** The status of a message: `received` for inbound messages, Telnyx's delivery statuses for outbound messages. */
export type MessageStatus = 'queued' | 'sent' | 'received' | 'delivered' | 'delivery_failed' | 'sending_failed'

/** A text message between the application and a phone. */
export interface Message {
  id: string
  /** As at Telnyx: `outbound` from the application to a phone, `inbound` from a phone to the application. */
  direction: 'inbound' | 'outbound'
  from: string
  to: string
  text: string
  /** Addresses of attached media. A message with media is an MMS. */
  media_urls: readonly string[]
  subject: string | null
  status: MessageStatus
  encoding: 'GSM-7' | 'UCS-2'
  messaging_profile_id: string | null
  webhook_url: string | null
  webhook_failover_url: string | null
  /** ISO 8601 time when Telnyx received the message. */
  received_at: string
  sent_at: string | null
  completed_at: string | null
}

const free = { amount: '0.0000', currency: 'USD' }
const line = { carrier: 'CallGather simulator', line_type: 'Wireless' }
const failure = {
  code: '40008',
  title: 'Undeliverable',
  detail: 'The recipient carrier did not accept the message.',
}

/** Returns the `data` of a message in the API, which is also the `payload` of its webhooks. */
export function asTelnyxMessage(message: Message): Record<string, unknown> {
  const { direction, from, to, text, media_urls, status, encoding } = message
  const isInbound = direction === 'inbound'
  const isFailed = status === 'delivery_failed' || status === 'sending_failed'
  return {
    record_type: 'message',
    direction,
    id: message.id,
    type: media_urls.length > 0 ? 'MMS' : 'SMS',
    messaging_profile_id: message.messaging_profile_id,
    organization_id: '00000000-0000-4000-8000-000000000000',
    from: { phone_number: from, ...line },
    to: [{ phone_number: to, status: isInbound ? 'webhook_delivered' : status, ...line }],
    cc: [],
    text,
    subject: message.subject,
    media: media_urls.map((url) => ({
      url,
      content_type: null,
      size: null,
      [isInbound ? 'hash_sha256' : 'sha256']: null,
    })),
    webhook_url: message.webhook_url,
    webhook_failover_url: message.webhook_failover_url,
    encoding,
    num_chars: [...text].length,
    parts: measure(text, encoding === 'UCS-2').parts,
    tags: [],
    cost: free,
    cost_breakdown: { carrier_fee: free, rate: free },
    tcr_campaign_id: null,
    tcr_campaign_billable: false,
    tcr_campaign_registered: null,
    received_at: message.received_at,
    sent_at: message.sent_at,
    completed_at: message.completed_at,
    valid_until: null,
    errors: isFailed ? [failure] : [],
  }
}
