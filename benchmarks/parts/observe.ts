import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { CallState } from '@callgather/protocol'

/** Returns a digest of a call's rows. Calls that differ in any row or in the order of rows have different digests. */
export const screenOf = (state: CallState): string =>
  createHash('sha256')
    .update(JSON.stringify([...state.timeline]))
    .digest('base64')

/**
 * Records when each webhook's headers were parsed, before any handler. The clock is `process.hrtime`, which Linux shares
 * between processes. Returns the arrivals since the last request.
 */
export function stampArrivals(server: Server): () => [id: string, nanos: bigint][] {
  const arrivals: [string, bigint][] = []
  server.prependListener('request', (request) => {
    const id = request.headers['x-event']
    if (typeof id === 'string') arrivals.push([id, process.hrtime.bigint()])
  })
  return () => arrivals.splice(0)
}
