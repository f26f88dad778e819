/** Sends a request to the first route that matches. Unmatched paths get 404, unmatched methods 405 with `Allow`. */
import { gatherError } from '@callgather/protocol'
import { errorResponse, type HttpRequest, type HttpResponse } from '../edge/message.ts'

/** Answers a request. `params` are the decoded path segments that the route's pattern names. */
export type Handler = (request: HttpRequest, params: Readonly<Record<string, string>>) => Promise<HttpResponse>

/** A method, a pattern such as `/calls/:call_id`, and its handler. */
export interface Route {
  readonly method: string
  readonly pattern: string
  readonly handler: Handler
}

/** Returns a function that answers a request with the first matching route. */
export function router(routes: readonly Route[]): (request: HttpRequest) => Promise<HttpResponse> {
  const table = routes.map((route) => ({ ...route, segments: route.pattern.split('/') }))
  const fixed = new Map(
    routes.filter(({ pattern }) => !pattern.includes(':')).map((route) => [`${route.method} ${route.pattern}`, route]),
  )
  return async (request) => {
    // Some clients end every path with a slash.
    const path = request.path.length > 1 && request.path.endsWith('/') ? request.path.slice(0, -1) : request.path
    // The response to HEAD is that to GET without its body, which the runtime leaves out.
    const asked = request.method === 'HEAD' ? 'GET' : request.method
    const known = fixed.get(`${asked} ${path}`)
    if (known) return known.handler(request, {})
    const segments = path.split('/')
    const matching = table.flatMap((route) => {
      const params = match(route.segments, segments)
      return params ? [{ ...route, params }] : []
    })
    const route = matching.find(({ method }) => method === asked)
    if (route) return route.handler(request, route.params)
    if (matching.length === 0) return errorResponse(gatherError('notFound', 'There is nothing at this path.'))
    const allowed = matching.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
    const refusal = errorResponse(gatherError('methodNotAllowed', `This path takes ${allowed}.`))
    return { ...refusal, headers: { ...refusal.headers, allow: allowed } }
  }
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (!part.startsWith(':')) {
      if (part !== segment) return null
      continue
    }
    const decoded = decode(segment)
    if (decoded === null || decoded === '') return null
    params[part.slice(1)] = decoded
  }
  return params
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
