/**
 * Who sent a request. Behind a proxy everything comes from the proxy, which says in `X-Forwarded-For` for whom; but so
 * can anybody, so the header counts only as far as it was written by proxies that are named. Nothing else that a proxy
 * says is needed: no answer and no check depends on the host or the protocol a client has used.
 */
import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import proxyaddr from 'proxy-addr'

/**
 * Which proxies are believed: how many stand between the clients and the server; or their addresses, as IPs, as ranges
 * such as `10.0.0.0/8`, or as `loopback`, `linklocal` or `uniquelocal`.
 */
export type TrustProxy = number | readonly string[]

/** The address of whoever sent a request, as far as it is known. */
export type ReadClientAddress = (request: IncomingMessage) => string | undefined

/** No more proxies than this stand in a row anywhere. */
const MAX_PROXIES = 16

/**
 * Reads addresses behind these proxies. Default: none are believed.
 *
 * @throws when it names no proxies, or everybody.
 */
export function clientAddressReader(trust: TrustProxy = 0): ReadClientAddress {
  const isTrusted = compileTrust(trust)
  return (request) => {
    const direct = request.socket.remoteAddress
    if (direct === undefined) return undefined
    // From the nearest to the farthest that is known; one that is no address was made up by whoever is before it.
    const known = proxyaddr.all(request, isTrusted)
    const end = known.findIndex((address) => isIP(address) === 0)
    return plain((end === -1 ? known : known.slice(0, end)).at(-1) ?? direct)
  }
}

function compileTrust(trust: TrustProxy): (address: string, hop: number) => boolean {
  if (typeof trust === 'number') {
    if (!Number.isInteger(trust) || trust < 0 || trust > MAX_PROXIES) {
      throw new Error(`\`trustProxy\` as a number says how many proxies there are, from 0 to ${MAX_PROXIES}.`)
    }
    return (_, hop) => hop < trust
  }
  try {
    if (trust.some((each) => /\/0+$/.test(each))) throw new Error('a range of everybody')
    return proxyaddr.compile([...trust])
  } catch {
    throw new Error(
      '`trustProxy` must be the number of proxies, or their addresses: IPs, ranges such as 10.0.0.0/8, or loopback, ' +
        'linklocal or uniquelocal. A range of everybody would let anybody claim to be anybody.',
    )
  }
}

/** An IPv4 address as itself, also where it came over a socket of IPv6 (RFC 4291, section 2.5.5.2). */
function plain(address: string): string {
  const last = address.slice(address.lastIndexOf(':') + 1)
  return /^::ffff:/i.test(address) && isIPv4(last) ? last : address
}
