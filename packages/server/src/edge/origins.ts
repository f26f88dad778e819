/** Reports refused web origins. Limits its log lines, because pages of a refused origin retry forever. */
import type { Logger } from '../base/logger.ts'
import type { Metrics } from './metrics.ts'
import { RateLimit } from './rate-limit.ts'

/** How a page of the origin connected to the server. */
export type OriginTransport = 'http' | 'socket'

/** Logs and counts a refused origin. */
export type ReportOrigin = (origin: string, transport: OriginTransport) => void

const MAX_ORIGIN_LENGTH = 256

/** Creates a reporter that logs each origin once an hour, and at most one line a second. */
export function originReporter(deps: { logger: Logger; metrics: Metrics; now: () => number }): ReportOrigin {
  const { logger, metrics, now } = deps
  const ofEach = new RateLimit({ perSecond: 1 / 3600, burst: 1, now })
  const ofAll = new RateLimit({ perSecond: 1, burst: 20, now })
  return (origin, transport) => {
    metrics.refusedOrigins.inc({ transport })
    const isOrigin = origin.length <= MAX_ORIGIN_LENGTH && URL.canParse(origin)
    const name = isOrigin ? new URL(origin).origin : 'not an origin'
    if (ofEach.take(name) > 0 || ofAll.take('') > 0) return
    logger.warn(
      { origin: name, transport },
      'a web page was refused because its origin is not allowed. Add it to `allowedOrigins` (CALLGATHER_ALLOWED_ORIGINS)',
    )
  }
}
