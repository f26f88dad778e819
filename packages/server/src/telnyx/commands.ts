/**
 * Sends a command to Telnyx, with the official SDK, and says what became of it.
 *
 * The SDK's own retries are off: they take up to 60 s an attempt and could pass the 60 s in which Telnyx ignores a
 * repeated `command_id`, and then a caller would be asked twice. Every command carries a `command_id`.
 */
import { type CommandName, errorTable, type TelnyxError } from '@callgather/protocol'
import Telnyx from 'telnyx'
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

/** Makes the sender over a Telnyx client. `timeoutMillis` is for one attempt. */
export function commandSender(client: Telnyx, { timeoutMillis }: { readonly timeoutMillis: number }): CommandSender {
  return {
    async send(callId, command, body) {
      // As the SDK's own methods write it: a colon stands in a path as it is.
      const path = `/calls/${encodeURIComponent(callId).replaceAll('%3A', ':')}/actions/${command}`
      try {
        const answer = await client.post<unknown>(path, { body, timeout: timeoutMillis, maxRetries: 0 })
        return { status: 'accepted', data: asRecord(asRecord(answer)?.data) ?? {} }
      } catch (error) {
        return answerOf(error)
      }
    },
  }
}

function answerOf(error: unknown): CommandAnswer {
  if (error instanceof Telnyx.APIConnectionTimeoutError) return { status: 'unknown', reason: 'timeout' }
  if (error instanceof Telnyx.APIConnectionError) return { status: 'unknown', reason: 'connection_lost' }
  if (!(error instanceof Telnyx.APIError) || error.status === undefined) {
    return { status: 'unknown', reason: 'connection_lost' }
  }
  if (error.status >= 500) return { status: 'unknown', reason: 'server_error' }
  return { status: 'refused', httpStatus: error.status, errors: errorsOf(error.error, error.status) }
}

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
