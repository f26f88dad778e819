/**
 * Sends commands over HTTP, with Telnyx's paths and bodies. The client never retries a command with an unknown outcome.
 * A retry with the same request id is safe: the server and Telnyx run it at most once.
 */
import {
  type CommandBodies,
  type CommandName,
  clientErrors,
  GatherError,
  LABEL_HEADER,
  MASK_HEADER,
  MAX_LABEL_LENGTH,
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

/** The options of a command. */
export interface CommandOptions {
  /**
   * Identifies the command: a repeated id on the same call is a retry, not a new command. Default a new UUID.
   * Sent as `Idempotency-Key`. A UUID is also sent as `command_id`, unless the body has one.
   */
  requestId?: string
  /**
   * Masks the caller's input for everyone: `all` hides everything, `digits` shows how many, `allButLast4` shows the
   * last four. It can only tighten the server's policy. Sent as `callgather-mask`.
   */
  mask?: Mask | undefined
  /** What a gather asks for, in the agent's words, at most 60 characters. Sent as `callgather-label`. */
  label?: string | undefined
  /** Stops the running gather first. Default false: a second gather is refused. Sent as `callgather-replace`. */
  replace?: boolean | undefined
  /** Aborts the HTTP request of the command. Telnyx may still run the command. */
  signal?: AbortSignal
}

/** The result of a command that Telnyx accepted. The command's effects arrive as events. */
export interface AcceptedCommand {
  readonly status: 'accepted'
  /** The `command_id` of the command in the call's log. */
  readonly commandId: string
  /** The id of the conversation that the command started, if Telnyx returned one. */
  readonly conversationId?: string
}

/** Sends a command to a call. Rejects with `GatherError`. */
export type SendCommand = <Name extends CommandName>(
  callId: string,
  name: Name,
  body: CommandBodies[Name],
  options?: CommandOptions,
) => Promise<AcceptedCommand>

/** The time limit of a command, after which its outcome is unknown. The server answers within 45 s. */
const COMMAND_TIMEOUT_MS = 50_000

/** The note and disposition with which an agent wraps up a call. */
export interface WrapUpInput {
  /** At most 5000 characters; empty if there is none. */
  readonly note: string
  /** The id of the chosen disposition, at most 128 characters; `null` if none is chosen. */
  readonly disposition: string | null
}

/** Saves the wrap-up of an ended call on the server. Rejects with `GatherError`. */
export type SaveWrapUp = (callId: string, wrapUp: WrapUpInput) => Promise<void>

interface SenderDeps {
  base: string
  tickets: Tickets
  clock: Clock
  fetch: typeof fetch
  onTicketError?: (error: GatherClientError) => void
  /** Whether the current ticket is confirmed to belong to the signed-in agent. */
  isAgentKnown?: () => boolean
}

/** Creates a function that posts JSON with the agent's ticket, and returns the `data` of the response. */
function createPoster(deps: SenderDeps) {
  const { base, tickets, clock } = deps

  /** Returns a ticket of the agent who sent the command. Throws if there is none; then the command is not sent. */
  const ticketFor = async (agent: number, request: () => Promise<string>): Promise<string> => {
    const ticket = await request().catch((cause: unknown) => {
      if (GatherClientError.isInstance(cause)) deps.onTicketError?.(cause)
      throw notSentError('The ticket could not be renewed. Try again.', cause)
    })
    if (tickets.agentGeneration !== agent) throw notSentError('Another agent signed in. Send the command again.')
    return ticket
  }

  const post = async (
    path: string,
    commandHeaders: Record<string, string>,
    body: string,
    signal: AbortSignal,
  ): Promise<Response> => {
    const send = async (ticket: string) => {
      const headers = { authorization: `Bearer ${ticket}`, 'content-type': 'application/json', ...commandHeaders }
      return deps.fetch(`${base}${path}`, { method: 'POST', headers, body, signal, credentials: 'omit' })
    }
    const { agentGeneration: agent } = tickets
    const isKnown = deps.isAgentKnown?.() ?? true
    const response = await send(await ticketFor(agent, () => (isKnown ? tickets.getCurrent() : tickets.getFresh())))
    if (response.status !== clientErrors.unauthenticated.status) return response
    // A 401 precedes any processing, so one retry with a new ticket can't run the command twice.
    return send(await ticketFor(agent, () => tickets.getFresh()))
  }

  return async (path: string, requestHeaders: Record<string, string>, body: object, signal?: AbortSignal) => {
    signal?.throwIfAborted()
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    const cancelTimeout = clock.setTimeout(() => abort.abort(), COMMAND_TIMEOUT_MS)
    try {
      const headers = { ...requestHeaders, [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }
      const response = await beforeAbort(abort.signal, post(path, headers, JSON.stringify(body), abort.signal))
      const result: unknown = await response.json().catch(() => null)
      if (response.ok) {
        // A sign-in page in front of the server also answers with 200.
        if (!isObject(result) || !isObject(result.data)) throw outcomeUnknownError()
        return { data: result.data, response }
      }
      const errors = telnyxErrorsOf(result)
      // A 5xx without Telnyx errors comes from a proxy, so the command may have run.
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

/** Creates the function that saves a wrap-up. Saving it again changes nothing, so that every failure can be retried. */
export function createWrapUpSaver(deps: SenderDeps): SaveWrapUp {
  const post = createPoster(deps)
  return async (callId, { note, disposition }) => {
    await post(routes.wrapUp(callId), {}, { note, disposition })
  }
}

/** Creates the function that sends a command. */
export function createCommandSender(deps: SenderDeps): SendCommand {
  const post = createPoster(deps)
  return async (callId, name, body, { requestId = newRequestId(), mask, label, replace = false, signal } = {}) => {
    const commandId = body.command_id ?? (isUuid(requestId) ? requestId : undefined)
    const payload = { ...body, ...(commandId === undefined ? {} : { command_id: commandId }) }
    // `encodeURIComponent` throws for half of a cut emoji, and the server refuses control characters.
    const text = label
      ?.slice(0, MAX_LABEL_LENGTH)
      .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
      .trim()
    const commandHeaders = {
      'idempotency-key': requestId,
      ...(mask === undefined ? {} : { [MASK_HEADER]: mask }),
      ...(text ? { [LABEL_HEADER]: encodeURIComponent(text) } : {}),
      ...(replace ? { [REPLACE_HEADER]: 'true' } : {}),
    }
    const { data, response } = await post(routes.command(callId, name), commandHeaders, payload, signal)
    return toAcceptedCommand(commandId ?? response.headers.get('x-command-id') ?? requestId, data)
  }
}

/** Awaits an operation, but rejects when the signal is aborted, even if the operation ignores the signal. */
function beforeAbort<T>(signal: AbortSignal, operation: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    operation.then(resolve, reject)
  })
}

/** Creates a request id: a UUID, because the server uses only a UUID as `command_id`. */
export function newRequestId(): string {
  // Browsers have no `randomUUID` on pages without TLS, such as a demo on a local network.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

const isUuid = (id: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)

/** Whether the command may have run despite the error, because the server or Telnyx did not answer. */
export function isOutcomeUnknown(error: unknown): boolean {
  return GatherError.isInstance(error) && error.status === clientErrors.outcomeUnknown.status
}

function outcomeUnknownError(): GatherError {
  const { status, code, title } = clientErrors.outcomeUnknown
  const detail =
    'The server did not answer, so the command may have run. Watch the call, or retry with the same request id.'
  return new GatherError(status, [{ code, title, detail }])
}

/** Returns the error of a command that was not sent and is safe to send again. */
export function notSentError(detail: string, cause?: unknown): GatherError {
  const { status, code, title } = clientErrors.unavailable
  const error = new GatherError(status, [{ code, title, detail: `The command was not sent. ${detail}` }])
  error.cause = cause
  return error
}

function toAcceptedCommand(commandId: string, data: Record<string, unknown>): AcceptedCommand {
  const conversationId = data.conversation_id
  return {
    status: 'accepted',
    commandId,
    ...(typeof conversationId === 'string' ? { conversationId } : {}),
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function telnyxErrorsOf(result: unknown): [TelnyxError, ...TelnyxError[]] | null {
  if (!isObject(result) || !Array.isArray(result.errors)) return null
  const [first, ...rest] = result.errors.filter(isTelnyxError)
  return first ? [first, ...rest] : null
}

const isTelnyxError = (value: unknown): value is TelnyxError =>
  isObject(value) && typeof value.code === 'string' && typeof value.title === 'string'

function unreadableError(status: number): TelnyxError {
  const { code, title } = clientErrors.internal
  return {
    code,
    title,
    detail: `The response with ${status} is not in Telnyx's format. Check \`url\` and \`basePath\` of the client.`,
  }
}
