/**
 * The ranges Telnyx enforces on command parameters, with the error code its catalogue gives to each breach
 * (Telnyx, "API error codes"; the ranges stand in the error texts, not in the OpenAPI schema). The command schemas,
 * the server's error answers and the browser's form fields all read this one table.
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

/** Longest text Telnyx speaks in one go: prompts, greetings, closing speech (OpenAPI: 3,000 characters). */
export const MAX_SPEECH_LENGTH = 3000

/** The keys of a telephone, as Telnyx accepts them in `valid_digits` and `terminating_digit`. */
export const DTMF_KEYS = '0123456789#*'

/** What Telnyx assumes when a gather does not say. */
export const gatherDefaults = { terminating_digit: '#', valid_digits: DTMF_KEYS } as const
