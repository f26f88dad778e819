/**
 * Gives a command: logs it, sends it to Telnyx, logs what became of it.
 *
 * The request is in the log before Telnyx is called, because Telnyx sends no "gather started" and a fast key must not
 * precede its gather. The log is also what makes a command run once: the request is appended under an id made from
 * its `command_id`, in one atomic step across all nodes, and whoever comes second gets the outcome of the first.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CallState,
  type CommandName,
  errorTable,
  type GatherError,
  gatherError,
  isGather,
  selectCallEndedAt,
} from '@callgather/protocol'
import { unknownCallError } from '../access/access.ts'
import type { Audit } from '../access/audit.ts'
import { asRecord } from '../base/json.ts'
import type { Logger } from '../base/logger.ts'
import { digestOf } from '../base/secrets.ts'
import type { CallCache, KnownCall } from '../calls/call-cache.ts'
import { openMask } from '../ingest/masking.ts'
import type { NewEvent } from '../store/call-store.ts'
import { COMMAND_WINDOW_MS, type CommandSender, endingCommands, hasCallEnded } from '../telnyx/commands.ts'
import { formatTime } from '../telnyx/normalise.ts'
import {
  type CommandOutcomeEvent,
  commandEvent,
  eventOf,
  outcomeOf,
  resultOf,
  withoutDetail,
} from './command-outcome.ts'
import {
  type CommandInput,
  derivedId,
  type PrepareDeps,
  type PreparedCommand,
  prepareCommand,
} from './command-request.ts'
import { type RunningGather, runningGather, stopOf } from './running-gather.ts'

/** A command that is in the log, and on its way. */
export interface SubmittedCommand {
  readonly commandId: string
  /** What Telnyx answered. Rejects with a GatherError where Telnyx refused, or nobody knows. */
  readonly accepted: Promise<{ readonly result: string; readonly conversation_id?: string }>
}

/** What giving commands needs. */
export interface CommandDeps extends PrepareDeps {
  readonly cache: CallCache
  readonly sender: CommandSender
  readonly audit: Audit
  readonly now: () => number
  readonly logger: Logger
  /** Called when the log seems to lack an event of a call: Telnyx says that it is over, or a stop had no effect. */
  readonly onSuspectedGap?: (callId: string) => void
  /** Called with each outcome. */
  readonly onOutcome?: (command: CommandName, outcome: string, millis: number) => void
  /** How long to wait for the end of a gather that is replaced: Telnyx may run two commands out of order. Default 1,000. */
  readonly replaceTimeoutMs?: number
}

/** After a failed append the log is looked at so soon, then half as often each time, for half an hour at most. */
const FIRST_RECHECK_MS = 500
const MAX_RECHECK_MS = 30 * 60_000
/** How often the store must have answered until it is believed that it never took the request. */
const MAX_RECHECKS = 4

const notSent = (detail: string): CommandOutcomeEvent => {
  const { status, code, title } = errorTable.unavailable
  return { event_type: 'command.refused', payload: { status, code, title, detail } }
}

/** The outcome of a command whose request the store may have and Telnyx has not. */
const NOT_STORED = notSent(
  'The store did not confirm the command, so it was not sent. Give it again, under a new idempotency key.',
)
/** The outcome of a gather that was to replace another. */
const NOT_REPLACED = notSent(
  'Telnyx did not confirm that the running gather has stopped, so the new one was not sent. Try again in a moment.',
)

/** How long after an accepted stop its effect is looked for. */
const STOP_CONFIRMATION_MS = 10_000

/** How long a gather that is replaced may take to stop: the rest of the window is for its successor. */
const STOP_WINDOW_MS = 15_000

/** What is appended for a command, as decided on the state of its call. */
interface Plan {
  readonly events: readonly NewEvent[]
  /** The gather that is stopped first. */
  readonly replaced: RunningGather | null
  /** What a stop is about: stops of the same are one. */
  readonly target: string
}

/** A command on its way. */
interface CommandInFlight {
  readonly order: CommandInput
  readonly command: CommandName
  readonly commandId: string
}

/** Gives commands. */
export class Commands {
  readonly #deps: CommandDeps
  /** Stops that Telnyx has not answered yet; another of the same kind waits for that answer. */
  readonly #stops = new Map<string, Promise<CommandOutcomeEvent>>()

  constructor(deps: CommandDeps) {
    this.#deps = deps
  }

