/** Options of one request, as the official SDK takes them. */
export interface TelnyxRequestOptions {
  readonly body?: unknown
  readonly query?: object
  /** In milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal
  readonly maxRetries: number
  readonly fetchOptions: { readonly redirect: 'manual' }
}

/** What Telnyx says about a call. */
export interface TelnyxCallStatus {
  readonly data?: { readonly is_alive?: boolean; readonly call_leg_id?: string } | undefined
}

/** The members of the official SDK's client that the server uses. An instance of `Telnyx` is one. */
export interface TelnyxClient {
  readonly apiKey: string | null
  post(path: string, options: TelnyxRequestOptions): Promise<unknown>
  get(path: string, options: TelnyxRequestOptions): Promise<unknown>
  readonly calls: { retrieveStatus(callControlId: string, options: TelnyxRequestOptions): Promise<TelnyxCallStatus> }
}

/** The SDK's error for an answer from Telnyx; without a status there was no answer. */
export interface TelnyxApiError extends Error {
  readonly status: number | undefined
  readonly headers: Headers | undefined
  readonly error: unknown
}

/** Recognises the error by its shape: `instanceof` fails where the host's client comes from another copy of the SDK. */
export const isTelnyxApiError = (error: unknown): error is TelnyxApiError =>
  error instanceof Error && 'status' in error && 'headers' in error && 'error' in error
