/**
 * The life of one command: idle → sending → accepted → confirmed, or refused, or unknown.
 *
 * The call's log outranks the HTTP answer, so an unknown outcome settles when the log shows it. Nothing here changes
 * the call's state.
 */
import type { CallState, CommandName, GatherError, Mask, TelnyxError } from '@callgather/protocol'
import { selectCallEndedAt, selectConversation, selectGather } from '@callgather/protocol'

/** The status of a command. */
export type CommandStatus = 'idle' | 'sending' | 'accepted' | 'confirmed' | 'refused' | 'unknown'

/** Why a command was refused: the first error, and all of them. */
export interface CommandRefusal extends TelnyxError {
  /** The HTTP status. */
  readonly status: number
  /** `telnyx`, by the call's log; or `server`, which then sent nothing to Telnyx. */
  readonly by: 'telnyx' | 'server'
  /** All errors; `source.pointer` names the field. */
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
      /** Telnyx accepted it. */
      readonly status: 'accepted'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
      /** No event confirmed it within `confirmAfterMs`. Check the call: the command may be lost. */
      readonly isOverdue: boolean
    }
  | {
      readonly status: 'refused'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: CommandRefusal
    }
  | {
      /** No answer came, so it may have run. An event settles it, or a retry under the same id. */
      readonly status: 'unknown'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
    }

/** A command that was sent, and the answer to it. */
export interface SentCommand {
  readonly name: CommandName
  readonly body: Readonly<Record<string, unknown>>
  readonly requestId: string
  readonly mask?: Mask | undefined
  readonly replace?: boolean | undefined
  /** Its `command_id` in the log. */
  readonly commandId: string
  /** The gather or conversation that a stop command ends. */
  readonly targetId: string | null
  readonly answer: 'none' | 'accepted' | 'unknown' | GatherError
  /** No event confirmed it within `confirmAfterMs`. */
  readonly isOverdue?: boolean
}

/** The outcome of a command by the call's log; `null` if the log has none. */
export type LoggedOutcome = 'confirmed' | 'accepted' | 'unknown' | (TelnyxError & { readonly status: number }) | null

const idleProgress: CommandProgress = { status: 'idle', name: null, requestId: null, refusal: null }

/** Combines the HTTP answer with the outcome in the log. */
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

/** The id of the gather or conversation that a stop command ends: the one that runs now. */
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