  /**
   * Logs a command and sends it. Resolves once it is in the log.
   *
   * @throws GatherError when it must not be sent: the body is wrong, the call unknown or over, another gather running.
   */
  async submit(order: CommandInput): Promise<SubmittedCommand> {
    const { callId, command, subject, address } = order
    const { cache, audit } = this.#deps
    const prepared = await prepareCommand(order, this.#deps)
    const { commandId } = prepared
    await audit.write({ what: 'intent', subject, callId, command, commandId, address, ...templateOf(order.body) })

    const now = this.#deps.now()
    const stopId = derivedId(this.#deps.commandKey, 'replace', callId, commandId)
    const decide = (call: KnownCall) => this.#plan(order, prepared, { call, now, stopId })
    const { decision, duplicates } = await cache.append(callId, decide).catch((error: unknown) => {
      for (const id of [commandId, stopId]) this.#disown(callId, id, formatTime(now))
      throw error
    })
    if ('refused' in decision) throw decision.refused
    const duplicate = duplicates.find(({ id }) => id === decision.events.at(-1)?.event.id)
    if (duplicate?.isConflict) {
      const detail = 'This idempotency key, or `command_id`, was used on this call with another command. Use a new one.'
      throw gatherError('conflict', detail, '/command_id')
    }
    const outcome = duplicate ? this.#outcomeOf(callId, commandId) : this.#run(order, prepared, decision)
    const accepted = outcome.then(resultOf)
    // A caller may wait for the end of a gather only; a refusal that nothing awaits must not end the process.
    accepted.catch(() => {})
    return { commandId, accepted }
  }

  /** What to append for a command, on the state that the append is conditional on. */
  #plan(
    { command, subject, mustExist, replace }: CommandInput,
    prepared: PreparedCommand,
    { call: { cursor, state }, now, stopId }: { call: KnownCall; now: number; stopId: string },
  ): Plan | { readonly refused: GatherError } {
    if (!cursor && mustExist) return { refused: unknownCallError() }
    const target = targetOf(command, state)
    const alone = { events: [prepared.requestEvent(state, now)], replaced: null, target }
    if (state.commands.get(prepared.commandId)) return alone
    const refused = selectCallEndedAt(state) === null ? prepared.refusalOn(state, now) : callEnded()
    if (refused) return { refused }
    const running = isGather(command) ? runningGather(state, now) : null
    if (!running) return alone
    if (!replace || running.isStarting) return { refused: gatherInProgress(running, replace === true) }
    const stop = stopOf(running.command)
    const payload = { command: stop, body: {}, subject }
    const event = commandEvent(stopId, { event_type: 'command.requested', payload }, now)
    const stopped = { event, digest: digestOf(this.#deps.commandKey, 'body', stop, {}) }
    return { events: [stopped, ...alone.events], replaced: running, target }
  }

  /**
   * The store failed, and may have taken the request all the same: its answer was lost. The command was not sent and
   * will not be; so if the request turns up in the log, it gets its outcome there. A later request of the same command
   * under the same id has another time, and is left alone.
   */
  #disown(callId: string, commandId: string, requestedAt: string): void {
    const { cache, now } = this.#deps
    const disown = ({ state: { commands } }: KnownCall) => {
      const known = commands.get(commandId)
      const isOurs = known?.request?.at === requestedAt && !known.outcome
      return { events: isOurs ? [{ event: commandEvent(commandId, NOT_STORED, now()) }] : [] }
    }
    const look = async () => {
      let looks = 0
      for (let wait = FIRST_RECHECK_MS; wait < MAX_RECHECK_MS && looks < MAX_RECHECKS; wait *= 2) {
        await sleep(wait, undefined, { ref: false })
        try {
          if ((await cache.append(callId, disown)).records.length > 0) return
          looks += 1
        } catch {
          // The store is still away: it is looked at again. Should this process end before, the reconciler settles it.
        }
      }
    }
    look().catch(() => {})
  }

  /** Sends a command that is in the log, and logs its outcome. */
  async #run(order: CommandInput, prepared: PreparedCommand, plan: Plan): Promise<CommandOutcomeEvent> {
    const { command } = order
    const { commandId, body, digest } = prepared
    const { now } = this.#deps
    const given: CommandInFlight = { order, command, commandId }
    const began = now()
    if (endingCommands.has(command)) {
      const outcome = await this.#stop(given, body, `${digest} ${plan.target}`)
      return this.#settle(given, outcome, now() - began)
    }
    if (plan.replaced && !(await this.#makeWay(order, plan, plan.replaced))) {
      return this.#settle(given, NOT_REPLACED, now() - began)
    }
    // A refusal of the first attempt needs no time; a window that is used up still has a second for it.
    const windowMillis = Math.max(1_000, COMMAND_WINDOW_MS - (now() - began))
    const outcome = await this.#deliver(given, body, windowMillis)
    return this.#settle(given, outcome, now() - began)
  }

  /** Stops the gather that is to be replaced. Whether its successor may be sent. */
  async #makeWay(order: CommandInput, { events }: Plan, running: RunningGather): Promise<boolean> {
    const { cache, now, replaceTimeoutMs = 1_000 } = this.#deps
    const { callId } = order
    const commandId = events[0]?.event.command_id ?? ''
    const given: CommandInFlight = { order, command: stopOf(running.command), commandId }
    const began = now()
    const outcome = await this.#stop(given, { command_id: commandId }, running.id, STOP_WINDOW_MS)
    await this.#settle(given, outcome, now() - began)
    if (outcome.event_type === 'command.unknown') return false
    // Refused, there was nothing to stop: Telnyx will say so if there is.
    if (outcome.event_type === 'command.accepted') {
      const isOver = (state: CallState) =>
        selectCallEndedAt(state) !== null || state.gathers.get(running.id)?.ended || null
      await cache.waitFor(callId, isOver, AbortSignal.timeout(replaceTimeoutMs))
    }
    return true
  }

  /** Sends a stop, or waits for the answer to the same stop that is on its way already. */
  async #stop(
    given: CommandInFlight,
    body: Readonly<Record<string, unknown>>,
    about: string,
    windowMillis = COMMAND_WINDOW_MS,
  ): Promise<CommandOutcomeEvent> {
    const { command } = given
    const { callId } = given.order
    const key = JSON.stringify([callId, command, about])
    const flying =
      this.#stops.get(key) ?? this.#deliver(given, body, windowMillis).finally(() => this.#stops.delete(key))
    this.#stops.set(key, flying)
    const outcome = await flying
    if (outcome.event_type === 'command.accepted') this.#confirmLater(callId, command)
    return outcome
  }

