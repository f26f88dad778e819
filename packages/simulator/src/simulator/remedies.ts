/** What to do about frequent errors of commands, where Telnyx's own words do not say it. For the log only. */
import type { TelnyxError } from '../call/activity.ts'

const remedies: Readonly<Record<string, string>> = {
  '10009': 'Set TELNYX_API_KEY in the environment of the program.',
  '10011': 'Wait for x-ratelimit-reset seconds, or retry with backoff.',
  '10023': 'Send the body as JSON, not as a form.',
  '90015': 'Use payload.call_control_id of a webhook from this run, percent-encoded in the path.',
  '90017': 'Encode client_state with Base64.',
  '90034': 'Wait for `call.answered` before this command.',
  '90061': 'Send ai_assistant_stop first, or start the assistant only once per call.',
}

/** Returns what to do about an error of a command with this body, or null if the error itself says it. */
export function remedyOf({ code, source }: TelnyxError, body: Record<string, unknown>): string | null {
  return typeRemedy(body, source?.pointer) ?? remedies[code] ?? null
}

/** Explains a string that holds JSON, which Telnyx does not parse. */
function typeRemedy(body: Record<string, unknown>, pointer: string | undefined): string | null {
  const [, name = '', ...deeper] = (pointer ?? '').split('/')
  const value = Object.hasOwn(body, name) && deeper.length === 0 ? body[name] : undefined
  const isJson = typeof value === 'string' && /^\s*[[{]/.test(value)
  return isJson ? `Send ${name} as JSON, not as a string that contains JSON.` : null
}
