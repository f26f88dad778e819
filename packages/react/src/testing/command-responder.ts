/**
 * Answers commands as the test decides, and appends the events of a real call: the request, Telnyx's answer, and the
 * effects of a stop or a whisper. The scenario client and the MSW handlers share the HTTP part.
 */
import {
  type CommandName,
  type ErrorName,
  errorTable,
  GatherError,
  gatherError,
  isCommandName,
  LABEL_HEADER,
  MASK_HEADER,
  type Mask,
  REPLACE_HEADER,
  selectConversation,
  selectGather,
  type TelnyxError,
} from '@callgather/protocol'
import { checkCommand } from '@callgather/protocol/schema'
import type { EventFactory } from './event-factory.ts'
import type { ScenarioServer } from './scenario-server.ts'

/** A command that the client sent. */
export interface ReceivedCommand {
  readonly callId: string
  readonly name: CommandName
  readonly body: Readonly<Record<string, unknown>>
  /** The `Idempotency-Key`, which is also the `command_id` unless the body has one. */
  readonly requestId: string
  /** The requested mask of the caller's input; absent without a mask. */
  readonly mask?: Mask
  /** The label of a gather; absent without a label. */
  readonly label?: string
  /** Present if the command stops the running gather first. */
  readonly replace?: true
}

/**
 * How a scenario client or MSW handler answers a command.
 *
 * - `accept`: Telnyx accepts the command.
 * - `unknown`: Telnyx does not answer, and the server reports an unknown outcome.
 * - `offline`: the command does not reach the server.
 * - `pending`: the server never answers.
 * - `{ refuse }`: Telnyx refuses the command with an error of `errorTable` or with your own error. With `by: 'server'`,
 *   the server refuses the command and does not send it to Telnyx.
 */
export type CommandAnswer =
  | 'accept'
  | 'unknown'
  | 'offline'
  | 'pending'
  | {
      readonly refuse: ErrorName | (TelnyxError & { readonly status: number })
      readonly detail?: string
      readonly by?: 'server'
    }

/** Returns the answer to a command, or a promise of it. */
export type Respond = (command: ReceivedCommand) => CommandAnswer | Promise<CommandAnswer>

/** The HTTP response to a command; `offline` if there is no response. */
export type HttpAnswer = { readonly status: number; readonly body: unknown } | 'offline'

const masks: readonly Mask[] = ['all', 'digits', 'allButLast4']
const path = /\/v2\/calls\/([^/]+)\/actions\/([^/?]+)$/

/** Reads a wrap-up from an HTTP request; `null` if the request is none. */
export async function readWrapUp(request: Request) {
  const [, callId] = /\/calls\/([^/]+)\/wrap-up$/.exec(new URL(request.url, 'http://localhost').pathname) ?? []
  if (callId === undefined) return null
  const { note, disposition } = (await request.json()) as { note: string; disposition: string | null }
  return { callId: decodeURIComponent(callId), payload: { note, disposition, subject: 'agent' } }
}

/** Reads a command from an HTTP request, validates it by Telnyx's rules, and returns the response of `answer`. */
export async function answerRequest(request: Request, answer: (command: ReceivedCommand) => Promise<HttpAnswer>) {
  const [, callId, name] = path.exec(new URL(request.url, 'http://localhost').pathname) ?? []
  if (callId === undefined || name === undefined || !isCommandName(name)) {
    return { status: 404, body: gatherError('notFound', 'There is no such command.').body }
  }
  const body: unknown = await request.json().catch(() => null)
  const validation = checkCommand(name, body)
  if (!validation.ok) return { status: validation.status, body: { errors: validation.errors } }
  const requestId = request.headers.get('idempotency-key') ?? crypto.randomUUID()
  const mask = masks.find((each) => each === request.headers.get(MASK_HEADER))
  const maskField = mask === undefined ? {} : { mask }
  const label = request.headers.get(LABEL_HEADER)
  const labelField = label === null ? {} : { label: decodeURIComponent(label) }
  const replaceField = request.headers.get(REPLACE_HEADER) === 'true' ? ({ replace: true } as const) : {}
  return answer({
    callId: decodeURIComponent(callId),
    name,
    body: validation.body,
    requestId,
    ...maskField,
    ...labelField,
    ...replaceField,
  })
}

/** Converts an answer of the test to an HTTP response. */
export function httpAnswer(answer: CommandAnswer): HttpAnswer | Promise<never> {
  if (answer === 'accept') return { status: 200, body: { data: { result: 'ok' } } }
  if (answer === 'offline') return 'offline'
  if (answer === 'pending') return new Promise<never>(() => {})
  if (answer === 'unknown') {
    const error = gatherError('outcomeUnknown', 'Telnyx did not answer in time; the command may or may not have run.')
    return { status: error.status, body: error.body }
  }
  const error = refusalOf(answer)
  return { status: error.status, body: error.body }
}

