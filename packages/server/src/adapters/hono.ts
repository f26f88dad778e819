/** `@callgather/server/hono`: CallGather in a Hono app. */
import type { MiddlewareHandler } from 'hono'
import type { GatherServer } from '../server/gather-server.ts'
import { fetchHandler } from './fetch.ts'

export type * from '../server/server-api.ts'

/**
 * Middleware that handles requests below the server's base path and passes others to the app. Use it before middleware
 * that reads bodies. On Node, pass the HTTP server that `serve()` returns to `gather.attachSocket`.
 *
 * ```ts
 * import type { Server } from 'node:http'
 * import { honoMiddleware } from '@callgather/server/hono'
 * import { serve } from '@hono/node-server'
 * import { Hono } from 'hono'
 * import { gather } from './your-app.js'
 *
 * const app = new Hono()
 * app.use(honoMiddleware(gather))
 * gather.attachSocket(serve({ fetch: app.fetch }) as Server)
 * ```
 */
export function honoMiddleware(gather: GatherServer): MiddlewareHandler {
  const handle = fetchHandler(gather)
  return async (context, next) => (await handle(context.req.raw)) ?? next()
}
