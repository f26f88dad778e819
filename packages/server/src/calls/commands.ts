/**
 * Gives a command: logs it, sends it to Telnyx, logs what became of it.
 *
 * The request is in the log before Telnyx is called, because Telnyx sends no "gather started" and a fast key must not
 * precede its gather. The log is also what makes a command run once: the request is appended under an id made from
 * its `command_id`, in one atomic step across all nodes, and whoever comes second gets the outcome of the first.
 */
import { createHmac, randomUUID } from 'node:crypto'
import {
  type CallState,
  type CommandName,
  type CommandOutcome,
  errorTable,
  GatherError,
  gatherError,
  isConversation,
  isGather,
  type Show,
} from '@callgather/protocol'
import { checkCommand } from '@callgather/protocol/schema'
import type { Logger } from 'pino'
import type { Audit } from '../access/audit.ts'
import { applyPolicy, type CommandPolicy } from '../access/command-policy.ts'
import type { RateLimit } from '../access/rate-limit.ts'
import type { MarkerCodec } from '../telnyx/client-state.ts'
import { type CommandSender, ending } from '../telnyx/commands.ts'
import { asRecord } from '../telnyx/webhook.ts'
import type { CallLog } from './call-log.ts'
import type { NewEvent } from './call-store.ts'
import {
  acceptance,
  type CommandOutcomeEvent,
  commandEvent,
  eventOf,
  outcomeOf,
  withoutDetail,
} from './command-outcome.ts'
import { maskBody, openShow, strictest } from './masking.ts'

/** A command to be given. */
export interface CommandOrder {
  readonly callId: string
  readonly command: CommandName
  /** The body as it came; checked here. */
  readonly body: unknown
  /** Who gives it. */
  readonly subject: string
  /** Whether it comes from code of the host's own: then policy and rate limit do not apply. */
  readonly trusted: boolean
  /** Refuse a call that no webhook has told of yet. */
  readonly onlyKnown: boolean
  /** The sender's own key: the same key on the same call is the same command. */
  readonly idempotencyKey?: string | undefined
  /** How much of the input the sender wants shown; makes the server's policy stricter, never laxer. */
  readonly sensitive?: Show | undefined
  /** Where it comes from, for the audit trail. */
  readonly address?: string | undefined
}

/** A command that is in the log, and on its way. */
export interface GivenCommand {
  readonly commandId: string
  /** What Telnyx answered. Rejects with a GatherError where Telnyx refused, or nobody knows. */
  readonly accepted: Promise<{ readonly result: string; readonly conversation_id?: string }>
}

/** What giving commands needs. */
export interface CommandParts {
  readonly log: CallLog
  readonly sender: CommandSender
  readonly markers: MarkerCodec
  /** Keys the `command_id` made from an idempotency key, and the digest that tells two bodies apart. */
  readonly commandKey: Uint8Array
  readonly policy: CommandPolicy
  readonly limit: RateLimit
  readonly audit: Audit
  readonly now: () => number
  readonly logger: Logger
  /** Told when Telnyx says that a call is over, so that it can be looked into. */
  readonly ended?: (callId: string) => void
  /** Told of each outcome. */
  readonly counted?: (command: CommandName, outcome: string, millis: number) => void
}

/** How long the second of two senders waits for the first one's outcome, in milliseconds. */
const OUTCOME_MILLIS = 45_000

/** Gives commands. */
export class Commands {
  readonly #parts: CommandParts

  constructor(parts: CommandParts) {
    this.#parts = parts
  }

