/** `@callgather/server/next`: CallGather's webhooks, commands and calls as Next.js route handlers. */

import type { GatherServer } from '../server/gather-server.ts'
import { fetchHandler } from './fetch.ts'

export type * from '../server/server-api.ts'

/** A route handler of Next.js's app router. */
export type NextRouteHandler = (request: Request) => Promise<Response>

/**
 * Route handlers for `app/callgather/[...path]/route.ts`; the folder is the server's base path. Next.js has no
 * websockets, so run `callgather-server` on the same Redis and pass its address to the browser.
 *
 * ```ts
 * import { nextHandlers } from '@callgather/server/next'
 * import { gather } from './your-app.js'
 *
 * export const { GET, POST, DELETE, OPTIONS } = nextHandlers(gather)
 * ```
 */
export function nextHandlers(gather: GatherServer): Record<'GET' | 'POST' | 'DELETE' | 'OPTIONS', NextRouteHandler> {
  const handle = fetchHandler(gather)
  const answer: NextRouteHandler = async (request) => (await handle(request)) ?? new Response(null, { status: 404 })
  return { GET: answer, POST: answer, DELETE: answer, OPTIONS: answer }
}
