/** `@callgather/server/fetch`: for whatever takes a `Request` and gives a `Response`. */

import { fetchRequest, fetchResponse } from '../edge/fetch.ts'
import { isUnderPath } from '../edge/message.ts'
import type { GatherServer } from '../server/gather-server.ts'

export type * from '../server/server-api.ts'

/**
 * Answers what is below the server's base path: webhooks, commands and calls; `null` for every other request. Sockets
 * are not HTTP: give the HTTP server to `gather.attachSocket`, or run `callgather-server` on the same Redis.
 */
export function fetchHandler(gather: GatherServer): (request: Request) => Promise<Response | null> {
  return async (request) => {
    if (!isUnderPath(new URL(request.url).pathname, gather.basePath)) return null
    return fetchResponse(await gather.answer(fetchRequest(request, gather.basePath)))
  }
}