  /**
   * Logs a command and sends it. Resolves once it is in the log.
   *
   * @throws GatherError when it must not be sent: the body is wrong, the call unknown or over, the sender too fast.
   */
  async give(order: CommandOrder): Promise<GivenCommand> {
    const { callId, command, subject, trusted, address } = order
    const { log, policy, audit } = this.#parts
    if (!trusted) this.#limit(order)
    const checked = checkCommand(command, applyPolicy(command, order.body, policy, trusted))
    if (!checked.ok) throw new GatherError(checked.status, checked.errors)
    const { command_id, client_state, ...fields } = checked.body as Record<string, unknown>
    const body = withUpdates(command, fields)
    const commandId = this.#commandId(order, command_id)
    const show = this.#showOf(order, body)
    await audit.write({ what: 'intent', subject, callId, command, commandId, address, ...templateOf(order.body) })

    const { duplicates } = await log.append(callId, ({ cursor, state }) => {
      if (!cursor && order.onlyKnown) throw unknownCall()
      const repeated = state.commands.get(commandId) !== undefined
      if ((state.hangup || state.closed) && !repeated) throw callEnded()
      if (show !== undefined && !repeated) refuseWhileCaptured(state)
      return [this.#requested(order, commandId, body, show, state)]
    })
    const [duplicate] = duplicates
    if (duplicate?.conflict) {
      const detail = 'This idempotency key, or `command_id`, was used on this call with another command. Use a new one.'
      throw gatherError('conflict', detail, '/command_id')
    }
    const outcome = duplicate
      ? this.#outcomeOf(callId, commandId)
      : this.#send(order, commandId, {
          ...body,
          command_id: commandId,
          ...(typeof client_state === 'string' ? { client_state } : this.#mark(callId, commandId, command, show)),
        })
    const accepted = outcome.then(acceptance)
    // Whoever gave the command may wait for its end only; a refusal nobody looks at must not end the process.
    accepted.catch(() => {})
    return { commandId, accepted }
  }

  #limit({ command, subject }: CommandOrder): void {
    const wait = ending.has(command) ? 0 : this.#parts.limit.take(subject)
    if (wait === 0) return
    throw gatherError('tooManyRequests', `Commands come too fast. Wait ${Math.ceil(wait / 1000)} s and try again.`)
  }

  /** How much of the input may be shown: what the server's policy says, or less if whoever starts it wants less. */
  #showOf({ callId, command, sensitive }: CommandOrder, body: unknown): Show | undefined {
    if (!isGather(command) && !isConversation(command)) return undefined
    const { policy } = this.#parts
    const decided =
      typeof policy.sensitive === 'function'
        ? policy.sensitive({ callId, command, body })
        : isGather(command)
          ? policy.sensitive
          : undefined
    return strictest(decided, sensitive)
  }

  #commandId({ callId, idempotencyKey }: CommandOrder, given: unknown): string {
    if (typeof given === 'string') return given
    if (idempotencyKey === undefined) return randomUUID()
    const bytes = createHmac('sha256', this.#parts.commandKey)
      .update(JSON.stringify(['id', callId, idempotencyKey]))
      .digest()
    return uuidOf(bytes)
  }

  #requested(
    { command, subject }: CommandOrder,
    commandId: string,
    body: Record<string, unknown>,
    show: Show | undefined,
    state: CallState,
  ): NewEvent {
    const { commandKey, now } = this.#parts
    const digest = createHmac('sha256', commandKey)
      .update(JSON.stringify(['body', command, body]))
      .digest('base64url')
    const secret = show !== undefined || openShow(state, now()) !== undefined
    const logged = withoutSecrets(secret ? maskBody(body) : body)
    const payload = { command, body: logged, subject, ...(show === undefined ? {} : { show }) }
    const event = commandEvent(commandId, { event_type: 'command.requested', payload }, now())
    return { event, digest: digest.slice(0, 22) }
  }

  #mark(callId: string, commandId: string, command: CommandName, show: Show | undefined): { client_state?: string } {
    // Only what goes on after the command leaves a mark; a stop or a whisper leaves the mark of what it is about.
    if (!isGather(command) && !isConversation(command)) return {}
    return { client_state: this.#parts.markers.write(callId, { commandId, command, show }) }
  }

  async #send(order: CommandOrder, commandId: string, body: Record<string, unknown>): Promise<CommandOutcomeEvent> {
    const { callId, command, subject } = order
    const { log, sender, logger, audit, now, ended, counted } = this.#parts
    const began = now()
    const answer = await sender.send(callId, command, body)
    let outcome = outcomeOf(command, answer)
    if (answer.status === 'refused' && answer.errors.some(({ code }) => code === errorTable.callEnded.code))
      ended?.(callId)
    // Telnyx has answered: whoever asked is told so, even where it cannot be written down.
    await log
      .append(callId, ({ state }) => {
        outcome = openShow(state, now()) === undefined ? outcome : withoutDetail(outcome)
        return [{ event: commandEvent(commandId, outcome, now()) }]
      })
      .catch((error: unknown) => {
        logger.error({ err: error, outcome: outcome.event_type }, 'the outcome of a command could not be stored')
      })
    const result = outcome.event_type === 'command.refused' ? outcome.payload.code : outcome.event_type.slice(8)
    const millis = now() - began
    counted?.(command, outcome.event_type.slice('command.'.length), millis)
    await audit.write({ what: 'outcome', subject, callId, command, commandId, result, millis })
    return outcome
  }

  /** What became of a command that somebody else has sent; waits for it if need be. */
  async #outcomeOf(callId: string, commandId: string): Promise<CommandOutcomeEvent> {
    const { log } = this.#parts
    let settle: (outcome: CommandOutcome | null) => void = () => {}
    const settled = new Promise<CommandOutcome | null>((resolve) => {
      settle = resolve
    })
    const stop = await log.listen(callId, {
      grown: ({ state }) => {
        const outcome = state.commands.get(commandId)?.outcome
        if (outcome) settle(outcome)
      },
      forgotten: () => settle(null),
    })
    const timer = setTimeout(settle, OUTCOME_MILLIS, null)
    try {
      const { state } = await log.open(callId)
      const outcome = state.commands.get(commandId)?.outcome ?? (await settled)
      return eventOf(outcome)
    } finally {
      clearTimeout(timer)
      stop()
    }
  }
}

