/**
 * Runs commands: logs the request, sends it to Telnyx, and logs the outcome.
 *
 * The request is logged first, because Telnyx sends no "gather started" and a fast key must not precede its gather. The
 * append is atomic across servers and deduplicates by `command_id`, so a repeated command gets the outcome of the first.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CallState,
  type CommandName,
  type ConversationState,
  errorTable,
  type GatherError,
  gatherError,
  isGather,
  selectCallEndedAt,
  selectConversation,
  selectGather,
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

/** A command that is in the log and is being sent. */
export interface SubmittedCommand {
  readonly commandId: string
  /** Telnyx's answer. Rejects with a GatherError if Telnyx refused the command or its outcome is unknown. */
  readonly accepted: Promise<{ readonly result: string; readonly conversation_id?: string }>
}

/** Dependencies of the command runner. */
export interface CommandDeps extends PrepareDeps {
  readonly cache: CallCache
  readonly sender: CommandSender
  readonly audit: Audit
  readonly now: () => number
  readonly logger: Logger
  /** Called when a call's log seems to have a gap: Telnyx reports the call as over, or a stop had no effect. */
  readonly onSuspectedGap?: (callId: string) => void
  /** Called with the outcome of each command, and the milliseconds that it took. */
  readonly onOutcome?: (command: CommandName, outcome: string, millis: number) => void
  /** How long to wait for the end of a replaced gather, because Telnyx may reorder commands. Default 1000. */
  readonly replaceTimeoutMs?: number
}

/** The delay before the log is checked after a failed append. Later checks back off, for half an hour at most. */
const FIRST_RECHECK_MS = 500
const MAX_RECHECK_MS = 30 * 60_000
/** If the request is missing in this many successful checks of the log, the store never stored it. */
const MAX_RECHECKS = 4

const notSent = (detail: string): CommandOutcomeEvent => {
  const { status, code, title } = errorTable.unavailable
  return { event_type: 'command.refused', payload: { status, code, title, detail } }
}

/** The outcome of a command whose request the store may have stored, but that was not sent to Telnyx. */
const NOT_STORED = notSent(
  'The store did not confirm the command, so it was not sent. Send it again with a new idempotency key.',
)
/** The outcome of a replacing gather when the running gather could not be stopped. */
const NOT_REPLACED = notSent(
  'Telnyx did not confirm that the running gather has stopped, so the new gather was not sent. Try again shortly.',
)

/** How long an accepted stop command may take before its effect is checked. */
const STOP_CONFIRMATION_MS = 10_000

/** How long a replaced gather may take to stop. The rest of the command window is for its successor. */
const STOP_WINDOW_MS = 15_000

/** The events to append for a command, decided on the state of its call. */
interface Plan {
  readonly events: readonly NewEvent[]
  /** The running gather that is stopped before the command is sent. */
  readonly replaced: RunningGather | null
  /** The gather or conversation that a stop command ends. Concurrent stops with the same target are sent once. */
  readonly target: string
}

/** A command that is being sent. */
interface CommandInFlight {
  readonly order: CommandInput
  readonly command: CommandName
  readonly commandId: string
}

/** Logs commands, sends them to Telnyx, and logs their outcomes. */
export class Commands {
  readonly #deps: CommandDeps
  /** Pending stop commands. A stop command with the same target shares the answer. */
  readonly #stops = new Map<string, Promise<CommandOutcomeEvent>>()

  constructor(deps: CommandDeps) {
    this.#deps = deps
  }

