/** The model of a webhook delivery: the event, its route, and each attempt. */

/** A Telnyx event: the `data` object in the body of a webhook. */
export interface WebhookEvent {
  record_type: 'event'
  event_type: string
  id: string
  occurred_at: string
  created_at?: string
  payload: Record<string, unknown>
}

/** How a webhook is sent: as a JSON body, or in the query of the URL. */
export type WebhookMethod = 'POST' | 'GET'

/** One attempt to deliver a webhook. */
export interface Attempt {
  /** Number of the attempt, starting at 1, as in `meta.attempt`. */
  number: number
  url: string
  started_at: string
  finished_at: string | null
  status: 'pending' | 'delivered' | 'failed'
  /** The request of the attempt. With GET, its `url` includes the query. */
  request: { method: WebhookMethod; url: string; headers: Record<string, string>; body: string }
  response: { status: number; headers: Record<string, string>; body: string } | null
  /** Why the attempt got no response, or null. */
  error: string | null
  /** The fault that caused or changed this attempt, or null. */
  fault: string | null
}

/** The delivery of one webhook to one receiver. */
export interface Delivery {
  id: string
  /** The call of the webhook. `null` for a webhook of a text message. */
  call_control_id: string | null
  event: WebhookEvent
  method: WebhookMethod
  url: string
  failover_url: string | null
  status: 'pending' | 'delivered' | 'failed'
  started_at: string
  finished_at: string | null
  attempts: Attempt[]
  /** The faults that affected this delivery. */
  faults: string[]
}

/** The URLs, methods and retries of a call's webhooks. */
export interface Route {
  url: string | null
  /** `webhook_url_method`: the method for `url` and the failover URL. */
  method: WebhookMethod
  failover: string | null
  /** `webhook_urls`: URLs by event type, which replace `url`. */
  byType: Readonly<Record<string, readonly string[]>>
  /** `webhook_urls_method`: the method for the URLs in `byType`. */
  byTypeMethod: WebhookMethod
  /** `webhook_retries_policies`: pauses between attempts in milliseconds, by event type. */
  retries: Readonly<Record<string, readonly number[]>>
}
