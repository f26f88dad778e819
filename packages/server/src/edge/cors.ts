/** Which web pages may use the HTTP routes from a browser: the configured origins, each by name and never all. */
import { gatherError, MASK_HEADER, PROTOCOL_HEADER, REPLACE_HEADER } from '@callgather/protocol'
import { errorResponse, type HttpResponse, type IncomingRequest } from './message.ts'

/** Whether an `Origin` may use the server. */
export type OriginCheck = (origin: string) => boolean

/** The check of a list of origins, such as `https://console.example.com`. */
export function originCheck(origins: readonly string[]): OriginCheck {
  const allowed = new Set(origins.map(normalise))
  return (origin) => allowed.has(normalise(origin))
}

/**
 * @throws when an origin is no origin: a list with a mistake in it must not pass for a list.
 */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || (url.pathname !== '/' && url.pathname !== '') || text.includes('*')) {
    throw new Error(`"${text}" is not an origin. Write scheme, host and port, such as https://console.example.com.`)
  }
  return url.origin
}

const normalise = (origin: string) => origin.replace(/\/$/, '').toLowerCase()

/** The answer to a preflight request; `null` when it is none. */
export function answerPreflight(request: IncomingRequest, isAllowed: OriginCheck): HttpResponse | null {
  if (request.method !== 'OPTIONS') return null
  const headers = corsHeaders(request, isAllowed)
  if (!headers) {
    return errorResponse(
      gatherError('forbidden', 'This page’s origin is not allowed. Add it to the server’s allowed origins.'),
    )
  }
  return {
    status: 204,
    headers: {
      ...headers,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': [
        'authorization',
        'content-type',
        'idempotency-key',
        MASK_HEADER,
        PROTOCOL_HEADER,
        REPLACE_HEADER,
      ].join(', '),
      'access-control-max-age': '600',
    },
  }
}

/** The origin of a page that may not use the server; `null` when there is none. A page of the server's own is no other. */
export function findRefusedOrigin(request: IncomingRequest, isAllowed: OriginCheck): string | null {
  const [origin] = request.header('origin')
  if (origin === undefined || isAllowed(origin)) return null
  const [host] = request.header('host')
  return URL.canParse(origin) && new URL(origin).host === host ? null : origin
}

/** The headers that let a page read an answer; `null` when it may not. */
export function corsHeaders(request: IncomingRequest, isAllowed: OriginCheck): Record<string, string> | null {
  const [origin] = request.header('origin')
  if (origin === undefined || !isAllowed(origin)) return null
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'x-command-id', vary: 'origin' }
}
