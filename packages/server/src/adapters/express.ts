/** `@callgather/server/express`: CallGather in an Express app. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isUnderPath } from '../edge/message.ts'
import type { GatherServer } from '../server/gather-server.ts'

export type * from '../server/server-api.ts'

/** Middleware of Express 4 and 5, and of Connect. */
export type ExpressMiddleware = (
  request: IncomingMessage & { readonly originalUrl?: string },
  response: ServerResponse,
  next: () => void,
) => void

/**
 * Middleware that answers what is below the server's base path, and leaves the rest to the app. Use it before
 * `express.json()` and other body parsers: a webhook's signature covers its bytes, and a body that was parsed first is
 * answered 500.
 *
 * ```ts
 * app.use(expressMiddleware(gather))
 * app.use(express.json())
 * gather.attachSocket(app.listen(3000))
 * ```
 */
export function expressMiddleware(gather: GatherServer): ExpressMiddleware {
  return (request, response, next) => {
    // Where it is mounted below a path, Express has cut that off.
    const url = request.originalUrl ?? request.url ?? '/'
    if (!isUnderPath(url, gather.basePath)) return next()
    request.url = url
    gather.handle(request, response)
  }
}
