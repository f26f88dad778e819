/** The shape of an endpoint under `/v2`. `telnyx-api.ts` combines the endpoints of all files. */
import type { ApiResponse } from './http.ts'

export interface EndpointRequest {
  /** The decoded `:id` of the path, or an empty string. */
  id: string
  body: unknown
  query: URLSearchParams
}

export type EndpointResult = {
  /** The call that the request created. */
  callId?: string
  /** HTTP status. Default: 200. */
  status?: number
} & ({ data: unknown; meta?: unknown } | { response: ApiResponse })

/** Handles one endpoint: returns the response or throws a `Refusal`. */
export type Endpoint = (request: EndpointRequest) => EndpointResult | Promise<EndpointResult>

/** Endpoints by `METHOD /v2/path`, where `:id` matches one path segment. */
export type Endpoints = Record<string, Endpoint>
