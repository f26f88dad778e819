/**
 * Sends a command to Telnyx with the official SDK and reports its outcome.
 *
 * The SDK's retries are off: they could outlast the 60 s in which Telnyx ignores a repeated `command_id`, and the
 * command would run twice. Our retries resend the identical command within that window.
 *
 * After a lost answer the command may have run, and a later refusal may be its consequence ("call has already ended").
 * Then only an acceptance settles the command; otherwise its outcome is `unknown` until the call's events settle it.
 */
import { type CommandName, errorTable, type TelnyxError } from '@callgather/protocol'
import Telnyx from 'telnyx'
import { asRecord } from '../base/json.ts'
import { Breaker } from './breaker.ts'
import { isTelnyxApiError, type TelnyxClient } from './client.ts'

/** The outcome of a command at Telnyx. */
export type CommandAnswer =
  | { readonly status: 'accepted'; readonly data: Readonly<Record<string, unknown>> }
  /** Telnyx refused the command, and no earlier answer was lost, so the command did not run. */
  | {
      readonly status: 'refused'
      readonly httpStatus: number
      readonly errors: readonly [TelnyxError, ...TelnyxError[]]
    }
  /** The command may have run. `refusal` is the answer to a later attempt, if any. */
  | {
      readonly status: 'unknown'
      readonly reason: UnknownReason
      readonly refusal?: readonly [TelnyxError, ...TelnyxError[]]
    }

/** Why the outcome of a command is unknown. */
export type UnknownReason = 'timeout' | 'connection_lost' | 'server_error' | 'redirected'

/** Sends commands to Telnyx. */
export interface CommandSender {
  /** Sends a command. `windowMs` limits the time from the start of the first attempt to the end of the last attempt. */
  send(
    callId: string,
    command: CommandName,
    body: Readonly<Record<string, unknown>>,
    options?: { readonly windowMs?: number },
  ): Promise<CommandAnswer>
}

/** Options of a command sender. */
export interface CommandSenderOptions {
  /** The timeout of one attempt, in milliseconds. */
  readonly timeoutMs: number
  /** The maximum number of attempts. Default 3. */
  readonly maxAttempts?: number
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<void>
  /** The jitter of the backoff, between 0 and 1. Default `Math.random`. */
  readonly random?: () => number
}

/** The maximum time from a command's first attempt to the end of its last, well within Telnyx's 60 s. */
export const COMMAND_WINDOW_MS = 45_000

/** The maximum wait between two attempts, even if `Retry-After` asks for more. */
const MAX_BACKOFF_MS = 5_000
const INITIAL_BACKOFF_MS = 500

/**
 * Request options that stop the SDK from following a redirect, which would leak the API key or a command to another
 * host. Set on every request, because the host may pass its own client.
 */
export const noRedirectOptions = { fetchOptions: { redirect: 'manual' } } as const

/** Commands that stop a gather or an assistant. The breaker never refuses them, and the end of the call settles them. */
export const endingCommands: ReadonlySet<CommandName> = new Set(['gather_stop', 'ai_assistant_stop'])

/** Whether Telnyx's errors say that the call is over. */
export const hasCallEnded = (errors: readonly TelnyxError[]) =>
  errors.some(({ code }) => code === errorTable.callEnded.code)

