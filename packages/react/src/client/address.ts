/** Where the server is, as the host gave it. A mistake in it is an error when the client is made, not a dead screen later. */
export interface ServerAddress {
  /** The server's origin; empty for the page's own. */
  readonly origin: string
  /** Where the server is mounted, without a slash at the end; empty for the root. */
  readonly basePath: string
}

/** @throws when `url` is not an origin, or `basePath` not a path. */
export function serverAddress(url: string | undefined, basePath: string): ServerAddress {
  if (typeof url !== 'string') {
    throw new Error(
      '`createGatherClient({ url })` is required, but is undefined. If it comes from an environment variable, set that one.',
    )
  }
  if (!/^\/([^?#]*)$/.test(basePath)) {
    throw wrong('`basePath` must be a path such as `/callgather`. Begin it with `/`, without a query.')
  }
  return { origin: originOf(url), basePath: basePath.replace(/\/+$/, '') }
}

function originOf(text: string): string {
  if (text === '') return ''
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw wrong("`url` must begin with `http://` or `https://`. Write `''` for the page's own origin.")
  }
  if (url.username !== '' || url.password !== '') {
    throw wrong('`url` has a user name or password in it. Remove them: `getTicket` is what authenticates.')
  }
  if (/[?#]/.test(text)) throw wrong('`url` has a query or fragment in it. Remove it.')
  if (!/^\/*$/.test(url.pathname)) {
    throw wrong('`url` has a path in it. Give the path as `basePath`, and only scheme, host and port as `url`.')
  }
  return url.origin
}

const wrong = (why: string) => new Error(`createGatherClient: ${why}`)
