/**
 * The table of error codes. The HTTP status, code and title of an error come from it.
 *
 * Codes and titles come from Telnyx's API error catalogue and OpenAPI examples, so that a Telnyx SDK recognises our
 * errors. A code is unique only within an HTTP status, because Telnyx reuses some codes.
 */

/** An entry of `errors[]` in Telnyx's error body. `code` is a string of digits. */
export interface TelnyxError {
  code: string
  title: string
  detail?: string
  source?: { pointer: string }
}

/** The HTTP body of a refused request, in Telnyx's error format. */
export interface TelnyxErrorBody {
  errors: TelnyxError[]
}

const internal = { status: 500, code: '10007', title: 'Unexpected error' } as const
const unavailable = { status: 503, code: '10007', title: 'Service unavailable' } as const
const unauthenticated = { status: 401, code: '10009', title: 'Authentication failed' } as const
const outcomeUnknown = { status: 504, code: '10007', title: 'Outcome unknown' } as const

/**
 * The entries of `errorTable` that the browser client uses. They have their own table because a bundler can drop an
 * unused table, but not unused entries of a table.
 */
export const clientErrors = { internal, unavailable, unauthenticated, outcomeUnknown } as const satisfies Record<
  string,
  { status: number; code: string; title: string }
>

/** The HTTP status, Telnyx code and title of each error, by our name for the error. */
export const errorTable = {
  internal,
  unavailable,
  unauthenticated,
  outcomeUnknown,
  missingParameter: { status: 422, code: '10004', title: 'Missing required parameter' },
  notFound: { status: 404, code: '10005', title: 'Resource not found' },
  forbidden: { status: 403, code: '10010', title: 'Authorization failed' },
  tooManyRequests: { status: 429, code: '10011', title: 'Too many requests' },
  unknownParameter: { status: 400, code: '10015', title: 'Bad Request' },
  invalidJson: { status: 400, code: '10023', title: 'Invalid JSON' },
  invalidLength: { status: 422, code: '10025', title: 'Invalid string length' },
  invalidType: { status: 422, code: '10026', title: 'Invalid type' },
  conflict: { status: 422, code: '10027', title: 'Unprocessable Entity' },
  invalidEnum: { status: 422, code: '10032', title: 'Invalid enumerated value' },
  outOfRange: { status: 422, code: '10033', title: 'Value outside of range' },
  bodyTooLarge: { status: 413, code: '10015', title: 'Request body too large' },
  unsupportedEncoding: { status: 415, code: '10028', title: 'Encoding error' },
  methodNotAllowed: { status: 405, code: '10015', title: 'Method not allowed' },
  commandInFlight: { status: 409, code: '10015', title: 'Command already in flight' },
  invalidTerminatingDigit: { status: 422, code: '90007', title: 'Invalid value for terminating_digit' },
  invalidValidDigits: { status: 422, code: '90008', title: 'Invalid value for valid_digits' },
  invalidPayload: { status: 422, code: '90010', title: 'Invalid value for payload' },
  invalidClientState: { status: 422, code: '90017', title: 'Invalid value for client_state' },
  invalidCallControlId: { status: 422, code: '90015', title: 'Invalid Call Control ID' },
  callEnded: { status: 422, code: '90018', title: 'Call has already ended' },
  notAnswered: { status: 422, code: '90034', title: 'Call not answered yet' },
  // Telnyx has no code for this error. Our code has six digits, so that it never equals a code of Telnyx.
  gatherInProgress: { status: 422, code: '990001', title: 'Gather already in progress' },
  assistantInProgress: { status: 422, code: '90061', title: 'AI Assistant is already in progress' },
} as const satisfies Record<string, { status: number; code: string; title: string }>

/** The name of an entry of `errorTable`. */
export type ErrorName = keyof typeof errorTable

const marker = Symbol.for('callgather.error')

/**
 * An error that is safe to send to a client. `detail` says what failed, why, and what to do. It never quotes the
 * request, which may hold digits or tokens.
 */
export class GatherError extends Error {
  override readonly name = 'GatherError'
  readonly status: number
  readonly errors: TelnyxError[]
  /** The time before the next attempt, in milliseconds; `undefined` if the server did not send one. */
  readonly retryAfterMs: number | undefined

  constructor(
    status: number,
    errors: [TelnyxError, ...TelnyxError[]],
    { retryAfterMs }: { retryAfterMs?: number | undefined } = {},
  ) {
    super(`${errors[0].code} ${errors[0].title}${errors[0].detail ? `: ${errors[0].detail}` : ''}`)
    this.status = status
    this.errors = errors
    this.retryAfterMs = retryAfterMs
    Object.defineProperty(this, marker, { value: true })
  }

  /** The HTTP body, in Telnyx's shape. */
  get body(): TelnyxErrorBody {
    return { errors: this.errors }
  }

  /** Recognises a `GatherError` by its marker property: `instanceof` fails across two copies of this package. */
  static isInstance(error: unknown): error is GatherError {
    return error instanceof Error && marker in error
  }
}

/** Returns the error with this name in `errorTable`. `detail` says what failed and what to do. */
export function gatherError(name: ErrorName, detail: string, pointer?: string): GatherError {
  return new GatherError(errorTable[name].status, [telnyxError(name, detail, pointer)])
}

/** Returns an entry of `errors[]` with the code and title of this name in `errorTable`. */
export function telnyxError(name: ErrorName, detail: string, pointer?: string): TelnyxError {
  const { code, title } = errorTable[name]
  return { code, title, detail, ...(pointer === undefined ? {} : { source: { pointer } }) }
}
