/** Options of one request, as the official SDK takes them. */
export interface TelnyxRequestOptions {
  readonly body?: unknown
  readonly query?: object
  /** The timeout of the request, in milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal
  readonly maxRetries: number
  readonly fetchOptions: { readonly redirect: 'manual' }
}

/** Telnyx's response to a request for the status of a call. */
export interface TelnyxCallStatus {
  readonly data?: { readonly is_alive?: boolean; readonly call_leg_id?: string } | undefined
}

/** The members of the official Telnyx SDK's client that the server uses. An instance of `Telnyx` fits. */
export interface TelnyxClient {
  readonly apiKey: string | null
  post(path: string, options: TelnyxRequestOptions): Promise<unknown>
  get(path: string, options: TelnyxRequestOptions): Promise<unknown>
  readonly calls: { retrieveStatus(callControlId: string, options: TelnyxRequestOptions): Promise<TelnyxCallStatus> }
}

/** The Telnyx SDK's error for a failed request. It has no `status` when Telnyx did not answer. */
export interface TelnyxApiError extends Error {
  readonly status: number | undefined
  readonly headers: Headers | undefined
  readonly error: unknown
}

/** Recognises a Telnyx API error by its shape, because `instanceof` fails across two copies of the SDK. */
export const isTelnyxApiError = (error: unknown): error is TelnyxApiError =>
  error instanceof Error && 'status' in error && 'headers' in error && 'error' in error
