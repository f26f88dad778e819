/** Framework-independent requests and responses. Adapters for node:http and fetch convert to these. */
import { GatherError, gatherError } from '@callgather/protocol'
import { HostCallbackError } from '../base/host-callbacks.ts'
import { StoreUnavailableError } from '../store/call-store.ts'
import { type BodyShare, readBody, type UnreadBody } from './body.ts'

/** A request from an adapter. */
export interface IncomingRequest {
  readonly method: string
  /** The path below the server's base path, with a leading slash, still percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** Returns all values of a header. The name must be in lower case. */
  header(name: string): readonly string[]
  /**
   * Returns the unread body; `null` when the request has none.
   *
   * @throws GatherError 500 if a body parser has already read it.
   */
  openBody(): UnreadBody | null
  /** The client address, for the audit trail and limits. See `trustProxy`. */
  readonly address: string | undefined
}

/** A request to a route. */
export interface HttpRequest extends IncomingRequest {
  /**
   * Reads the raw body, which counts against the server's budget until the request is answered.
   *
   * @throws GatherError 413 above the limit, 503 above the budget, 500 if a body parser has already read it.
   */
  body(limit: number): Promise<Uint8Array>
}

/** Adds `body` to a request. The body counts against the budget until `share` is closed. */
export const withBody = (request: IncomingRequest, share: BodyShare): HttpRequest =>
  Object.assign(request, {
    body: async (limit: number) => {
      const body = request.openBody()
      return body ? readBody(body, limit, share) : new Uint8Array()
    },
  })

/** A response. A body needs a `content-type` header. */
export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Creates a JSON response. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(value),
})

/** Creates an error response in Telnyx's format. */
export function errorResponse(error: GatherError): HttpResponse {
  // Telnyx's SDKs retry 409, 429 and 5xx, but a command that was refused or may have run must not be retried.
  const retries = error.status === 429 || error.status === 503 ? {} : { 'x-should-retry': 'false' }
  const { retryAfterMs } = error
  const wait = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return json(error.status, error.body, { ...retries, ...wait })
}

/** Reads a JSON body. An empty body is `{}`, because some clients send none for a command without parameters. */
export async function readJson(request: HttpRequest, limit: number): Promise<unknown> {
  const [encoding] = request.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    throw gatherError('unsupportedEncoding', 'The body must not be compressed. Send it without `Content-Encoding`.')
  }
  const bytes = await request.body(limit)
  if (bytes.length === 0) return {}
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw gatherError('invalidJson', 'The body is not JSON in UTF-8. Check it with a JSON parser.')
  }
}

/** Returns the ticket in `Authorization: Bearer …`, where Telnyx SDKs send their API key. */
export function bearerToken(request: HttpRequest): string | undefined {
  const [header, ...others] = request.header('authorization')
  if (others.length > 0) return undefined
  return /^Bearer +([^\s]+)$/i.exec(header ?? '')?.[1]
}

/** Converts any error to a `GatherError`. Unexpected errors become 500 without details. */
export function toGatherError(error: unknown): GatherError {
  if (GatherError.isInstance(error)) return error
  if (StoreUnavailableError.isInstance(error))
    return gatherError('unavailable', 'The store is unavailable. Try again in a moment.')
  if (error instanceof HostCallbackError) {
    return gatherError('unavailable', `The application's \`${error.callback}\` callback failed. Try again in a moment.`)
  }
  return gatherError('internal', 'The server failed. See its log for the reason.')
}

/** The form of a valid header value (RFC 9110, 5.5). Adapters throw on any other value. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether every adapter can send a response, because its header values are valid. */
export const isSendable = ({ headers = {} }: HttpResponse): boolean =>
  Object.values(headers).every((value) => HEADER_VALUE.test(value))

/** Whether a URL's path is the base path or below it. */
export function isUnderPath(url: string, basePath: string): boolean {
  if (!url.startsWith(basePath)) return false
  const next = url[basePath.length]
  return next === undefined || next === '/' || next === '?'
}