/** Creates a sender that uses a Telnyx client. */
export function commandSender(
  client: TelnyxClient,
  options: CommandSenderOptions,
): CommandSender & { isOpen(): boolean } {
  const { timeoutMs, maxAttempts = 3, now = Date.now, random = Math.random } = options
  const sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const breakers = new Map<CommandName, Breaker>()
  const breakerOf = (command: CommandName) => {
    const breaker = breakers.get(command) ?? new Breaker({ now })
    breakers.set(command, breaker)
    return breaker
  }

  const attempt = async (path: string, body: unknown, timeout: number): Promise<Attempt> => {
    try {
      // The SDK takes whole milliseconds only. Its timeout ends with the head of the answer; the signal bounds its body too.
      const ms = Math.max(1, Math.ceil(timeout))
      const signal = AbortSignal.timeout(ms)
      const response = await client.post(path, {
        body,
        timeout: ms,
        signal,
        maxRetries: 0,
        ...noRedirectOptions,
      })
      const data = asRecord(asRecord(response)?.data)
      // Any other body with status 200 comes from an intermediary, such as a proxy's sign-in page.
      return data ? { answer: { status: 'accepted', data }, again: false } : lost('server_error')
    } catch (error) {
      return toAttempt(error)
    }
  }

  return {
    isOpen: () => [...breakers.values()].some((breaker) => breaker.isOpen),

    async send(callId, command, body, { windowMs = COMMAND_WINDOW_MS } = {}) {
      const breaker = breakerOf(command)
      if (!endingCommands.has(command) && !breaker.tryPass())
        return { status: 'refused', httpStatus: 503, errors: [breakerOpenError] }
      // Like the SDK's own methods, do not encode a colon in a path.
      const path = `/calls/${encodeURIComponent(callId).replaceAll('%3A', ':')}/actions/${command}`
      const deadline = now() + windowMs
      /** The outcome after the first lost answer. From that attempt on, the command may have run. */
      let lostAnswer: (CommandAnswer & { status: 'unknown' }) | null = null
      for (let count = 1; ; count++) {
        const { answer, again, after } = await attempt(path, body, Math.min(timeoutMs, deadline - now()))
        if (answer.status === 'unknown') {
          breaker.recordFailure()
          lostAnswer ??= answer
        } else breaker.recordSuccess()
        const wait = Math.min(after ?? random() * INITIAL_BACKOFF_MS * 2 ** (count - 1), MAX_BACKOFF_MS)
        if (again && count < maxAttempts && now() + wait < deadline) {
          await sleep(wait)
          continue
        }
        if (!lostAnswer || answer.status === 'accepted') return answer
        if (answer.status === 'unknown') return lostAnswer
        // If the call has ended, the gather or assistant to stop has ended too.
        if (endingCommands.has(command) && hasCallEnded(answer.errors)) return answer
        return { ...lostAnswer, refusal: answer.errors }
      }
    },
  }
}

interface Attempt {
  readonly answer: CommandAnswer
  /** Whether a retry is allowed. */
  readonly again: boolean
  /** How long Telnyx asked to wait before the retry, in milliseconds. */
  readonly after?: number
}

const breakerOpenError: TelnyxError = {
  code: errorTable.unavailable.code,
  title: errorTable.unavailable.title,
  detail: 'Telnyx is not answering, so commands are paused for a few seconds. Try again shortly.',
}

function toAttempt(error: unknown): Attempt {
  if (error instanceof Telnyx.APIConnectionTimeoutError || error instanceof Telnyx.APIUserAbortError) {
    return lost('timeout')
  }
  if (!isTelnyxApiError(error) || error.status === undefined) return lost('connection_lost')
  if (error.status < 400) return { ...lost('redirected'), again: false }
  // 408 does not say whether the server processed the request.
  if (error.status >= 500 || error.status === 408) return lost('server_error')
  const answer = { status: 'refused', httpStatus: error.status, errors: readErrors(error.error, error.status) } as const
  if (error.status !== 429) return { answer, again: false }
  const headers = error.headers
  const seconds = Number(headers?.get('retry-after') ?? headers?.get('x-ratelimit-reset') ?? Number.NaN)
  return { answer, again: true, ...(Number.isFinite(seconds) && seconds >= 0 ? { after: seconds * 1000 } : {}) }
}

const lost = (reason: UnknownReason): Attempt => ({ answer: { status: 'unknown', reason }, again: true })

/** Returns the well-formed entries of Telnyx's `errors[]`, or one error made from the status if there are none. */
function readErrors(body: unknown, status: number): [TelnyxError, ...TelnyxError[]] {
  const listed = asRecord(body)?.errors
  const errors: TelnyxError[] = []
  for (const each of Array.isArray(listed) ? listed.slice(0, 16) : []) {
    const { code, title, detail, source } = asRecord(each) ?? {}
    const pointer = asRecord(source)?.pointer
    if (typeof title !== 'string' || (typeof code !== 'string' && typeof code !== 'number')) continue
    errors.push({
      code: String(code),
      title,
      ...(typeof detail === 'string' ? { detail } : {}),
      ...(typeof pointer === 'string' ? { source: { pointer } } : {}),
    })
  }
  const [first, ...rest] = errors
  const { code } = errorTable.internal
  return first ? [first, ...rest] : [{ code, title: `Telnyx answered ${status}` }]
}
