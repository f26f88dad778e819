/** Finds the cause of a failed websocket with an HTTP request, because browsers don't report the cause. */
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
    const response = await probe('cors')
    if (response?.ok) {
      return new GatherClientError(
        'websocketBlocked',
        'The server answers over HTTP, but the websocket could not be opened. Allow websocket upgrades in every proxy on the way.',
      )
    }
    if (response) {
      const message = `The server answered the health check with ${response.status}. Check \`url\` and \`basePath\`, and that the server runs there.`
      return new GatherClientError('serverUnreachable', message)
    }
    // A `no-cors` request reveals only whether the server responds.
    if (await probe('no-cors')) {
      const origin = typeof location === 'undefined' ? 'of this page' : location.origin
      return new GatherClientError(
        'originRefused',
        `The server does not allow the origin of this page. Add the origin ${origin} to \`allowedOrigins\` (CALLGATHER_ALLOWED_ORIGINS).`,
      )
    }
    return new GatherClientError(
      'serverUnreachable',
      'The server cannot be reached. Check `url`, and that the server is running.',
    )
  }
}
