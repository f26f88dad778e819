/** Requests and responses without a server, so that the same endpoints serve sockets and `sim.fetch`. */
import { type Refusal, refuse } from './errors.ts'

export interface ApiRequest {
  method: string
  /** URL path without the query, still percent-encoded. */
  path: string
  query: URLSearchParams
  authorization: string | undefined
  /** Reads the request body. Throws a 413 `Refusal` above `maxBodyBytes`. */
  body(): Promise<Buffer>
}

export interface ApiResponse {
  status: number
  headers: Record<string, string>
  body: string | Uint8Array<ArrayBuffer>
  /** Closes the connection instead of sending the response. */
  shouldDropConnection?: true
}

export type Handler = (request: ApiRequest) => Promise<ApiResponse>

export const json = (status: number, value: unknown): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(value),
})

export const errorResponse = ({ status, errors }: Refusal): ApiResponse => json(status, { errors })

/** Parses a JSON body. Returns `empty` for an empty body. Throws a 400 `Refusal` for invalid UTF-8 or JSON. */
export async function readJson(request: ApiRequest, empty: unknown): Promise<unknown> {
  const bytes = await request.body()
  if (bytes.length === 0) return empty
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refuse(400, '10028', 'The request body is not valid UTF-8. Encode it as UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : 'it cannot be parsed'
    throw refuse(400, '10023', `The request body is not valid JSON: ${reason}.`)
  }
}

/** Decodes one path segment. Returns it unchanged if it has an invalid escape. */
export function decodePathSegment(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Routes requests by `METHOD /path`. `:id` matches one path segment and is returned decoded. */
export function createRouter<Endpoint>(endpoints: Readonly<Record<string, Endpoint>>) {
  const routes = Object.entries(endpoints).map(([route, endpoint]) => ({
    pattern: new RegExp(`^${route.replaceAll(':id', '([^/]+)')}$`),
    endpoint,
  }))
  return ({ method, path }: Pick<ApiRequest, 'method' | 'path'>): { endpoint: Endpoint; id: string } | undefined => {
    for (const { pattern, endpoint } of routes) {
      const match = pattern.exec(`${method} ${path}`)
      if (match) return { endpoint, id: decodePathSegment(match[1] ?? '') }
    }
    return undefined
  }
}
