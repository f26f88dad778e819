/**
 * Whether a gather is running on a call, so that a second one is refused instead of talking over the first.
 *
 * Telnyx does not say, and its events may be lost, so this is a judgement that must not lock an agent out: a gather
 * whose end never came stops counting once its own timeouts and a grace have passed since it last did anything.
 * Assistants are left to Telnyx: it refuses a second one itself (90061), they have no timeout from which their end could
 * be derived, and digits may be collected while one talks.
 */
import {
  type CallState,
  type CommandName,
  type GatherName,
  type GatherState,
  isGather,
  limits,
  readDigitRules,
  selectCallEndedAt,
} from '@callgather/protocol'
import { COMMAND_WINDOW_MS } from '../telnyx/commands.ts'

/** A gather that is running, as far as anyone can tell. */
export interface RunningGather {
  /** Its `command_id`. */
  readonly id: string
  readonly command: GatherName
  /** The subject that started it. */
  readonly subject: string | undefined
  /** Telnyx has not answered its command yet. */
  readonly isStarting: boolean
}

/** How long webhooks may be late, in milliseconds. */
const WEBHOOK_GRACE_MS = 30_000
/** The longest an AI gather is silent between two events, in milliseconds, beyond the wait for the caller's answer. */
const MAX_AI_TURN_MS = 5 * 60_000
/** The longest prompt from a file, in milliseconds. */
const MAX_AUDIO_PROMPT_MS = 5 * 60_000
/** How long one character takes to be spoken slowly, in milliseconds. */
const CHARACTER_MS = 100

/** The gather that is running at a moment by our clock; `null` when another may start. */
export function runningGather(state: CallState, now: number): RunningGather | null {
  if (selectCallEndedAt(state) !== null) return null
  const gathers = [...state.gathers].filter(({ command }) => isGather(command?.request?.command))
  gathers.sort((one, other) => (startOf(one) < startOf(other) ? 1 : -1))
  for (const gather of gathers) {
    const { command } = gather
    const name = command?.request?.command
    if (!command?.request || !isGather(name) || command.outcome?.status === 'refused') continue
    // One gather at a time: whatever became of this one, it has cancelled those before it.
    if (gather.ended) return null
    if (isStopped(state, gather) || now > deadlineOf(state, gather, name)) {
      if (command.outcome?.status === 'accepted') return null
      continue
    }
    const isStarting = !command.outcome && now - Date.parse(command.request.at) < COMMAND_WINDOW_MS
    return { id: gather.id, command: name, subject: command.request.subject, isStarting }
  }
  return null
}

const startOf = ({ command }: GatherState) => command?.request?.stamp ?? ''

/** What ends a gather. An AI gather is a conversation; that `gather_stop` would end it is documented nowhere. */
export const stopOf = (command: GatherName): CommandName =>
  command === 'gather_using_ai' ? 'ai_assistant_stop' : 'gather_stop'

/** Whether Telnyx accepted a stop of this gather; its `ended` may come later, or never. */
function isStopped(state: CallState, gather: GatherState): boolean {
  const begun = gather.command?.request
  const name = begun?.command
  if (!begun || !isGather(name)) return false
  const stop = stopOf(name)
  for (const { request, outcome } of state.commands) {
    if (request?.command !== stop || outcome?.status !== 'accepted') continue
    // By time alone: a stop that makes way for a gather is logged in the same moment as that gather.
    if (request.at > begun.at) return true
  }
  return name === 'gather_using_ai' && (state.conversations.get(gather.id)?.ended ?? null) !== null
}

/** When a gather must be over, by its own timeouts, even if its end was lost. */
function deadlineOf(state: CallState, gather: GatherState, name: GatherName): number {
  const body = gather.command?.request?.body ?? {}
  const events = [gather.keys.at(-1)?.at, gather.plays.at(-1)?.at, gather.partial?.at]
  const heard = [...events, state.conversations.get(gather.id)?.messages.at(-1)?.at, gather.command?.request?.at]
  const last = Math.max(...heard.flatMap((at) => (at === undefined ? [] : [Date.parse(at)])))
  return last + longestSilence(name, body) + WEBHOOK_GRACE_MS
}

function longestSilence(name: GatherName, body: Readonly<Record<string, unknown>>): number {
  if (name === 'gather_using_ai') {
    const wait = body.user_response_timeout_ms
    return MAX_AI_TURN_MS + (typeof wait === 'number' ? wait : limits.user_response_timeout_ms.default)
  }
  const { maxAttempts, firstDigitTimeoutMs, interDigitTimeoutMs } = readDigitRules(name, body)
  if (name === 'gather') {
    const whole = body.timeout_millis
    return typeof whole === 'number' ? whole : limits.timeout_millis.default
  }
  return maxAttempts * (promptMillis(name, body) + firstDigitTimeoutMs) + interDigitTimeoutMs
}

function promptMillis(name: GatherName, body: Readonly<Record<string, unknown>>): number {
  if (name === 'gather_using_audio') return MAX_AUDIO_PROMPT_MS
  const texts = [body.payload, body.invalid_payload].filter((text) => typeof text === 'string')
  return texts.reduce((sum, text) => sum + text.length * CHARACTER_MS, 0)
}
