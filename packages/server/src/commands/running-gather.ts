/**
 * Whether a gather is running on a call, so that a second gather is refused instead of talking over the first.
 *
 * Telnyx does not report this, and its events may be lost. A gather whose end is missing counts as over once its timeouts
 * and a grace period have passed since its last event. Telnyx itself refuses a second assistant (90061).
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

/** A gather that appears to be running. */
export interface RunningGather {
  /** The `command_id` of the gather. */
  readonly id: string
  readonly command: GatherName
  /** The subject that started the gather. */
  readonly subject: string | undefined
  /** Whether Telnyx has not answered the gather's command yet. */
  readonly isStarting: boolean
}

/** How late the webhook that ends a gather may arrive. */
const WEBHOOK_GRACE_MS = 30_000
/** How long an AI gather may send no event, beyond the wait for the caller's answer. */
const MAX_AI_TURN_MS = 5 * 60_000
/** The assumed length of an audio prompt. */
const MAX_AUDIO_PROMPT_MS = 5 * 60_000
/** The time to speak one character slowly. */
const CHARACTER_MS = 100

/** Returns the running gather of a call; `null` when a gather may start. `now` is our clock, in milliseconds. */
export function runningGather(state: CallState, now: number): RunningGather | null {
  if (selectCallEndedAt(state) !== null) return null
  const gathers = [...state.gathers].filter(({ command }) => isGather(command?.request?.command))
  gathers.sort((one, other) => (startOf(one) < startOf(other) ? 1 : -1))
  for (const gather of gathers) {
    const { command } = gather
    const name = command?.request?.command
    if (!command?.request || !isGather(name) || command.outcome?.status === 'refused') continue
    // Telnyx runs one gather at a time, so this one has cancelled all earlier ones.
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

/** Returns the command that ends a gather. Telnyx does not document that `gather_stop` ends an AI gather. */
export const stopOf = (command: GatherName): CommandName =>
  command === 'gather_using_ai' ? 'ai_assistant_stop' : 'gather_stop'

/** Whether Telnyx accepted a stop command for this gather, whose end event may be late or lost. */
function isStopped(state: CallState, gather: GatherState): boolean {
  const begun = gather.command?.request
  const name = begun?.command
  if (!begun || !isGather(name)) return false
  const stop = stopOf(name)
  for (const { request, outcome } of state.commands) {
    if (request?.command !== stop || outcome?.status !== 'accepted') continue
    // The stop must be strictly later: the stop for a replacement is logged at the same time as the new gather.
    if (request.at > begun.at) return true
  }
  return name === 'gather_using_ai' && (state.conversations.get(gather.id)?.ended ?? null) !== null
}

/** Returns when a gather must be over according to its own timeouts, even if its end event was lost. */
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
