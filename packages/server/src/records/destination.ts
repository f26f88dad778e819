/**
 * Sends messages to the host's URL. Only public addresses are reachable unless the host allows others, so that neither a
 * mistaken URL nor its DNS can make the server call an internal service.
 */
import { type LookupAddress, lookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** How the receiver answered an attempt. `gone`: it wants no further attempt. */
export type SendOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  /** `reason`: an HTTP status, an error code of Node.js, `timeout`, or `private_address`. */
  | { readonly kind: 'failed'; readonly reason: string }

/** Sends one message. Never rejects. */
export type Send = (
  message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal: AbortSignal,
) => Promise<SendOutcome>

/** The maximum size of a response body to read before the connection is closed. */
const MAX_ANSWER_BYTES = 64 * 1024
const GONE = 410

/** Whether an address is public: neither private, loopback, link-local, nor reserved for another use. */
export const isPublicAddress = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'

/**
 * Checks the URL of the destination.
 *
 * @returns what is wrong with it; `null` if nothing is.
 */
export function findUrlProblem(text: string, allowPrivateUrl: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be a URL, such as https://crm.example.com/calls'
  if (url.username !== '' || url.password !== '') return 'must not contain a user or a password'
  if (allowPrivateUrl) return null
  if (url.protocol !== 'https:') return 'must begin with https://, unless private URLs are allowed'
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0 && !isPublicAddress(host)) return 'must have a public address, unless private URLs are allowed'
  return null
}

class PrivateAddressError extends Error {
  readonly code = 'private_address'
}

/** Resolves a name for a connection. Checking the addresses of the connection itself leaves no time to change them. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[] = []) => {
    const [first] = addresses
    if (error || !first) return callback(error ?? new Error('The name has no address.'), [])
    if (!addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new PrivateAddressError('The name resolves to an address that is not public.'), [])
    }
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
  })
}

/** Creates the sender of one destination. Redirects are failures, and a new connection is made for every message. */
export function httpSender(
  destination: string,
  { timeoutMs, allowPrivateUrl }: { timeoutMs: number; allowPrivateUrl: boolean },
): Send {
  const url = new URL(destination)
  const open = url.protocol === 'https:' ? requestHttps : requestHttp
  return ({ headers, body }, signal) =>
    new Promise((resolve) => {
      const fail = (error: unknown) => resolve({ kind: 'failed', reason: reasonOf(error) })
      const options = {
        method: 'POST',
        agent: false,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        ...(allowPrivateUrl ? {} : { lookup: publicLookup }),
      } as const
      const request = open(url, options, (response) => {
        const { statusCode = 0 } = response
        let bytes = 0
        response.on('error', () => {})
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > MAX_ANSWER_BYTES) response.destroy()
        })
        if (statusCode >= 200 && statusCode < 300) resolve({ kind: 'delivered' })
        else if (statusCode === GONE) resolve({ kind: 'gone' })
        else resolve({ kind: 'failed', reason: String(statusCode) })
      })
      request.on('error', fail)
      request.end(body)
    })
}

/** Names the cause of a failed request, without its message, which may quote the URL. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.name === 'AbortError' ? error.cause : error
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'timeout'
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'failed'
}
