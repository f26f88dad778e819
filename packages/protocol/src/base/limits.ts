/**
 * The ranges that Telnyx enforces on command parameters, and its error code for a value out of range. Source: Telnyx,
 * "API error codes"; the OpenAPI schema lacks the ranges. The command schemas, the server's errors and the browser's
 * form fields all use this table.
 */
export const limits = {
  minimum_digits: { min: 1, max: 128, default: 1, code: '90022' },
  maximum_digits: { min: 1, max: 128, default: 128, code: '90023' },
  maximum_tries: { min: 1, max: 128, default: 3, code: '90024' },
  timeout_millis: { min: 1, max: 600_000, default: 60_000, code: '90025' },
  inter_digit_timeout_millis: { min: 1, max: 120_000, default: 5_000, code: '90026' },
  initial_timeout_millis: { min: 1, max: 120_000, default: 5_000, code: '90056' },
  user_response_timeout_ms: { min: 1, max: 120_000, default: 10_000, code: '10033' },
} as const

/** The maximum length of a text that Telnyx speaks, such as a prompt or greeting (source: Telnyx's OpenAPI schema). */
export const MAX_SPEECH_LENGTH = 3000

/** The telephone keys that Telnyx accepts in `valid_digits` and `terminating_digit`. */
export const DTMF_KEYS = '0123456789#*'

/** Telnyx's defaults for text parameters that a gather leaves out. */
export const gatherDefaults = { terminating_digit: '#', valid_digits: DTMF_KEYS } as const
