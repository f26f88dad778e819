/** `@callgather/server/fetch`: CallGather for handlers that take a `Request` and return a `Response`. */

import { fetchRequest, fetchResponse } from '../edge/fetch.ts'
import { isUnderPath } from '../edge/message.ts'
import type { GatherServer } from '../server/gather-server.ts'

export type * from '../server/server-api.ts'

/**
 * Handles webhooks, commands and calls below the server's base path, and returns `null` for other requests. For sockets,
 * pass the HTTP server to `gather.attachSocket`, or run `callgather-server` on the same Redis.
 */
export function fetchHandler(gather: GatherServer): (request: Request) => Promise<Response | null> {
  return async (request) => {
    if (!isUnderPath(new URL(request.url).pathname, gather.basePath)) return null
    return fetchResponse(await gather.answer(fetchRequest(request, gather.basePath)))
  }
}
