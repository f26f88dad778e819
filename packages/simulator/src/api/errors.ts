/** Telnyx's error codes, and the shape of its error responses. */
import type { TelnyxError } from '../call/activity.ts'

/** An error response. Endpoints throw it, and the router sends it. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly errors: readonly TelnyxError[]

  constructor(status: number, errors: readonly TelnyxError[]) {
    super(errors.map((error) => `${error.code} ${error.title}: ${error.detail}`).join('; '))
    this.status = status
    this.errors = errors
  }
}

/** Titles from Telnyx's error catalogue and the examples of its specification. */
const titles = {
  '10003': 'Invalid URL',
  '10004': 'Missing required parameter',
  '10005': 'Resource not found',
  '10006': 'Invalid ID',
  '10007': 'Internal server error',
  '10009': 'Authentication failed',
  '10011': 'Too many requests',
  '10012': 'Duplicate resource',
  '10015': 'Bad Request',
  '10016': 'Phone number must be in +E.164 format',
  '10023': 'Invalid JSON',
  '10025': 'Invalid string length',
  '10026': 'Invalid type',
  '10027': 'Unprocessable entity',
  '10028': 'Character encoding error',
  '10032': 'Invalid enumerated value',
  '10033': 'Value outside of range',
  '40305': "Invalid 'from' address",
  '40310': "Invalid 'to' address",
  '40316': 'No content provided',
  '90007': 'Invalid value for terminating_digit',
  '90008': 'Invalid value for valid_digits',
  '90009': 'Invalid value for loop',
  '90010': 'Invalid value for payload',
  '90011': 'Invalid value for payload_type',
  '90012': 'Invalid value for voice',
  '90013': 'Invalid value for language',
  '90014': 'Invalid value for digits',
  '90015': 'Invalid Call Control ID',
  '90016': 'Invalid value for stop',
  '90017': 'Invalid value for client_state',
  '90018': 'Call has already ended',
  '90019': 'Conference has already ended',
  '90020': 'Call recording triggered before audio started',
  '90022': 'Invalid value for minimum_digits',
  '90023': 'Invalid value for maximum_digits',
  '90024': 'Invalid value for maximum_tries',
  '90025': 'Invalid value for timeout_millis',
  '90026': 'Invalid value for inter_digit_timeout_millis',
  '90027': 'Invalid value for duration_millis',
  '90028': 'Invalid value for timeout_secs',
  '90029': 'Invalid value for time_limit_secs',
  '90030': 'Invalid value for service_level',
  '90032': 'Too many conference participants',
  '90034': 'Call not answered yet',
  '90035': 'Call not in queue',
  '90036': 'Queue full',
  '90037': 'Queue max_size cannot be modified',
  '90038': 'Call already in queue',
  '90044': 'Conference join not allowed',
  '90049': 'Invalid value for record_timeout_secs',
  '90053': "Call recording triggered with 'timeout_secs' while transcribing",
  '90054': 'Call Transcription is already in progress',
  '90055': 'Call transcription can not be stopped',
  '90056': 'Invalid value for initial_timeout_millis',
  '90057': 'Invalid call control event type for webhook_urls',
  '90058': 'Invalid conference_id',
  '90059': 'Invalid value for recording_track',
  '90061': 'AI Assistant is already in progress',
  '90102': 'Command is invalid',
} as const

export type ErrorCode = keyof typeof titles

/** Errors about the state of a call. Telnyx's responses have no `meta` for them, and only 90015 has a `source`. */
const CODES_WITHOUT_META: ReadonlySet<ErrorCode> = new Set([
  '90015',
  '90018',
  '90019',
  '90020',
  '90034',
  '90035',
  '90036',
  '90038',
  '90044',
  '90053',
  '90054',
  '90055',
  '90061',
])

/** Creates one entry of Telnyx's `errors[]`. `pointer` is a JSON Pointer into the body, or `/call_control_id`. */
export function telnyxError(code: ErrorCode, detail: string, pointer?: string): TelnyxError {
  return {
    code,
    title: titles[code],
    detail,
    ...(pointer === undefined ? {} : { source: { pointer } }),
    ...(CODES_WITHOUT_META.has(code)
      ? {}
      : { meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` } }),
  }
}

/** Creates a `Refusal` with one error. */
export function refuse(status: number, code: ErrorCode, detail: string, pointer?: string): Refusal {
  return new Refusal(status, [telnyxError(code, detail, pointer)])
}

export const refusals = {
  unknownCall: (pointer = '/call_control_id') =>
    refuse(422, '90015', 'The call_control_id provided was not valid.', pointer),
  /** `pointer`: the body field that names the ended call. */
  ended: (pointer?: string) =>
    refuse(422, '90018', "This call is no longer active and can't receive commands.", pointer),
  unanswered: () => refuse(422, '90034', "This call can't receive this command because it has not been answered yet."),
  assistantActive: () => refuse(422, '90061', 'AI Assistant cannot be started more than once.'),
  noAssistant: () => refuse(422, '10027', 'No AI Assistant is active on this call.', '/call_control_id'),
  unknownRecording: () =>
    refuse(422, '10006', 'No active recording of this call has this recording_id.', '/recording_id'),
  invalidCommand: (detail: string) => refuse(422, '90102', detail, '/call_control_id'),
  notFound: () => refuse(404, '10005', 'The requested resource or URL could not be found.'),
  unauthenticated: () =>
    refuse(
      401,
      '10009',
      'Could not find any usable credentials in the request. Send "Authorization: Bearer <API key>".',
    ),
}
