/** CORS: pages of the configured origins may use the HTTP routes. There is no wildcard origin. */
import { gatherError, LABEL_HEADER, MASK_HEADER, PROTOCOL_HEADER, REPLACE_HEADER } from '@callgather/protocol'
import { errorResponse, type HttpResponse, type IncomingRequest } from './message.ts'

/** Returns whether the `Origin` of a request is allowed. */
export type OriginCheck = (origin: string) => boolean

/** Creates the check for a list of allowed origins, such as `https://console.example.com`. */
export function originCheck(origins: readonly string[]): OriginCheck {
  const allowed = new Set(origins.map(normalise))
  return (origin) => allowed.has(normalise(origin))
}

/**
 * Parses an origin.
 *
 * @throws when the text is not an origin.
 */
export function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol) || (url.pathname !== '/' && url.pathname !== '') || text.includes('*')) {
    throw new Error(`"${text}" is not an origin. Write scheme, host and port, such as https://console.example.com.`)
  }
  return url.origin
}

const normalise = (origin: string) => origin.replace(/\/$/, '').toLowerCase()

/** Answers a CORS preflight request; returns `null` for any other request. */
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
        LABEL_HEADER,
        MASK_HEADER,
        PROTOCOL_HEADER,
        REPLACE_HEADER,
      ].join(', '),
      'access-control-max-age': '600',
    },
  }
}

/** Returns the origin of a request if it is not allowed; otherwise `null`. The server's own origin is allowed. */
export function findRefusedOrigin(request: IncomingRequest, isAllowed: OriginCheck): string | null {
  const [origin] = request.header('origin')
  if (origin === undefined || isAllowed(origin)) return null
  const [host] = request.header('host')
  return isOwnOrigin(origin, host) ? null : origin
}

/** Whether an origin is the server's own, judged by the `Host` header of the request. */
export const isOwnOrigin = (origin: string, host: string | undefined): boolean =>
  URL.canParse(origin) && new URL(origin).host === host

/** Returns the headers that let a page read the response; `null` when the page's origin is not allowed. */
export function corsHeaders(request: IncomingRequest, isAllowed: OriginCheck): Record<string, string> | null {
  const [origin] = request.header('origin')
  if (origin === undefined || !isAllowed(origin)) return null
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'x-command-id', vary: 'origin' }
}