function refusalOf({ refuse, detail }: Exclude<CommandAnswer, string>): GatherError {
  if (typeof refuse === 'string') return gatherError(refuse, detail ?? `Telnyx: ${errorTable[refuse].title}.`)
  const { status, ...error } = refuse
  return new GatherError(status, [error])
}

/** Answers the commands of one scenario client. */
export class CommandResponder {
  readonly #server: ScenarioServer
  readonly #events: EventFactory
  readonly #respond: Respond
  readonly #received: ReceivedCommand[] = []
  readonly #responses = new Map<string, HttpAnswer>()

  constructor(deps: { server: ScenarioServer; events: EventFactory; respond: Respond }) {
    this.#server = deps.server
    this.#events = deps.events
    this.#respond = deps.respond
  }

  /** All received commands, in order. */
  get received(): readonly ReceivedCommand[] {
    return this.#received
  }

  async handle(command: ReceivedCommand): Promise<HttpAnswer> {
    this.#received.push(command)
    const earlier = this.#responses.get(command.requestId)
    if (earlier) return earlier
    const outcome = await this.#respond(command)
    const isSent = typeof outcome !== 'object' || outcome.by !== 'server'
    if (outcome !== 'offline' && isSent) this.#record(command, outcome)
    const response = await httpAnswer(outcome)
    // After an unknown outcome, a retry with the same request id asks the test for a new answer.
    if (response !== 'offline' && outcome !== 'unknown') this.#responses.set(command.requestId, response)
    return response
  }

  #record(command: ReceivedCommand, answer: CommandAnswer): void {
    const { callId, name } = command
    const { command_id, client_state: _, ...body } = command.body
    const marks = {
      ...(command.mask === undefined ? {} : { mask: command.mask }),
      ...(command.label === undefined ? {} : { label: command.label }),
    }
    const id = { command_id: typeof command_id === 'string' ? command_id : command.requestId }
    const add = (event: Parameters<ScenarioServer['append']>[1]) => this.#server.append(callId, event)
    const make = this.#events
    if (command.replace && answer === 'accept') {
      const isByAi = selectGather(this.#server.stateOf(callId))?.kind === 'fields'
      for (const event of isByAi ? this.#stopConversation(callId) : this.#stopDigits(callId)) add(event)
    }
    if (!this.#server.stateOf(callId).commands.get(id.command_id)?.request) {
      add(make.event('command.requested', { ...id, payload: { command: name, body, subject: 'agent', ...marks } }))
    }
    if (answer === 'pending' || answer === 'offline') return
    if (answer === 'unknown') {
      add(make.event('command.unknown', { ...id, payload: { reason: 'timeout' } }))
      return
    }
    if (typeof answer === 'object') {
      const { status, errors } = refusalOf(answer)
      const [{ code, title, detail } = { code: '', title: '' }] = errors
      const payload = { status, code, title, ...(detail === undefined ? {} : { detail }) }
      add(make.event('command.refused', { ...id, payload }))
      return
    }
    add(make.event('command.accepted', { ...id, payload: {} }))
    for (const event of this.#effects(command)) add(event)
  }

  /** Returns the events that Telnyx sends at once. The scenario or the test makes the events of the caller. */
  #effects({ callId, name, body }: ReceivedCommand) {
    if (name === 'gather_stop') return this.#stopDigits(callId)
    if (name === 'ai_assistant_stop') return this.#stopConversation(callId)
    const conversation = selectConversation(this.#server.stateOf(callId))
    if (name === 'ai_assistant_add_messages' && conversation && Array.isArray(body.messages)) {
      const messages = body.messages.map(({ role, content }: { role: string; content?: string }) => ({
        role,
        content: content ?? '',
      }))
      const from = conversation.length
      const message_history = { from, length: from + messages.length, messages }
      const payload = { message_history }
      return [this.#events.event('call.ai_gather.message_history_updated', { command_id: conversation.id, payload })]
    }
    return []
  }

  #stopDigits(callId: string) {
    const gather = selectGather(this.#server.stateOf(callId))
    if (gather?.kind !== 'digits' || gather.status !== 'collecting') return []
    const payload = { status: 'cancelled', digits: gather.mask ? null : gather.digits, digit_count: gather.digitCount }
    return [this.#events.event('call.gather.ended', { command_id: gather.id, payload })]
  }

  #stopConversation(callId: string) {
    const state = this.#server.stateOf(callId)
    const conversation = selectConversation(state)
    if (conversation?.status !== 'collecting') return []
    const id = { command_id: conversation.id }
    const ended = this.#events.event('call.conversation.ended', { ...id, payload: { reason: null } })
    if (conversation.command !== 'gather_using_ai') return [ended]
    const result = state.gathers.get(conversation.id)?.partial?.results ?? null
    return [this.#events.event('call.ai_gather.ended', { ...id, payload: { status: 'invalid', result } }), ended]
  }
}
