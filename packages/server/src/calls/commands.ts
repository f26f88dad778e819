/**
 * Gives a command: logs it, sends it to Telnyx, logs what became of it.
 *
 * The request is in the log before Telnyx is called, because Telnyx sends no "gather started" and a fast key must not
 * precede its gather. The log is also what makes a command run once: the request is appended under an id made from
 * its `command_id`, in one atomic step across all nodes, and whoever comes second gets the outcome of the first.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CallState, type CommandName, type CommandOutcome, errorTable, gatherError } from '@callgather/protocol'
import type { Logger } from 'pino'
import { unknownCall } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import type { RateLimit } from '../access/rate-limit.ts'
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
import { type CommandOrder, type PrepareParts, prepareCommand, refuseWhileCaptured } from './command-request.ts'
import { openMask } from './masking.ts'

/** A command that is in the log, and on its way. */
export interface GivenCommand {
  readonly commandId: string
  /** What Telnyx answered. Rejects with a GatherError where Telnyx refused, or nobody knows. */
  readonly accepted: Promise<{ readonly result: string; readonly conversation_id?: string }>
}

/** What giving commands needs. */
export interface CommandParts extends PrepareParts {
  readonly log: CallLog
  readonly sender: CommandSender
  readonly limit: RateLimit
  readonly audit: Audit
  readonly now: () => number
  readonly logger: Logger
  /** Told when Telnyx says that a call is over, so that it can be looked into. */
  readonly ended?: (callId: string) => void
  /** Told of each outcome. */
  readonly counted?: (command: CommandName, outcome: string, millis: number) => void
}

/** After a failed append the log is looked at so soon, then half as often each time, for half an hour at most. */
const DISOWN_WAIT_MILLIS = 500
const DISOWN_MILLIS = 30 * 60_000
/** How often the store must have answered until it is believed that it never took the request. */
const DISOWN_LOOKS = 4

/** What became of a command whose request the store may have and Telnyx has not. */
const NOT_SENT: CommandOutcomeEvent = {
  event_type: 'command.refused',
  payload: {
    status: errorTable.unavailable.status,
    code: errorTable.unavailable.code,
    title: errorTable.unavailable.title,
    detail: 'The store did not confirm the command, so it was not sent. Give it again, under a new idempotency key.',
  },
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
    const { callId, command, subject, address } = order
    const { log, audit, now } = this.#parts
    if (!order.trusted) this.#limit(order)
    const prepared = prepareCommand(order, this.#parts)
    const { commandId, mask } = prepared
    await audit.write({ what: 'intent', subject, callId, command, commandId, address, ...templateOf(order.body) })

    let requested: NewEvent | undefined
    const { duplicates } = await log
      .append(callId, ({ cursor, state }) => {
        if (!cursor && order.onlyKnown) throw unknownCall()
        const repeated = state.commands.get(commandId) !== undefined
        if ((state.hangup || state.closed) && !repeated) throw callEnded()
        if (mask !== undefined && !repeated) refuseWhileCaptured(state)
        requested = prepared.requested(state, now())
        return [requested]
      })
      .catch((error: unknown) => {
        if (requested) void this.#disown(callId, commandId, requested.event.occurred_at)
        throw error
      })
    const [duplicate] = duplicates
    if (duplicate?.conflict) {
      const detail = 'This idempotency key, or `command_id`, was used on this call with another command. Use a new one.'
      throw gatherError('conflict', detail, '/command_id')
    }
    const outcome = duplicate ? this.#outcomeOf(callId, commandId) : this.#send(order, commandId, prepared.body)
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

  /**
   * The store failed, and may have taken the request all the same: its answer was lost. The command was not sent and
   * will not be; so if the request turns up in the log, it gets its outcome there. Whoever else has requested the same
   * command since, under the same id, has done so at another moment, and is left alone.
   */
  async #disown(callId: string, commandId: string, requestedAt: string): Promise<void> {
    const { log, now } = this.#parts
    let looks = 0
    for (let wait = DISOWN_WAIT_MILLIS; wait < DISOWN_MILLIS && looks < DISOWN_LOOKS; wait *= 2) {
      await sleep(wait, undefined, { ref: false })
      const isOurs = ({ commands }: CallState) => {
        const known = commands.get(commandId)
        return known?.request?.at === requestedAt && !known.outcome
      }
      try {
        const { state } = await log.open(callId)
        looks += 1
        if (!isOurs(state)) continue
        await log.append(callId, (call) =>
          isOurs(call.state) ? [{ event: commandEvent(commandId, NOT_SENT, now()) }] : [],
        )
        return
      } catch {
        // The store is still away: it is looked at again. Should this process end before, the reconciler settles it.
      }
    }
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
        outcome = openMask(state, now()) === undefined ? outcome : withoutDetail(outcome)
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

const callEnded = () =>
  gatherError('callEnded', 'This call is no longer active and can’t receive commands.', '/call_control_id')
