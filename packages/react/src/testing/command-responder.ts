/**
 * Answers commands by rule, and does in a call's log what Telnyx would do: the request, the answer, and what a stop or
 * a whisper leads to. The HTTP half serves the scenario client and the MSW handlers alike.
 */
import {
  type CommandName,
  type ErrorName,
  errorTable,
  GatherError,
  gatherError,
  isCommandName,
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

/** A command as it was sent. */
export interface ReceivedCommand {
  readonly callId: string
  readonly name: CommandName
  readonly body: Readonly<Record<string, unknown>>
  /** The `Idempotency-Key`, which is also the `command_id` unless the body has one. */
  readonly requestId: string
  /** How much of the input may be shown, where the sender asked for secrecy. */
  readonly mask?: Mask
  /** The sender asked to stop the gather that runs first. */
  readonly replace?: true
}

/**
 * What becomes of a command.
 *
 * - `accept`: Telnyx takes it.
 * - `unknown`: Telnyx does not answer; the server says so.
 * - `offline`: it does not reach the server.
 * - `pending`: nobody has answered yet, and nobody will.
 * - `{ refuse }`: Telnyx refuses it, for a reason of `errorTable` or one of your own; with `by: 'server'` the server
 *   refuses it, and sends nothing.
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

/** Decides what becomes of a command. */
export type Respond = (command: ReceivedCommand) => CommandAnswer | Promise<CommandAnswer>

/** The answer over HTTP; `offline` when there is none. */
export type HttpAnswer = { readonly status: number; readonly body: unknown } | 'offline'

const masks: readonly Mask[] = ['all', 'digits', 'allButLast4']
const path = /\/v2\/calls\/([^/]+)\/actions\/([^/?]+)$/

/** Reads a command from an HTTP request, judges it as Telnyx would, and answers it by rule. */
export async function answerRequest(request: Request, answer: (command: ReceivedCommand) => Promise<HttpAnswer>) {
  const [, callId, name] = path.exec(new URL(request.url, 'http://localhost').pathname) ?? []
  if (callId === undefined || name === undefined || !isCommandName(name)) {
    return { status: 404, body: gatherError('notFound', 'There is no such command.').body }
  }
  const body: unknown = await request.json().catch(() => null)
  const checked = checkCommand(name, body)
  if (!checked.ok) return { status: checked.status, body: { errors: checked.errors } }
  const requestId = request.headers.get('idempotency-key') ?? crypto.randomUUID()
  const mask = masks.find((each) => each === request.headers.get(MASK_HEADER))
  const secrecy = mask === undefined ? {} : { mask }
  const replacing = request.headers.get(REPLACE_HEADER) === 'true' ? ({ replace: true } as const) : {}
  return answer({ callId: decodeURIComponent(callId), name, body: checked.body, requestId, ...secrecy, ...replacing })
}

/** What goes over HTTP for an answer. */
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

/** The desk of one scenario. */
export class CommandResponder {
  readonly #server: ScenarioServer
  readonly #events: EventFactory
  readonly #respond: Respond
  readonly #received: ReceivedCommand[] = []
  readonly #answered = new Map<string, HttpAnswer>()

  constructor(ports: { server: ScenarioServer; events: EventFactory; respond: Respond }) {
    this.#server = ports.server
    this.#events = ports.events
    this.#respond = ports.respond
  }

  /** Every command that came in, in order: for a test to look at. */
  get received(): readonly ReceivedCommand[] {
    return this.#received
  }

  async handle(command: ReceivedCommand): Promise<HttpAnswer> {
    this.#received.push(command)
    const before = this.#answered.get(command.requestId)
    if (before) return before
    const decided = await this.#respond(command)
    const isSent = typeof decided !== 'object' || decided.by !== 'server'
    if (decided !== 'offline' && isSent) this.#record(command, decided)
    const answer = await httpAnswer(decided)
    // An outcome that nobody knows is no answer: the same request may be made again.
    if (answer !== 'offline' && decided !== 'unknown') this.#answered.set(command.requestId, answer)
    return answer
  }

  #record(command: ReceivedCommand, answer: CommandAnswer): void {
    const { callId, name } = command
    const { command_id, client_state: _, ...body } = command.body
    const secrecy = command.mask === undefined ? {} : { mask: command.mask }
    const id = { command_id: typeof command_id === 'string' ? command_id : command.requestId }
    const add = (event: Parameters<ScenarioServer['append']>[1]) => this.#server.append(callId, event)
    const make = this.#events
    if (command.replace && answer === 'accept') {
      const isByAi = selectGather(this.#server.stateOf(callId))?.kind === 'fields'
      for (const event of isByAi ? this.#stopConversation(callId) : this.#stopDigits(callId)) add(event)
    }
    if (!this.#server.stateOf(callId).commands.get(id.command_id)?.request) {
      add(make.event('command.requested', { ...id, payload: { command: name, body, subject: 'agent', ...secrecy } }))
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

  /** What Telnyx would report at once. What takes a caller, a scenario or a test has to tell. */
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
    const heard = state.gathers.get(conversation.id)?.partial?.results ?? null
    return [this.#events.event('call.ai_gather.ended', { ...id, payload: { status: 'invalid', result: heard } }), ended]
  }
}
