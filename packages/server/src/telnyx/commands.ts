/**
 * Sends a command to Telnyx, with the official SDK, and says what became of it.
 *
 * The SDK's own retries are off: an attempt of it takes up to 60 s, and it could pass the 60 s in which Telnyx ignores a
 * repeated `command_id`; then a caller would be asked twice. Ours resend the identical command, as Telnyx asks, only
 * while that window is surely open; after that the outcome is `unknown`, and is resolved by what follows.
 */
import { type CommandName, errorTable, type TelnyxError } from '@callgather/protocol'
import Telnyx from 'telnyx'
import { Breaker } from './breaker.ts'
import { asRecord } from './webhook.ts'

/** What Telnyx said of a command. */
export type CommandAnswer =
  | { readonly status: 'accepted'; readonly data: Readonly<Record<string, unknown>> }
  | {
      readonly status: 'refused'
      readonly httpStatus: number
      readonly errors: readonly [TelnyxError, ...TelnyxError[]]
    }
  /** No answer that tells: it may or may not have run. */
  | { readonly status: 'unknown'; readonly reason: UnknownReason }

/** Why nobody can say whether a command ran. */
export type UnknownReason = 'timeout' | 'connection_lost' | 'server_error'

/** Sends commands. */
export interface CommandSender {
  send(callId: string, command: CommandName, body: Readonly<Record<string, unknown>>): Promise<CommandAnswer>
}

/** How commands are sent. */
export interface CommandSenderOptions {
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMillis: number
  /** How often at most. Default 3. */
  readonly attempts?: number
  /** From the first byte to the last, in milliseconds. Default 45000: well within Telnyx's 60 s. */
  readonly windowMillis?: number
  readonly now?: () => number
  readonly sleep?: (millis: number) => Promise<void>
  /** Between 0 and 1; spreads the attempts of many. Default `Math.random`. */
  readonly random?: () => number
}

/** How long a wait between attempts may be, whatever `Retry-After` says, in milliseconds. */
const LONGEST_WAIT_MILLIS = 5_000
const FIRST_WAIT_MILLIS = 500

/** Commands that end something. They are sent whatever the state of the endpoint, and to a call that is over they are done. */
export const ending: ReadonlySet<CommandName> = new Set(['gather_stop', 'ai_assistant_stop'])

/** Makes the sender over a Telnyx client. */
export function commandSender(client: Telnyx, options: CommandSenderOptions): CommandSender & { isOpen(): boolean } {
  const { timeoutMillis, attempts = 3, windowMillis = 45_000, now = Date.now, random = Math.random } = options
  const sleep = options.sleep ?? ((millis) => new Promise((resolve) => setTimeout(resolve, millis)))
  const breakers = new Map<CommandName, Breaker>()
  const breakerOf = (command: CommandName) => {
    const breaker = breakers.get(command) ?? new Breaker({ now })
    breakers.set(command, breaker)
    return breaker
  }

  const attempt = async (path: string, body: unknown, timeout: number): Promise<Attempt> => {
    try {
      const answer = await client.post<unknown>(path, { body, timeout, maxRetries: 0 })
      return { answer: { status: 'accepted', data: asRecord(asRecord(answer)?.data) ?? {} }, again: false }
    } catch (error) {
      return attemptOf(error)
    }
  }

  return {
    isOpen: () => [...breakers.values()].some((breaker) => breaker.isOpen),

    async send(callId, command, body) {
      const breaker = breakerOf(command)
      if (!ending.has(command) && !breaker.mayPass()) return { status: 'refused', httpStatus: 503, errors: [resting] }
      // As the SDK's own methods write it: a colon stands in a path as it is.
      const path = `/calls/${encodeURIComponent(callId).replaceAll('%3A', ':')}/actions/${command}`
      const deadline = now() + windowMillis
      let last: CommandAnswer = { status: 'unknown', reason: 'timeout' }
      let first = true
      for (let count = 0; count < attempts; count++) {
        const left = deadline - now()
        if (left <= 0) break
        const current = await attempt(path, body, Math.min(timeoutMillis, left))
        // Once it may have run, only an answer that tells makes it known; a later refusal to listen does not.
        const tells = current.answer.status === 'accepted' || !current.again
        if (first || tells || last.status !== 'unknown') last = current.answer
        first = false
        if (current.answer.status === 'unknown') breaker.failed()
        else breaker.succeeded()
        if (!current.again || count + 1 >= attempts) break
        const wait = Math.min(current.after ?? random() * FIRST_WAIT_MILLIS * 2 ** count, LONGEST_WAIT_MILLIS)
        if (now() + wait >= deadline) break
        await sleep(wait)
      }
      return last
    },
  }
}

interface Attempt {
  readonly answer: CommandAnswer
  /** Whether the same command may be sent again. */
  readonly again: boolean
  /** How long Telnyx asked to wait, in milliseconds. */
  readonly after?: number
}

const resting: TelnyxError = {
  code: errorTable.unavailable.code,
  title: errorTable.unavailable.title,
  detail: 'Telnyx has not been answering; commands are held back for a few seconds. Try again shortly.',
}

function attemptOf(error: unknown): Attempt {
  if (error instanceof Telnyx.APIConnectionTimeoutError) return lost('timeout')
  if (!(error instanceof Telnyx.APIError) || error.status === undefined) return lost('connection_lost')
  if (error.status >= 500) return lost('server_error')
  const answer = { status: 'refused', httpStatus: error.status, errors: errorsOf(error.error, error.status) } as const
  if (error.status !== 429) return { answer, again: false }
  const headers = error.headers as Headers | undefined
  const seconds = Number(headers?.get('retry-after') ?? headers?.get('x-ratelimit-reset') ?? Number.NaN)
  return { answer, again: true, ...(Number.isFinite(seconds) && seconds >= 0 ? { after: seconds * 1000 } : {}) }
}

const lost = (reason: UnknownReason): Attempt => ({ answer: { status: 'unknown', reason }, again: true })

/** Telnyx's `errors[]`, as far as they are in its shape. */
function errorsOf(body: unknown, status: number): [TelnyxError, ...TelnyxError[]] {
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
