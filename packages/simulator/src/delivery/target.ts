/** Where webhooks may go. */

/** A receiver in this process: what a route handler of a fetch-style framework is. */
export type WebhookHandler = (request: Request) => Response | Promise<Response>

/** Stands for a receiver in this process, in `meta.delivered_to` and the lists. */
export const IN_PROCESS_URL = 'http://in-process.invalid/webhooks'

/** Whether `url`, with or without a query, is that receiver. */
export const isInProcess = (url: string): boolean => url === IN_PROCESS_URL || url.startsWith(`${IN_PROCESS_URL}?`)

/** Says why a webhook may not go to `url`, or `null` when it may. The simulator is for one machine: it must not be a way to send requests to others. */
export function refusalOfTarget(url: string, allowRemote: boolean): string | null {
  if (url === IN_PROCESS_URL) return null
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return `"${url}" is not a URL. Give one such as http://127.0.0.1:3000/webhooks.`
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    return `Webhooks go to http or https, not to "${parsed.protocol}" (${url}).`
  if (allowRemote || isLoopback(parsed.hostname)) return null
  return `Webhooks stay on this machine: ${parsed.hostname} is not a loopback address. To send them elsewhere, allow it (--allow-remote, or settings.delivery.allowRemote).`
}

/** Loopback by name or number (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3). */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.test(hostname)
