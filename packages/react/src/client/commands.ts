/**
 * Sends commands over HTTP, by Telnyx's own paths and bodies. A command is sent once: whether to send it again is the
 * agent's decision, and is safe only with the same request id, under which the server and Telnyx run it at most once.
 */
import {
  type CommandBodies,
  type CommandName,
  clientErrors,
  GatherError,
  MASK_HEADER,
  type Mask,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  REPLACE_HEADER,
  routes,
  type TelnyxError,
} from '@callgather/protocol'
import { GatherClientError } from './client-error.ts'
import type { Clock } from './clock.ts'
import type { Tickets } from './tickets.ts'

/** How one command is sent. */
export interface CommandOptions {
  /**
   * Names this request: the same name on the same call is the same command. Sent as `Idempotency-Key`, and, where it is
   * a UUID, as `command_id` unless the body has one. A UUID is made if it is absent.
   */
  requestId?: string
  /**
   * How much of what the caller enters may be shown, to anyone: `digits`, also the `allButLast4`, or `all`. Makes the server's
   * policy stricter, never laxer. Sent as `callgather-mask`.
   */
  mask?: Mask | undefined
  /** Stops the gather that runs on the call first. Without it, a second gather is refused. Sent as `callgather-replace`. */
  replace?: boolean | undefined
  signal?: AbortSignal
}

/** Telnyx took the command. What it leads to comes as events. */
export interface AcceptedCommand {
  readonly status: 'accepted'
  /** The id under which the command stands in the call's log. */
  readonly commandId: string
  /** The conversation that the command began, where Telnyx says. */
  readonly conversationId?: string
}

/** Sends one command. */
export type SendCommand = <Name extends CommandName>(
  callId: string,
  name: Name,
  body: CommandBodies[Name],
  options?: CommandOptions,
) => Promise<AcceptedCommand>

/** The server answers within 45 s; after a little more, nobody knows. */
const COMMAND_TIMEOUT_MS = 50_000

export function createCommandSender(deps: {
  base: string
  tickets: Tickets
  clock: Clock
  fetch: typeof fetch
  onTicketError?: (error: GatherClientError) => void
  /** Whether the ticket in use is known to be of the agent who is signed in. */
  isAgentKnown?: () => boolean
}): SendCommand {
  const { base, tickets, clock } = deps

  /** A ticket of the agent who gave the command. Without one nothing was sent, so the outcome is not unknown. */
  const ticketOf = async (agent: number, request: () => Promise<string>): Promise<string> => {
    const ticket = await request().catch((cause: unknown) => {
      if (GatherClientError.isInstance(cause)) deps.onTicketError?.(cause)
      throw notSentError('The ticket could not be renewed. Try again.', cause)
    })
    if (tickets.agentGeneration !== agent) throw notSentError('The agent has changed meanwhile. Give it again.')
    return ticket
  }

  const post = async (
    path: string,
    own: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<Response> => {
    const send = async (ticket: string) => {
      const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/json', ...own }
      return deps.fetch(`${base}${path}`, { method: 'POST', headers, body, signal, credentials: 'omit' })
    }
    const { agentGeneration: agent } = tickets
    const isKnown = deps.isAgentKnown?.() ?? true
    const response = await send(await ticketOf(agent, () => (isKnown ? tickets.getCurrent() : tickets.getFresh())))
    if (response.status !== clientErrors.unauthenticated.status) return response
    // Refused before anything was done, so sending it once more with a new ticket cannot run the command twice.
    return send(await ticketOf(agent, () => tickets.getFresh()))
  }

  return async (callId, name, body, { requestId = newRequestId(), mask, replace = false, signal } = {}) => {
    signal?.throwIfAborted()
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    const cancelTimeout = clock.setTimeout(() => abort.abort(), COMMAND_TIMEOUT_MS)
    const commandId = body.command_id ?? (isUuid(requestId) ? requestId : undefined)
    const sent = { ...body, ...(commandId === undefined ? {} : { command_id: commandId }) }
    const own = {
      'idempotency-key': requestId,
      [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
      ...(mask === undefined ? {} : { [MASK_HEADER]: mask }),
      ...(replace ? { [REPLACE_HEADER]: 'true' } : {}),
    }
    try {
      const response = await beforeAbort(
        abort.signal,
        post(routes.command(callId, name), own, JSON.stringify(sent), abort.signal),
      )
      const answer: unknown = await response.json().catch(() => null)
      if (response.ok) {
        // A page in the server's place, such as that of a sign-in, also answers 200.
        if (!isObject(answer) || !isObject(answer.data)) throw outcomeUnknownError()
        return acceptedCommand(commandId ?? response.headers.get('x-command-id') ?? requestId, answer.data)
      }
      const errors = telnyxErrorsOf(answer)
      // A proxy on the way that lost the server's answer has not told us what it was.
      if (!errors && response.status >= 500) throw outcomeUnknownError()
      throw new GatherError(response.status, errors ?? [unreadableError(response.status)])
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw GatherError.isInstance(error) ? error : outcomeUnknownError()
    } finally {
      cancelTimeout()
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

/** Settles when an operation does, or rejects when it is aborted, even if the operation ignores that. */
function beforeAbort<T>(signal: AbortSignal, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    operation.then(resolve, reject)
  })
}

/** A new name for a request: a UUID, as servers ask of a `command_id` that a client chooses. */
export function newRequestId(): string {
  // `randomUUID` is missing on pages served without TLS, where an agent's console may well be tried out.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const isUuid = (name: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)

/** Whether an error leaves open if the command ran: no answer came, from the server or from Telnyx. */
export function isOutcomeUnknown(error: unknown): boolean {
  return GatherError.isInstance(error) && error.status === clientErrors.outcomeUnknown.status
}

function outcomeUnknownError(): GatherError {
  const { status, code, title } = clientErrors.outcomeUnknown
  const detail =
    'No answer came from the server, so the command may or may not have run. Watch the call, or retry with the same request id.'
  return new GatherError(status, [{ code, title, detail }])
}

/** The command did not leave this page, so it may be given again. */
export function notSentError(detail: string, cause?: unknown): GatherError {
  const { status, code, title } = clientErrors.unavailable
  const error = new GatherError(status, [{ code, title, detail: `The command was not sent. ${detail}` }])
  error.cause = cause
  return error
}

function acceptedCommand(commandId: string, data: Record<string, unknown>): AcceptedCommand {
  const conversationId = data.conversation_id
  return {
    status: 'accepted',
    commandId,
    ...(typeof conversationId === 'string' ? { conversationId } : {}),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function telnyxErrorsOf(answer: unknown): [TelnyxError, ...TelnyxError[]] | null {
  if (!isObject(answer) || !Array.isArray(answer.errors)) return null
  const [first, ...rest] = answer.errors.filter(isTelnyxError)
  return first ? [first, ...rest] : null
}

const isTelnyxError = (value: unknown): value is TelnyxError =>
  isObject(value) && typeof value.code === 'string' && typeof value.title === 'string'

function unreadableError(status: number): TelnyxError {
  const { code, title } = clientErrors.internal
  return { code, title, detail: `The server answered ${status} in a form that is not Telnyx's. Is the address right?` }
}
