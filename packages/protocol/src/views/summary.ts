/** The summary of a call for a list of calls. Derived from the call state, never stored. */
import { limits } from '../base/limits.ts'
import type { Mask } from '../base/mask.ts'
import type { CallState } from '../call-state/call-state.ts'
import { selectConversation } from './conversation.ts'
import { type AIGather, type DigitGather, type RunningTimeout, selectGather } from './gather.ts'
import {
  type CallPhase,
  type GatherStatus,
  type HungUpBy,
  selectCallEndedAt,
  selectCallPhase,
  selectHungUpBy,
} from './status.ts'

/** The summary of a call, shown as a row in a list of calls. It is masked as the events of the call are. */
export interface CallSummary {
  /** Telnyx's `call_control_id`. */
  readonly callId: string
  /** The phase of the call. */
  readonly phase: CallPhase
  /** The caller's number or SIP address; `null` if unknown. */
  readonly from: string | null
  /** The called number or SIP address; `null` if unknown. */
  readonly to: string | null
  /** Telnyx's `direction`: `incoming` or `outgoing`; `null` if unknown. */
  readonly direction: string | null
  /** The caller's name from the caller ID; absent when there is none. The caller can choose it, so don't trust it. */
  readonly callerName?: string
  /** When the call started: ISO 8601, UTC; `null` if unknown. */
  readonly startedAt: string | null
  /** When the call was answered: ISO 8601, UTC; `null` if it was not answered. */
  readonly answeredAt: string | null
  /** When the call ended: ISO 8601, UTC; `null` during the call. */
  readonly endedAt: string | null
  /** Which party hung up; absent during the call, and when Telnyx did not report it. */
  readonly hungUpBy?: HungUpBy
  /** The gather or assistant that runs on the call, or ran last; `null` if there was none. */
  readonly activity: Activity | null
  /** The latest command, if Telnyx refused it. Absent again as soon as another command is sent. */
  readonly rejected?: RejectedCommand
}

/** A command that Telnyx refused, with Telnyx's error. */
export interface RejectedCommand {
  /** The name of the command, such as `gather_stop`. */
  readonly command: string
  /** Telnyx's error code, a string of digits. */
  readonly code: string
  /** Telnyx's title of the error. */
  readonly title: string
}

/** What runs on a call: a gather or an assistant. */
export type Activity = DigitActivity | FieldActivity | AssistantActivity

/** The progress of a gather of keys. */
export interface DigitActivity {
  readonly kind: 'digits'
  /** The status of the gather. */
  readonly status: GatherStatus
  /** How the gather ended: Telnyx's status, such as `valid`; `null` while it runs. */
  readonly outcome: string | null
  /** What the gather asks for: its label, or the start of its prompt. Absent without both, or if they are masked. */
  readonly label?: string
  /** The number of digits so far. */
  readonly count: number
  /** The minimum number of digits. Absent for a gather of another client, and from a server before this field. */
  readonly min?: number
  /** The maximum number of digits; for a gather of another client, Telnyx's limit. */
  readonly max: number
  /** The digits so far; a masked digit is `•`. At most the last 32. */
  readonly digits?: string
  /** The mask of the digits; absent when they are not masked. */
  readonly mask?: Mask
  /** The current attempt, from 1, and the maximum; absent when there is only one, or Telnyx does not report prompts. */
  readonly attempt?: { readonly number: number; readonly of: number }
  /** When the last key arrived; before the first key, when the gather started. ISO 8601, UTC. */
  readonly at?: string
  /** The timeout that is running for the next key; absent when none is running. */
  readonly timeout?: RunningTimeout
}

/** The progress of an AI gather. */
export interface FieldActivity {
  readonly kind: 'fields'
  /** The status of the gather. */
  readonly status: GatherStatus
  /** How the gather ended: Telnyx's status, such as `valid`; `null` while it runs. */
  readonly outcome: string | null
  /** What the gather asks for, in the words of its agent; absent without a label. */
  readonly label?: string
  /** How many required fields have a value, and how many there are. All fields count when no field is required. */
  readonly done: number
  /** The number of required fields; of all fields when none is required. */
  readonly of: number
  /** The fields with a value, at most four, the value as text. */
  readonly fields?: readonly { readonly label: string; readonly value: string }[]
  /** The mask of the fields; absent when they are not masked. */
  readonly mask?: Mask
  /** When the last value or message arrived; before the first, when the gather started. ISO 8601, UTC. */
  readonly at?: string
}

/** The progress of an assistant's conversation. */
export interface AssistantActivity {
  readonly kind: 'assistant'
  /** The status of the conversation. */
  readonly status: GatherStatus
  /** The number of messages so far. */
  readonly messages: number
  /** When the last message arrived; before the first, when the conversation started. ISO 8601, UTC. */
  readonly at?: string
}

