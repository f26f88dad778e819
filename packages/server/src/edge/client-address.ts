/**
 * Reads the client address of a request. Behind a proxy it is in `X-Forwarded-For`, which clients can forge, so only
 * entries written by trusted proxies count. Other forwarding headers are ignored.
 */
import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import proxyaddr from 'proxy-addr'

/**
 * The trusted proxies: their number between clients and server, or their addresses as IPs, ranges such as `10.0.0.0/8`,
 * or `loopback`, `linklocal` or `uniquelocal`.
 */
export type TrustProxy = number | readonly string[]

/** Returns the client address of a request, or `undefined` if its socket is closed. */
export type ReadClientAddress = (request: IncomingMessage) => string | undefined

/** The maximum number of proxies in a row. */
const MAX_PROXIES = 16

/**
 * Returns a function that reads client addresses behind trusted proxies. Default: no proxy is trusted.
 *
 * @throws when the proxies are invalid or include every address.
 */
export function clientAddressReader(trust: TrustProxy = 0): ReadClientAddress {
  const isTrusted = compileTrust(trust)
  return (request) => {
    const direct = request.socket.remoteAddress
    if (direct === undefined) return undefined
    if (trust === 0) return plain(direct)
    // Lists addresses from the nearest to the farthest trusted proxy. An entry that is not an address ends the list.
    const known = proxyaddr.all(request, isTrusted)
    const end = known.findIndex((address) => isIP(address) === 0)
    return plain((end === -1 ? known : known.slice(0, end)).at(-1) ?? direct)
  }
}

function compileTrust(trust: TrustProxy): (address: string, hop: number) => boolean {
  if (typeof trust === 'number') {
    if (!Number.isInteger(trust) || trust < 0 || trust > MAX_PROXIES) {
      throw new Error(`\`trustProxy\` must be a whole number of proxies from 0 to ${MAX_PROXIES}, or their addresses.`)
    }
    return (_, hop) => hop < trust
  }
  try {
    if (trust.some((each) => /\/0+$/.test(each))) throw new Error('range of all addresses')
    return proxyaddr.compile([...trust])
  } catch {
    throw new Error(
      '`trustProxy` must be the number of proxies, or their addresses: IPs, ranges such as 10.0.0.0/8, or loopback, ' +
        'linklocal or uniquelocal. A range of all addresses is not allowed, because clients could forge their address.',
    )
  }
}

/** Converts an IPv4-mapped IPv6 address to its IPv4 address (RFC 4291, section 2.5.5.2). */
function plain(address: string): string {
  const last = address.slice(address.lastIndexOf(':') + 1)
  return /^::ffff:/i.test(address) && isIPv4(last) ? last : address
}
