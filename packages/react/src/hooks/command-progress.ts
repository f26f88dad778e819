/**
 * The progress of a command: idle → sending → accepted → confirmed, or refused, or unknown.
 *
 * The call's log outranks the HTTP response, so an unknown outcome settles when the log shows the outcome. This file
 * never changes the call state.
 */
import type { CallState, CommandName, GatherError, Mask, TelnyxError } from '@callgather/protocol'
import { selectCallEndedAt, selectConversation, selectGather } from '@callgather/protocol'

/** The status of a command. */
export type CommandStatus = 'idle' | 'sending' | 'accepted' | 'confirmed' | 'refused' | 'unknown'

/** Why a command was refused: the fields of the first error, and all errors. */
export interface CommandRefusal extends TelnyxError {
  /** The HTTP status of the refusal. */
  readonly status: number
  /** `telnyx` if the call's log has the refusal; `server` if the server refused the command before Telnyx. */
  readonly by: 'telnyx' | 'server'
  /** All errors of the refusal. `source.pointer` names the field of the command's body. */
  readonly errors: readonly TelnyxError[]
}

/** The status of a command, with its name, request id and refusal. */
export type CommandProgress =
  | { readonly status: 'idle'; readonly name: null; readonly requestId: null; readonly refusal: null }
  | {
      /** `confirmed`: the call's log shows its effect. */
      readonly status: 'sending' | 'confirmed'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
    }
  | {
      /** Telnyx accepted the command, but no event has confirmed its effect yet. */
      readonly status: 'accepted'
      /** The command that was sent last; `null` before the first. */
      readonly name: CommandName
      /** The id of the request, which is its `Idempotency-Key` too; `null` before the first command. */
      readonly requestId: string
      readonly refusal: null
      /** Whether no event confirmed the command within `confirmAfterMs`. Check the call: the command may be lost. */
      readonly isOverdue: boolean
    }
  | {
      readonly status: 'refused'
      readonly name: CommandName
      readonly requestId: string
      /** Why the command was refused; `null` if it was not. */
      readonly refusal: CommandRefusal
    }
  | {
      /** The command got no answer, so it may have run. An event or a retry with the same request id settles it. */
      readonly status: 'unknown'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
    }

/** A sent command with its response. */
export interface SentCommand {
  readonly name: CommandName
  readonly body: Readonly<Record<string, unknown>>
  readonly requestId: string
  readonly mask?: Mask | undefined
  readonly label?: string | undefined
  readonly replace?: boolean | undefined
  /** The `command_id` of the command in the call's log. */
  readonly commandId: string
  /** The gather or conversation that a stop command ends. */
  readonly targetId: string | null
  readonly answer: 'none' | 'accepted' | 'unknown' | GatherError
  /** Whether no event confirmed the command within `confirmAfterMs`. */
  readonly isOverdue?: boolean
}

/** The outcome of a command in the call's log; `null` if the log has none. */
export type LoggedOutcome = 'confirmed' | 'accepted' | 'unknown' | (TelnyxError & { readonly status: number }) | null

const idleProgress: CommandProgress = { status: 'idle', name: null, requestId: null, refusal: null }

/** Combines the HTTP response to a command with the command's outcome in the log. */
export function commandProgress(given: SentCommand | null, fact: LoggedOutcome): CommandProgress {
  if (!given) return idleProgress
  const { name, requestId, answer } = given
  if (fact !== null && typeof fact === 'object') {
    const errors = typeof answer === 'object' ? answer.errors : [fact]
    return { status: 'refused', name, requestId, refusal: { ...fact, by: 'telnyx', errors } }
  }
  if (fact === 'confirmed') return { status: 'confirmed', name, requestId, refusal: null }
  if (typeof answer === 'object') return { status: 'refused', name, requestId, refusal: refusalOf(answer) }
  if (answer === 'accepted' || fact === 'accepted') {
    return { status: 'accepted', name, requestId, refusal: null, isOverdue: given.isOverdue === true }
  }
  if (answer === 'unknown' || fact === 'unknown') return { status: 'unknown', name, requestId, refusal: null }
  return { status: 'sending', name, requestId, refusal: null }
}

function refusalOf({ status, errors }: GatherError): CommandRefusal {
  const [first] = errors
  return { code: first?.code ?? '', title: first?.title ?? '', ...first, status, by: 'server', errors }
}

/** Returns the id of the running gather or conversation that a stop command ends; `null` for other commands. */
export function targetOf(name: CommandName, state: CallState): string | null {
  if (name === 'gather_stop') return selectGather(state)?.id ?? null
  if (name === 'ai_assistant_stop') return selectConversation(state)?.id ?? null
  return null
}

/** Reads the outcome of a command from the call's log. */
export function loggedOutcome(given: SentCommand | null, state: CallState): LoggedOutcome {
  if (!given) return null
  const outcome = state.commands.get(given.commandId)?.outcome
  if (outcome?.status === 'refused') {
    const { code, title, detail, httpStatus } = outcome
    return { code, title, ...(detail === undefined ? {} : { detail }), status: httpStatus }
  }
  if (isDone(given, state)) return 'confirmed'
  return outcome?.status ?? null
}

/**
 * Telnyx sends no event when a gather or an assistant starts, so the log's `command.accepted` confirms a start. A stop
 * is confirmed when its gather or conversation has ended.
 */
function isDone({ name, commandId, targetId }: SentCommand, state: CallState): boolean {
  if (name === 'gather_stop' || name === 'ai_assistant_stop') {
    if (selectCallEndedAt(state) !== null) return true
    if (targetId !== null) {
      const target = name === 'gather_stop' ? selectGather(state, targetId) : selectConversation(state, targetId)
      return target?.status === 'ended'
    }
  }
  return state.commands.get(commandId)?.outcome?.status === 'accepted'
}
