/**
 * The life of one command: idle → sending → accepted → confirmed, or refused, or unknown.
 *
 * What the HTTP answer said is kept here; the call's log outranks it, so an unknown outcome is settled as soon as the
 * log has it. Nothing here touches the call's state.
 */
import type { CallState, CommandName, GatherError, Mask, TelnyxError } from '@callgather/protocol'
import { selectCallEndedAt, selectConversation, selectGather } from '@callgather/protocol'

/** Where a command stands. */
export type CommandStatus = 'idle' | 'sending' | 'accepted' | 'confirmed' | 'refused' | 'unknown'

/** Why a command was refused: the first error, and all of them. */
export interface CommandRefusal extends TelnyxError {
  /** The HTTP status. */
  readonly status: number
  /** Who refused: Telnyx, as the call's log says; or the server, which has sent nothing then. */
  readonly by: 'telnyx' | 'server'
  /** Everything that was wrong; `source.pointer` says with which field. */
  readonly errors: readonly TelnyxError[]
}

/** Where a command stands, with what belongs to it. */
export type CommandProgress =
  | { readonly status: 'idle'; readonly name: null; readonly requestId: null; readonly refusal: null }
  | {
      /** `confirmed`: the call's log shows that it did what it does. */
      readonly status: 'sending' | 'confirmed'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
    }
  | {
      /** Telnyx took it. */
      readonly status: 'accepted'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
      /** No event has confirmed it for `confirmAfterMs`. It may have been lost: look at the call. */
      readonly isOverdue: boolean
    }
  | {
      readonly status: 'refused'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: CommandRefusal
    }
  | {
      /** No answer came: it may or may not have run. An event settles it, or a retry under the same id. */
      readonly status: 'unknown'
      readonly name: CommandName
      readonly requestId: string
      readonly refusal: null
    }

/** What is remembered of a command: what was sent, and the answer to it. */
export interface SentCommand {
  readonly name: CommandName
  readonly body: Readonly<Record<string, unknown>>
  readonly requestId: string
  readonly mask?: Mask | undefined
  readonly replace?: boolean | undefined
  /** The id under which the log knows it. */
  readonly commandId: string
  /** The gather, or the conversation, that a stop is meant for. */
  readonly targetId: string | null
  readonly answer: 'none' | 'accepted' | 'unknown' | GatherError
  /** The time to confirm it has passed since the answer. */
  readonly isOverdue?: boolean
}

/** What the call's log says of a command. */
export type LoggedOutcome = 'confirmed' | 'accepted' | 'unknown' | (TelnyxError & { readonly status: number }) | null

const idleProgress: CommandProgress = { status: 'idle', name: null, requestId: null, refusal: null }

/** The two put together. */
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

/** What a stop is meant for: that which runs when it is given. */
export function targetOf(name: CommandName, state: CallState): string | null {
  if (name === 'gather_stop') return selectGather(state)?.id ?? null
  if (name === 'ai_assistant_stop') return selectConversation(state)?.id ?? null
  return null
}

/** What the call's log says of a command that was given. */
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
 * Telnyx sends no word that a gather or an assistant has begun, so its acceptance in the call's log is what confirms a
 * start. A stop is confirmed when that which it was to stop has ended.
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
