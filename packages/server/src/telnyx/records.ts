/** What Telnyx still knows when its webhooks did not reach us: failed deliveries, and whether a call is alive. */
import Telnyx from 'telnyx'
import { readEnvelope, type Webhook } from './webhook.ts'

/** Telnyx's own records. */
export interface TelnyxRecords {
  /** The webhooks that could not be delivered since a moment, in milliseconds. */
  failedDeliveries(since: number): AsyncIterable<Webhook>
  /** Whether a call is alive; `null` when Telnyx does not know it any more, ten minutes after its end. */
  isAlive(callId: string): Promise<boolean | null>
}

/** Pages that are read at most; of 250 deliveries each. */
const MOST_PAGES = 40
const PAGE_SIZE = 250

/** Reads the records with the official SDK. */
export function telnyxRecords(client: Telnyx, { timeoutMillis }: { readonly timeoutMillis: number }): TelnyxRecords {
  const options = { timeout: timeoutMillis, maxRetries: 1 }
  return {
    async *failedDeliveries(since) {
      const filter = { status: { eq: 'failed' }, started_at: { gte: new Date(since).toISOString() } } as const
      for (let number = 1; number <= MOST_PAGES; number++) {
        const query = { filter, 'page[number]': number, 'page[size]': PAGE_SIZE }
        const page = await client.webhookDeliveries.list(query as Telnyx.WebhookDeliveryListParams, options)
        const deliveries = Array.isArray(page.data) ? page.data : []
        for (const { webhook } of deliveries) {
          const read = readEnvelope(webhook)
          if (read) yield read
        }
        if (deliveries.length < PAGE_SIZE) return
      }
    },

    async isAlive(callId) {
      try {
        const { data } = await client.calls.retrieveStatus(callId, options)
        return data?.is_alive ?? null
      } catch (error) {
        if (error instanceof Telnyx.APIError && (error.status === 404 || error.status === 422)) return null
        throw error
      }
    },
  }
}
