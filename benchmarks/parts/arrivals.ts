import type { Server } from 'node:http'

/**
 * Notes when each webhook arrived: the moment its headers had been parsed, before any handler. The clock is
 * `process.hrtime`, which on Linux is one clock for all processes.
 */
export function stampArrivals(server: Server): () => [id: string, nanos: bigint][] {
  let arrivals: [string, bigint][] = []
  server.prependListener('request', (request) => {
    const id = request.headers['x-event']
    if (typeof id === 'string') arrivals.push([id, process.hrtime.bigint()])
  })
  return () => {
    const seen = arrivals
    arrivals = []
    return seen
  }
}
