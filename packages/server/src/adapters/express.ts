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
 * Middleware that handles requests below the server's base path and passes others to the app. Use it before
 * `express.json()` and other body parsers: the signature of a webhook covers its raw bytes, and a parsed body gets 500.
 *
 * ```ts
 * import { expressMiddleware } from '@callgather/server/express'
 * import express from 'express'
 * import { gather } from './your-app.js'
 *
 * const app = express()
 * app.use(expressMiddleware(gather))
 * app.use(express.json())
 * gather.attachSocket(app.listen(3000))
 * ```
 */
export function expressMiddleware(gather: GatherServer): ExpressMiddleware {
  return (request, response, next) => {
    // Express removes the mount path from the URL.
    const url = request.originalUrl ?? request.url ?? '/'
    if (!isUnderPath(url, gather.basePath)) return next()
    request.url = url
    gather.handle(request, response)
  }
}