const templateOf = (body: unknown) => {
  const template = asRecord(body)?.template
  return typeof template === 'string' ? { template } : {}
}

/** What records or copies the call's audio, as far as webhooks tell: when it began, and when it ended. */
const captures = [
  ['streaming.started', 'streaming.stopped'],
  ['call.fork.started', 'call.fork.stopped'],
  ['call.recording.started', 'call.recording.saved'],
] as const

/** A sensitive gather does not begin while the call's audio is known to be copied elsewhere. */
function refuseWhileCaptured(state: CallState): void {
  const last = new Map<string, string>()
  for (const entry of state.timeline) if (entry.kind === 'mark') last.set(entry.eventType, entry.stamp)
  for (const [started, stopped] of captures) {
    const began = last.get(started)
    if (began === undefined || (last.get(stopped) ?? '') > began) continue
    throw gatherError(
      'conflict',
      'The call is being recorded or streamed, so a sensitive gather would be copied. Stop that first, then try again.',
    )
  }
}

const unknownCall = () =>
  gatherError('notFound', 'There is no such call, or your ticket does not cover it. Check the call control id.')

const callEnded = () =>
  gatherError('callEnded', 'This call is no longer active and can’t receive commands.', '/call_control_id')

/** AI commands report as they go, unless they were told not to: a console lives on it. */
function withUpdates(command: CommandName, body: Record<string, unknown>): Record<string, unknown> {
  switch (command) {
    case 'gather_using_ai':
      return { send_partial_results: true, send_message_history_updates: true, ...body }
    case 'ai_assistant_start':
      return { send_message_history_updates: true, ...body }
    default:
      return body
  }
}

/** Parts of a body that name secrets or reach other systems; they go to Telnyx and nowhere else. */
const secretKeys = new Set([
  'api_key_ref',
  'openai_api_key_ref',
  'llm_api_key_ref',
  'certificate_ref',
  'token_retrieval_url',
  'external_llm',
  'fallback_config',
  'mcp_servers',
  'tools',
])

function withoutSecrets(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !secretKeys.has(key))
      .map(([key, each]) => {
        const inner = asRecord(each)
        return [key, inner ? withoutSecrets(inner) : each]
      }),
  )
}

/** The first 16 bytes as a UUID, version 8: made by our own rule (RFC 9562). */
function uuidOf(bytes: Buffer): string {
  const own = Buffer.from(bytes.subarray(0, 16))
  own[6] = ((own[6] ?? 0) & 0x0f) | 0x80
  own[8] = ((own[8] ?? 0) & 0x3f) | 0x80
  const hex = own.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
