/** Decides which webhook URLs are allowed. */

/** An in-process webhook receiver with the signature of a fetch-style route handler. */
export type WebhookHandler = (request: Request) => Response | Promise<Response>

/** The URL of an in-process receiver in `meta.delivered_to` and the list of deliveries. */
export const IN_PROCESS_URL = 'http://in-process.invalid/webhooks'

/** Returns whether `url`, with or without a query, is the URL of the in-process receiver. */
export const isInProcess = (url: string): boolean => url === IN_PROCESS_URL || url.startsWith(`${IN_PROCESS_URL}?`)

/** Returns why a webhook must not go to `url`, or `null` if it may. By default, other machines get no requests. */
export function refusalOfTarget(url: string, allowRemote: boolean): string | null {
  if (url === IN_PROCESS_URL) return null
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return 'The webhook URL is not a valid URL. Use a URL such as http://127.0.0.1:3000/webhooks.'
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    return 'The webhook URL has an unsupported scheme. Use http or https.'
  if (allowRemote || isLoopback(parsed.hostname)) return null
  return `Webhooks stay on this machine: ${parsed.hostname} is not a loopback address. To allow it, set --allow-remote or settings.delivery.allowRemote.`
}

/** Returns whether a host name is loopback, by name or address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3, RFC 6761 §6.3). */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.test(hostname)
