/** What is known of a webhook on its way: the event, where it goes, and each attempt to bring it there. */

/** `data` of a webhook's body. */
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

/** One attempt to deliver. */
export interface Attempt {
  /** `meta.attempt`. */
  number: number
  url: string
  started_at: string
  finished_at: string | null
  status: 'pending' | 'delivered' | 'failed'
  /** What is sent; with GET its `url` has the query. */
  request: { method: WebhookMethod; url: string; headers: Record<string, string>; body: string }
  response: { status: number; headers: Record<string, string>; body: string } | null
  /** Why there is no response. */
  error: string | null
  /** The fault that made this attempt what it is. */
  fault: string | null
}

/** One webhook on its way to one receiver. */
export interface Delivery {
  id: string
  call_control_id: string
  event: WebhookEvent
  method: WebhookMethod
  url: string
  failover_url: string | null
  status: 'pending' | 'delivered' | 'failed'
  started_at: string
  finished_at: string | null
  attempts: Attempt[]
  /** The faults that struck it. */
  faults: string[]
}

/** Where a call's webhooks go, how, and how often. */
export interface Route {
  url: string | null
  /** `webhook_url_method`: of `url` and the failover. */
  method: WebhookMethod
  failover: string | null
  /** `webhook_urls`: by event type, instead of `url`. */
  byType: Readonly<Record<string, readonly string[]>>
  /** `webhook_urls_method`. */
  byTypeMethod: WebhookMethod
  /** `webhook_retries_policies`: by event type, the waits in milliseconds. */
  retries: Readonly<Record<string, readonly number[]>>
}
