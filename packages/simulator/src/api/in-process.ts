/** Serves the API through a `fetch` function, without a socket. */
import { refuse } from './errors.ts'
import type { Handler } from './http.ts'

export function createFetch(handle: Handler, maxBodyBytes: number): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    const { status, headers, body, shouldDropConnection } = await handle({
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.get('authorization') ?? undefined,
      body: async () => {
        const bytes = Buffer.from(await request.arrayBuffer())
        if (bytes.length > maxBodyBytes)
          throw refuse(413, '10015', `The request body exceeds ${maxBodyBytes} bytes. Send a smaller body.`)
        return bytes
      },
    })
    // `fetch` rejects with this error when a connection closes.
    if (shouldDropConnection) throw new TypeError('fetch failed', { cause: new Error('socket hang up') })
    return new Response(body, { status, headers })
  }
}
