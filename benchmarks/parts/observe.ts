import { createHash } from 'node:crypto'
import type { Server } from 'node:http'
import type { CallState } from '@callgather/protocol'

/** What a screen shows of a call, in short: two that differ in any row, or in their order, differ in this. */
export const screenOf = (state: CallState): string =>
  createHash('sha256')
    .update(JSON.stringify([...state.timeline]))
    .digest('base64')

/**
 * Notes when each webhook arrived: the moment its headers had been parsed, before any handler. The clock is
 * `process.hrtime`, which on Linux is one clock for all processes. Gives what came since the last request.
 */
export function stampArrivals(server: Server): () => [id: string, nanos: bigint][] {
  const arrivals: [string, bigint][] = []
  server.prependListener('request', (request) => {
    const id = request.headers['x-event']
    if (typeof id === 'string') arrivals.push([id, process.hrtime.bigint()])
  })
  return () => arrivals.splice(0)
}