  /** An accepted stop that nothing confirms: the event may be lost, so Telnyx is asked for it. */
  #confirmLater(callId: string, command: CommandName): void {
    const { cache, onSuspectedGap } = this.#deps
    if (!onSuspectedGap) return
    const look = async () => {
      const { state } = await cache.open(callId)
      const { latestGather, latestConversation } = state
      const isOver =
        command === 'gather_stop'
          ? !latestGather || state.gathers.get(latestGather.id)?.ended
          : !latestConversation || state.conversations.get(latestConversation.id)?.ended
      if (!isOver && selectCallEndedAt(state) === null) onSuspectedGap(callId)
    }
    setTimeout(() => {
      look().catch(() => {})
    }, STOP_CONFIRMATION_MS).unref()
  }

  async #deliver(
    { order: { callId }, command }: CommandInFlight,
    body: Readonly<Record<string, unknown>>,
    windowMillis: number,
  ): Promise<CommandOutcomeEvent> {
    const { sender, onSuspectedGap } = this.#deps
    const answer = await sender.send(callId, command, body, { windowMs: windowMillis })
    const refusal =
      answer.status === 'refused' ? answer.errors : answer.status === 'unknown' ? answer.refusal : undefined
    if (refusal && hasCallEnded(refusal)) onSuspectedGap?.(callId)
    return outcomeOf(command, answer)
  }

  /** Logs an outcome. Telnyx has answered, so the sender of the command gets it even if it cannot be stored. */
  async #settle(
    { order: { callId, subject }, command, commandId }: CommandInFlight,
    given: CommandOutcomeEvent,
    millis: number,
  ): Promise<CommandOutcomeEvent> {
    const { cache, logger, audit, now, onOutcome } = this.#deps
    const at = now()
    const { outcome } = await cache
      .append(callId, ({ state }) => {
        const outcome = openMask(state, at) === undefined ? given : withoutDetail(given)
        return { events: [{ event: commandEvent(commandId, outcome, at) }], outcome }
      })
      .then(
        ({ decision }) => decision,
        (error: unknown) => {
          logger.error({ err: error, outcome: given.event_type }, 'the outcome of a command could not be stored')
          return { outcome: withoutDetail(given) }
        },
      )
    const result = outcome.event_type === 'command.refused' ? outcome.payload.code : outcome.event_type.slice(8)
    onOutcome?.(command, outcome.event_type.slice('command.'.length), millis)
    await audit.write({ what: 'outcome', subject, callId, command, commandId, result, durationMs: millis })
    return outcome
  }

  /** The outcome of a command that another request has sent; waits for it if need be. */
  async #outcomeOf(callId: string, commandId: string): Promise<CommandOutcomeEvent> {
    const read = ({ commands }: CallState) => commands.get(commandId)?.outcome ?? null
    return eventOf(await this.#deps.cache.waitFor(callId, read, AbortSignal.timeout(COMMAND_WINDOW_MS)))
  }
}

const templateOf = (body: unknown) => {
  const template = asRecord(body)?.template
  return typeof template === 'string' ? { template } : {}
}

/** What a command that ends something is about. */
function targetOf(command: CommandName, { latestGather, latestConversation }: CallState): string {
  return (command === 'gather_stop' ? latestGather?.id : latestConversation?.id) ?? ''
}

const callEnded = () =>
  gatherError('callEnded', "This call is no longer active and can't receive commands.", '/call_control_id')

function gatherInProgress({ id, subject, isStarting }: RunningGather, replaces: boolean): GatherError {
  const starter = subject === 'backend' ? 'The backend' : subject === undefined ? 'Another client' : `\`${subject}\``
  const fact = `${starter} ${isStarting ? 'is just starting' : 'has started'} a gather on this call (command \`${id}\`).`
  const remedy = replaces
    ? 'Wait until Telnyx has answered it, then try again.'
    : 'Wait for its end, stop it, or send `callgather-replace: true` to replace it.'
  return gatherError('gatherInProgress', `${fact} ${remedy}`)
}
