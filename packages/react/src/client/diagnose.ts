/** Browsers do not say why a websocket could not be opened. A request over HTTP narrows it down. */
import { GatherClientError } from './client-error.ts'
import type { Diagnose } from './connection.ts'

const PROBE_TIMEOUT_MS = 5_000

export function createDiagnose(base: string, request: typeof fetch): Diagnose {
  const probe = (mode: RequestMode) =>
    request(`${base}/healthz`, {
      mode,
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    }).catch(() => null)

  return async () => {
    const answer = await probe('cors')
    if (answer?.ok) {
      return new GatherClientError(
        'websocketBlocked',
        'The server answers, but the websocket could not be opened. A proxy may block it: let websocket upgrades pass.',
      )
    }
    if (answer) {
      const message = `The server answers ${answer.status} to a health check. Check \`url\` and \`basePath\`, and that it is running.`
      return new GatherClientError('serverUnreachable', message)
    }
    // Without CORS the answer cannot be read, only that there is one.
    if (await probe('no-cors')) {
      const origin = typeof location === 'undefined' ? 'of this page' : location.origin
      return new GatherClientError(
        'originRefused',
        `The server answers, but does not let this page read the answer. Add the origin ${origin} to \`allowedOrigins\` (CALLGATHER_ALLOWED_ORIGINS).`,
      )
    }
    return new GatherClientError(
      'serverUnreachable',
      'The server cannot be reached. Check `url`, and that it is running.',
    )
  }
}