/** Limits that keep a summary small, because a list holds hundreds and each key publishes one. */
const MAX_LABEL_LENGTH = 80
const MAX_DIGITS = 32
const MAX_FIELDS = 4
const MAX_VALUE_LENGTH = 60

/** Returns the summary of a call for a list of calls. */
export function selectCallSummary(state: CallState): CallSummary {
  const hungUpBy = selectHungUpBy(state)
  const callerName = state.initiated?.callerName?.trim()
  const rejected = rejectedCommandOf(state)
  return {
    callId: state.callId,
    phase: selectCallPhase(state),
    from: state.parties?.from ?? null,
    to: state.parties?.to ?? null,
    direction: state.initiated?.direction ?? null,
    ...(callerName ? { callerName: shorten(callerName, MAX_LABEL_LENGTH) } : {}),
    startedAt: state.initiated?.at ?? state.timeline.at(0)?.at ?? null,
    answeredAt: state.answered?.at ?? null,
    endedAt: selectCallEndedAt(state),
    ...(hungUpBy ? { hungUpBy } : {}),
    activity: activityOf(state),
    ...(rejected ? { rejected } : {}),
  }
}

function rejectedCommandOf({ latestCommand, commands }: CallState): RejectedCommand | null {
  const { request, outcome } = (latestCommand && commands.get(latestCommand.id)) ?? {}
  if (!request || outcome?.status !== 'refused') return null
  return { command: request.command, code: outcome.code, title: shorten(outcome.title, MAX_LABEL_LENGTH) }
}

function activityOf(state: CallState): Activity | null {
  const gather = selectGather(state)
  const conversation = selectConversation(state)
  const assistant: AssistantActivity | null =
    conversation && conversation.command !== 'gather_using_ai'
      ? {
          kind: 'assistant',
          status: conversation.status,
          messages: conversation.length,
          ...defined('at', conversation.lastMessage?.at ?? conversation.startedAt),
        }
      : null
  if (!gather) return assistant
  if (assistant?.status === 'collecting' && gather.status !== 'collecting') return assistant
  return gather.kind === 'digits'
    ? digitActivity(gather)
    : fieldActivity(gather, selectConversation(state, gather.id)?.lastMessage?.at ?? null)
}

function digitActivity(gather: DigitGather): DigitActivity {
  const { status, outcome, rules, prompt, digits, keys, mask, attempt, runningTimeout } = gather
  const attempts = status === 'collecting' && rules && rules.maxAttempts > 1 ? attempt : null
  const label = gather.label ?? (gather.body.payload_type === 'ssml' ? null : prompt.text)
  return {
    kind: 'digits',
    status,
    outcome,
    ...defined('label', label === null ? null : shorten(label, MAX_LABEL_LENGTH)),
    count: gather.digitCount,
    ...defined('min', rules?.minDigits),
    max: rules?.maxDigits ?? limits.maximum_digits.max,
    digits: digits.slice(-MAX_DIGITS),
    ...defined('mask', mask),
    ...(rules && attempts !== null ? { attempt: { number: attempts, of: rules.maxAttempts } } : {}),
    ...defined('at', gather.endedAt ?? keys.at(-1)?.at ?? gather.acceptedAt ?? gather.requestedAt),
    ...defined('timeout', runningTimeout),
  }
}

function fieldActivity(gather: AIGather, lastMessageAt: string | null): FieldActivity {
  const { status, outcome, label, progress, fields, mask } = gather
  const known = fields.filter((field) => field.status !== 'missing').slice(0, MAX_FIELDS)
  return {
    kind: 'fields',
    status,
    outcome,
    ...defined('label', label),
    ...progress,
    fields: known.map(({ label, value }) => ({
      label: shorten(label, MAX_LABEL_LENGTH),
      value: shorten(typeof value === 'string' ? value : JSON.stringify(value), MAX_VALUE_LENGTH),
    })),
    ...defined('mask', mask),
    ...defined('at', gather.endedAt ?? lastMessageAt ?? gather.acceptedAt ?? gather.requestedAt),
  }
}

/** Returns an object with one property, or without properties when the value is missing. */
const defined = <Key extends string, Value>(key: Key, value: Value | null | undefined): { [_ in Key]?: Value } =>
  value === null || value === undefined ? {} : ({ [key]: value } as { [_ in Key]: Value })

/** Shortens a text by whole code points. */
function shorten(text: string, max: number): string {
  const points = text.length > max ? [...text.slice(0, (max + 1) * 2)] : []
  return points.length > max ? `${points.slice(0, max - 1).join('')}…` : text
}
