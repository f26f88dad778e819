/** The CallGather server's address, validated when the client is created, so that a wrong address fails early. */
export interface ServerAddress {
  /** The server's origin, such as `https://calls.example.com`; empty for the page's origin. */
  readonly origin: string
  /** The path where the server is mounted, without a trailing slash; empty for the root. */
  readonly basePath: string
}

/** Parses the options of `createGatherClient`. @throws if `url` isn't an origin or `basePath` isn't a path. */
export function serverAddress(url: string | undefined, basePath: string): ServerAddress {
  if (typeof url !== 'string') {
    throw new Error(
      "`createGatherClient({ url })` is undefined. Pass the server's origin. If it comes from an environment variable, set it.",
    )
  }
  if (!/^\/([^?#]*)$/.test(basePath)) {
    throw invalidOption('`basePath` is not a path. Begin it with `/`, as in `/callgather`, without a query.')
  }
  return { origin: originOf(url), basePath: basePath.replace(/\/+$/, '') }
}

function originOf(text: string): string {
  if (text === '') return ''
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw invalidOption(
      "`url` is not an HTTP origin. Begin it with `http://` or `https://`, or pass `''` for the page's origin.",
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw invalidOption('`url` contains a user name or password. Remove them; `getTicket` authenticates the client.')
  }
  if (/[?#]/.test(text)) throw invalidOption('`url` contains a query or fragment. Remove it.')
  if (!/^\/*$/.test(url.pathname)) {
    throw invalidOption('`url` contains a path. Pass the path as `basePath`, and only scheme, host and port as `url`.')
  }
  return url.origin
}

const invalidOption = (why: string) => new Error(`createGatherClient: ${why}`)