  /**
   * Logs a command and sends it. Resolves once the command is in the log.
   *
   * @throws GatherError when the body is invalid, the call is unknown or over, or another gather is running.
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
    const { decision, duplicates, isErased } = await cache.append(callId, decide).catch((error: unknown) => {
      for (const id of [commandId, stopId]) this.#refuseUnsent(callId, id, formatTime(now))
      throw error
    })
    if (isErased) throw unknownCallError()
    if ('refused' in decision) throw decision.refused
    const duplicate = duplicates.find(({ id }) => id === decision.events.at(-1)?.event.id)
    if (duplicate?.isConflict) {
      const detail =
        'The idempotency key or `command_id` was already used on this call for another command. Send a new one.'
      throw gatherError('conflict', detail, '/command_id')
    }
    const outcome = duplicate ? this.#outcomeOf(callId, commandId) : this.#run(order, prepared, decision)
    const accepted = outcome.then(resultOf)
    // An unhandled rejection would crash the process if the caller awaits only the end of the gather.
    accepted.catch(() => {})
    return { commandId, accepted }
  }

  /** Decides what to append for a command. */
  #plan(
    { command, subject, mustExist, replace }: CommandInput,
    prepared: PreparedCommand,
    { call: { cursor, state }, now, stopId }: { call: KnownCall; now: number; stopId: string },
  ): Plan | { readonly refused: GatherError } {
    if (!cursor && mustExist) return { refused: unknownCallError() }
    const target = targetOf(command, state)?.id ?? ''
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
   * Handles a failed append, which the store may have taken although its answer was lost. The command is never sent, so the
   * request gets a refused outcome if it appears in the log. A repeat under the same id has another time and is not touched.
   */
  #refuseUnsent(callId: string, commandId: string, requestedAt: string): void {
    const { cache, now } = this.#deps
    const refuse = ({ state: { commands } }: KnownCall) => {
      const known = commands.get(commandId)
      const isOurs = known?.request?.at === requestedAt && !known.outcome
      return { events: isOurs ? [{ event: commandEvent(commandId, NOT_STORED, now()) }] : [] }
    }
    const check = async () => {
      let checks = 0
      for (let wait = FIRST_RECHECK_MS; wait < MAX_RECHECK_MS && checks < MAX_RECHECKS; wait *= 2) {
        await sleep(wait, undefined, { ref: false })
        try {
          if ((await cache.append(callId, refuse)).records.length > 0) return
          checks += 1
        } catch {
          // The store is still unavailable: check again. If this process ends first, the reconciler appends the outcome.
        }
      }
    }
    check().catch(() => {})
  }

  /** Sends a logged command and logs its outcome. */
  async #run(order: CommandInput, prepared: PreparedCommand, plan: Plan): Promise<CommandOutcomeEvent> {
    const { command } = order
    const { commandId, body, digest } = prepared
    const { now } = this.#deps
    const given: CommandInFlight = { order, command, commandId }
    const began = now()
    if (endingCommands.has(command)) {
      const outcome = await this.#stop(given, body, `${digest} ${plan.target}`)
      return this.#logOutcome(given, outcome, now() - began)
    }
    if (plan.replaced && !(await this.#stopReplaced(order, plan, plan.replaced))) {
      return this.#logOutcome(given, NOT_REPLACED, now() - began)
    }
    // Allow at least one attempt, even if the time window is used up.
    const windowMillis = Math.max(1_000, COMMAND_WINDOW_MS - (now() - began))
    const outcome = await this.#deliver(given, body, windowMillis)
    return this.#logOutcome(given, outcome, now() - began)
  }

  /** Stops the replaced gather. Returns whether the replacing gather may be sent. */
  async #stopReplaced(order: CommandInput, { events }: Plan, running: RunningGather): Promise<boolean> {
    const { cache, now, replaceTimeoutMs = 1_000 } = this.#deps
    const { callId } = order
    const commandId = events[0]?.event.command_id ?? ''
    const given: CommandInFlight = { order, command: stopOf(running.command), commandId }
    const began = now()
    const outcome = await this.#stop(given, { command_id: commandId }, running.id, STOP_WINDOW_MS)
    await this.#logOutcome(given, outcome, now() - began)
    if (outcome.event_type === 'command.unknown') return false
    // A refused stop means that no gather was running. If a gather is running, Telnyx refuses the successor.
    if (outcome.event_type === 'command.accepted') {
      const isOver = (state: CallState) =>
        selectCallEndedAt(state) !== null || state.gathers.get(running.id)?.ended || null
      await cache.waitFor(callId, isOver, AbortSignal.timeout(replaceTimeoutMs))
    }
    return true
  }

  /** Sends a stop command, or shares the answer of a pending stop command with the same target. */
  async #stop(
    given: CommandInFlight,
    body: Readonly<Record<string, unknown>>,
    about: string,
    windowMillis = COMMAND_WINDOW_MS,
  ): Promise<CommandOutcomeEvent> {
    const { command } = given
    const { callId } = given.order
    const key = JSON.stringify([callId, command, about])
    const pending =
      this.#stops.get(key) ?? this.#deliver(given, body, windowMillis).finally(() => this.#stops.delete(key))
    this.#stops.set(key, pending)
    const outcome = await pending
    if (outcome.event_type === 'command.accepted') this.#checkStopLater(callId, command)
    return outcome
  }

  /** Reports a suspected gap if no event confirms an accepted stop command in time. */
  #checkStopLater(callId: string, command: CommandName): void {
    const { cache, onSuspectedGap } = this.#deps
    if (!onSuspectedGap) return
    const check = async () => {
      const { state } = await cache.open(callId)
      if (targetOf(command, state)?.endedAt === null) onSuspectedGap(callId)
    }
    setTimeout(() => {
      check().catch(() => {})
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

  /** Logs a command's outcome and returns it, even if it cannot be stored, because Telnyx has already answered. */
  async #logOutcome(
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
          logger.error({ err: error, outcome: given.event_type }, 'command outcome could not be stored')
          return { outcome: withoutDetail(given) }
        },
      )
    const result = outcome.event_type === 'command.refused' ? outcome.payload.code : outcome.event_type.slice(8)
    onOutcome?.(command, outcome.event_type.slice('command.'.length), millis)
    await audit.write({ what: 'outcome', subject, callId, command, commandId, result, durationMs: millis })
    return outcome
  }

  /** Whether `ai_assistant_stop` would end an AI gather of the call, and not an assistant. */
  async stopsAIGather(callId: string): Promise<boolean> {
    const { state } = await this.#deps.cache.open(callId)
    const latest = selectConversation(state)
    const isOther = (it: ConversationState) =>
      it.id !== latest?.id && !it.ended && (it.created !== null || it.command?.outcome?.status === 'accepted')
    const runs = latest?.command === 'gather_using_ai' && latest.status === 'collecting'
    return runs && ![...state.conversations].some(isOther)
  }

  /** Waits for the outcome of a command that another request has sent. */
  async #outcomeOf(callId: string, commandId: string): Promise<CommandOutcomeEvent> {
    const read = ({ commands }: CallState) => commands.get(commandId)?.outcome ?? null
    return eventOf(await this.#deps.cache.waitFor(callId, read, AbortSignal.timeout(COMMAND_WINDOW_MS)))
  }
}

const templateOf = (body: unknown) => {
  const template = asRecord(body)?.template
  return typeof template === 'string' ? { template } : {}
}

/** Returns the gather or conversation that a stop command ends. */
const targetOf = (command: CommandName, state: CallState) =>
  command === 'gather_stop' ? selectGather(state) : selectConversation(state)

const callEnded = () =>
  gatherError('callEnded', "This call is no longer active and can't receive commands.", '/call_control_id')

function gatherInProgress({ id, subject, isStarting }: RunningGather, replaces: boolean): GatherError {
  const starter = subject === 'backend' ? 'The backend' : subject === undefined ? 'Another client' : `\`${subject}\``
  const fact = `${starter} ${isStarting ? 'is just starting' : 'has started'} a gather on this call (command \`${id}\`).`
  const remedy = replaces
    ? 'Wait until Telnyx has answered that command, then try again.'
    : 'Wait until it ends, stop it, or send `callgather-replace: true` to replace it.'
  return gatherError('gatherInProgress', `${fact} ${remedy}`)
}
