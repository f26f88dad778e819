/** A request and its answer, free of any server: the same handlers serve sockets and `sim.fetch`. */
import { refuse } from './errors.ts'

export interface ApiRequest {
  method: string
  /** Path without the query, still percent-encoded. */
  path: string
  query: URLSearchParams
  headers: Readonly<Record<string, string | undefined>>
  /** Reads the body, up to the limit. */
  body(): Promise<Buffer>
}

export interface ApiResponse {
  status: number
  headers: Record<string, string>
  body: string | Buffer
  /** Break the connection: before anything is done, or instead of the answer. */
  hangUp?: true
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): ApiResponse => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
})

/** Reads a JSON body. An empty one is `empty`. */
export async function readJson(request: ApiRequest, empty: unknown): Promise<unknown> {
  const bytes = await request.body()
  if (bytes.length === 0) return empty
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refuse(400, '10028', 'Error decoding request body: it is not UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse(
      400,
      '10023',
      `The request body is not valid JSON: ${error instanceof Error ? error.message.slice(0, 120) : 'it cannot be parsed'}.`,
    )
  }
}

/** Decodes one part of a path; a broken escape is simply no such thing. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
