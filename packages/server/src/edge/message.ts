/** Requests and answers without a framework: adapters for node:http and for fetch turn theirs into these. */
import { GatherError, gatherError } from '@callgather/protocol'
import { HostCallbackError } from '../base/host-callbacks.ts'
import { StoreUnavailableError } from '../store/call-store.ts'
import { type BodyShare, readBody, type UnreadBody } from './body.ts'

/** A request as an adapter passes it on. */
export interface IncomingRequest {
  readonly method: string
  /** Below the server's base path, with a leading slash, still percent-encoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** Every value sent under a name, which is given in lower case. */
  header(name: string): readonly string[]
  /**
   * The body, not read yet; `null` when there is none.
   *
   * @throws GatherError 500 if something else has read the body first.
   */
  openBody(): UnreadBody | null
  /** Who sent it, for the audit trail; behind proxies only as far as they are trusted. */
  readonly address: string | undefined
}

/** A request, as the routes see it. */
export interface HttpRequest extends IncomingRequest {
  /**
   * The bytes of the body as they came. They count against the server's budget until the request is answered.
   *
   * @throws GatherError 413 past the limit; 503 past the budget; 500 if something else has read the body first.
   */
  body(limit: number): Promise<Uint8Array>
}

/** Gives a request its body, which counts against the budget until `share` is closed. */
export const withBody = (request: IncomingRequest, share: BodyShare): HttpRequest =>
  Object.assign(request, {
    body: async (limit: number) => {
      const body = request.openBody()
      return body ? readBody(body, limit, share) : new Uint8Array()
    },
  })

/** An answer. A string body needs its own `content-type`. */
export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** An answer of JSON. */
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(value),
})

/** An answer to a request that was refused, in Telnyx's shape. */
export function errorResponse(error: GatherError): HttpResponse {
  // Telnyx's SDKs try again on 409, 429 and 5xx; what we refuse, or may have run, is not to be tried blindly.
  const retries = error.status === 429 || error.status === 503 ? {} : { 'x-should-retry': 'false' }
  const { retryAfterMs } = error
  const wait = retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  return json(error.status, error.body, { ...retries, ...wait })
}

/** Reads a body of JSON. An empty body counts as `{}`, as some clients send none for a command without parameters. */
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

/** The ticket of a request: `Authorization: Bearer …`, as a Telnyx SDK sends its API key. */
export function bearerToken(request: HttpRequest): string | undefined {
  const [header, ...others] = request.header('authorization')
  if (others.length > 0) return undefined
  return /^Bearer +([^\s]+)$/i.exec(header ?? '')?.[1]
}

/** Any error as a refusal: what we meant to say as it is, anything else as a fault of ours without details. */
export function toGatherError(error: unknown): GatherError {
  if (GatherError.isInstance(error)) return error
  if (StoreUnavailableError.isInstance(error))
    return gatherError('unavailable', 'The store is away. Try again in a moment.')
  if (error instanceof HostCallbackError) {
    return gatherError('unavailable', `The application's \`${error.callback}\` callback failed. Try again in a moment.`)
  }
  return gatherError('internal', 'The server failed. Its log says why.')
}

/** What a header value may hold (RFC 9110, 5.5), so that no adapter throws on it. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether every adapter can send an answer. */
export const isSendable = ({ headers = {} }: HttpResponse): boolean =>
  Object.values(headers).every((value) => HEADER_VALUE.test(value))

/** Whether a URL's path is the base path or below it. */
export function isUnderPath(url: string, basePath: string): boolean {
  if (!url.startsWith(basePath)) return false
  const next = url[basePath.length]
  return next === undefined || next === '/' || next === '?'
}
