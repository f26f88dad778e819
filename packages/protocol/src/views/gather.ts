/** The gather that runs, its digits or fields so far, and how it ended. Derived from the state, and never stored. */
import type { Mask } from '../base/mask.ts'
import type { CallState, GatherState, KeyEntry } from '../call-state/call-state.ts'
import { type GatherName, isDigitGather } from '../commands/command-name.ts'
import { type DigitRules, type KeyPress, readDigitRules, readKeys } from './digits.ts'
import { type FieldState, fieldStates } from './fields.ts'
import { type GatherStatus, type Refusal, refusalOf, selectCallEndedAt, statusOf } from './status.ts'

/** The fields that both kinds of gather have. */
export interface GatherBase {
  /** The gather's `command_id`. */
  readonly id: string
  readonly status: GatherStatus
  /** The command that began it; `null` if it was not given through us. */
  readonly command: GatherName | null
  /** The body of that command, as it was sent. */
  readonly body: Readonly<Record<string, unknown>>
  readonly requestedBy?: string | undefined
  readonly requestedAt: string | null
  readonly acceptedAt: string | null
  readonly endedAt: string | null
  /** How it ended, in Telnyx's words: `valid`, `invalid`, `timeout`, `cancelled`, `call_hangup`, … An open list. */
  readonly outcome: string | null
  /** Why Telnyx refused it. */
  readonly refusal: Refusal | null
  /** What is masked of the input; absent when nothing is. */
  readonly mask?: Mask | undefined
  /** Whether the server's `onSensitive` took the masked value; absent where there was nothing to deliver. */
  readonly delivery?: 'delivered' | 'failed' | undefined
}

/** A gather of keys. */
export interface DigitGather extends GatherBase {
  readonly kind: 'digits'
  readonly rules: DigitRules
  /** The keys of the attempt that runs, or ran last. */
  readonly keys: readonly KeyPress[]
  /** The digits of that attempt, `•` for a hidden one; those Telnyx reported once it has ended. */
  readonly digits: string
  /** How many digits that is; known even where the digits are hidden. */
  readonly digitCount: number
  /** Which attempt runs, from 1. */
  readonly attempt: number
  readonly prompt: Prompt
  /** What the caller's time is running out for, and from when; `null` when nothing is waited for. */
  readonly runningTimeout: RunningTimeout | null
}

/** What is said or played to the caller. */
export interface Prompt {
  readonly text: string | null
  readonly media: string | null
  /** Whether it plays now; `null` where Telnyx does not say. */
  readonly playing: boolean | null
}

/** A running timeout. The browser's clock is not the server's: show it as "about". */
export interface RunningTimeout {
  readonly for: 'first_digit' | 'next_digit'
  readonly since: string
  readonly durationMs: number
}

/** A gather of fields by conversation. */
export interface AIGather extends GatherBase {
  readonly kind: 'fields'
  readonly fields: readonly FieldState[]
  /** How many required fields are in, of how many. */
  readonly progress: { readonly done: number; readonly of: number }
  /** The final result, as Telnyx sent it; not yet checked against the schema. */
  readonly result: Readonly<Record<string, unknown>> | null
}

/** A gather of either kind. */
export type Gather = DigitGather | AIGather

/** A gather by id; by default the latest. */
export function selectGather(state: CallState, id?: string): Gather | null {
  const wanted = id ?? latestGatherId(state)
  const gather = wanted === null ? undefined : state.gathers.get(wanted)
  return gather ? viewGather(gather, endFromOutside(state, gather)) : null
}

function latestGatherId(state: CallState): string | null {
  const { latestGather, latestGatherEnd } = state
  if (!latestGatherEnd) return latestGather?.id ?? null
  const unasked = !state.gathers.get(latestGatherEnd.gatherId)?.command?.request
  const last = !latestGather || latestGatherEnd.stamp > latestGather.stamp
  return unasked && last ? latestGatherEnd.gatherId : (latestGather?.id ?? null)
}

/** What ends a gather whose own end has not been seen: the call is over, or another gather took its place. */
interface End {
  readonly at: string
  readonly outcome: string
}

function endFromOutside(state: CallState, gather: GatherState): End | null {
  if (gather.ended) return null
  const ended = selectCallEndedAt(state)
  if (ended !== null) return { at: ended, outcome: 'call_hangup' }
  const { latestGather } = state
  const began = gather.command?.request?.stamp
  if (!latestGather || began === undefined || latestGather.stamp <= began) return null
  const successor = state.commands.get(latestGather.id)
  // One gather at a time per call leg: the next one that Telnyx accepts cancels this one.
  return successor?.outcome?.status === 'accepted' ? { at: successor.outcome.at, outcome: 'cancelled' } : null
}

function viewGather(gather: GatherState, end: End | null): Gather {
  const isFields =
    gather.command?.request?.command === 'gather_using_ai' || gather.partial || gather.ended?.gathered === 'fields'
  return isFields ? viewAIGather(gather, end) : viewDigitGather(gather, end)
}

function viewCommon(gather: GatherState, end: End | null, evidence: boolean): GatherBase {
  const request = gather.command?.request ?? null
  const outcome = gather.command?.outcome ?? null
  const command = (request?.command ?? null) as GatherName | null
  return {
    id: gather.id,
    status: gather.ended ? 'ended' : statusOf(gather.command, end !== null, evidence),
    command,
    body: request?.body ?? {},
    requestedBy: request?.subject,
    requestedAt: request?.at ?? null,
    acceptedAt: outcome?.status === 'accepted' ? outcome.at : null,
    endedAt: gather.ended?.at ?? end?.at ?? null,
    outcome: gather.ended?.status ?? end?.outcome ?? null,
    refusal: refusalOf(gather.command),
    mask: request?.mask,
    ...(gather.ended?.delivered === undefined ? {} : { delivery: gather.ended.delivered ? 'delivered' : 'failed' }),
  }
}

function viewDigitGather(gather: GatherState, end: End | null): DigitGather {
  const common = viewCommon(gather, end, gather.keys.size > 0 || gather.plays.size > 0)
  const rules = readDigitRules(common.command, common.body)
  const upTo = gather.ended?.stamp ?? null
  const keys: KeyEntry[] = []
  for (const key of gather.keys) if (upTo === null || key.stamp < upTo) keys.push(key)
  const read = readKeys(keys, rules)
  const digits = endDigits(gather.ended) ?? read.digits
  const promptPlays = [...gather.plays].filter(
    (play) => play.edge === 'started' && !isInvalidPrompt(play.media, common.body),
  )
  return {
    kind: 'digits',
    ...common,
    rules,
    keys: read.keys,
    digits,
    digitCount: gather.ended?.digitCount ?? digits.length,
    attempt: Math.max(1, read.attempt, promptPlays.length),
    prompt: promptOf(gather, common),
    runningTimeout: common.status === 'collecting' ? waitingOf(gather, common, rules, read.keys) : null,
  }
}

/** The digits as the end of a gather gives them; `null` where it says nothing of them. */
function endDigits(ended: GatherState['ended']): string | null {
  if (!ended) return null
  return ended.digits ?? (ended.digitCount === undefined ? null : hidden(ended.digitCount, ended.last4))
}

/** Stands for a digit that policy hides. */
export const HIDDEN_DIGIT = '•'

const hidden = (count: number, last4 = '') => HIDDEN_DIGIT.repeat(Math.max(0, count - last4.length)) + last4

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null)

const isInvalidPrompt = (media: string | undefined, body: Readonly<Record<string, unknown>>) =>
  media !== undefined && (media === body.invalid_audio_url || media === body.invalid_media_name)

function promptOf(gather: GatherState, { body, status }: GatherBase): Prompt {
  const last = gather.plays.at(-1)
  return {
    text: textOf(body.payload),
    media: textOf(body.media_name) ?? textOf(body.audio_url),
    playing: status === 'ended' || status === 'refused' ? false : last ? last.edge === 'started' : null,
  }
}

function waitingOf(
  gather: GatherState,
  common: GatherBase,
  rules: DigitRules,
  keys: readonly KeyPress[],
): RunningTimeout | null {
  const last = keys.at(-1)
  if (last?.role === 'terminator' || keys.length >= rules.maxDigits) return null
  if (last) return { for: 'next_digit', since: last.at, durationMs: rules.interDigitTimeoutMs }
  if (common.command === 'gather') {
    return common.acceptedAt
      ? { for: 'first_digit', since: common.acceptedAt, durationMs: rules.firstDigitTimeoutMs }
      : null
  }
  // A prompted gather waits from the end of its prompt; unless Telnyx says when that is, nothing can be shown.
  const play = gather.plays.at(-1)
  return play?.edge === 'ended' ? { for: 'first_digit', since: play.at, durationMs: rules.firstDigitTimeoutMs } : null
}

function viewAIGather(gather: GatherState, end: End | null): AIGather {
  const common = viewCommon(gather, end, gather.partial !== null)
  const result = gather.ended?.result ?? null
  // A result that is not `valid` is the best that was heard, not an answer.
  const confirmed = gather.ended?.status === 'valid' ? result : null
  const fields = fieldStates(common.body.parameters, { ...gather.partial?.results, ...result }, confirmed)
  const required = fields.filter((field) => field.required)
  const counted = required.length > 0 ? required : fields
  const progress = { done: counted.filter((field) => field.status !== 'missing').length, of: counted.length }
  return { kind: 'fields', ...common, fields, progress, result }
}

/** Keys pressed while no gather was listening, newest last; at most `limit` of them. */
export function selectStrayKeys(state: CallState, limit = 32): KeyEntry[] {
  const strays: KeyEntry[] = []
  for (const key of state.keys.reversed()) {
    if (strays.length >= limit) break
    if (isStrayKey(state, key)) strays.push(key)
  }
  return strays.reverse()
}

/** Whether a key was pressed while no gather was listening. */
export function isStrayKey(state: CallState, key: KeyEntry): boolean {
  if (key.gatherId === null) return true
  const gather = state.gathers.get(key.gatherId)
  if (!gather) return true
  if (gather.command?.request && !isDigitGather(gather.command.request.command)) return true
  return gather.ended !== null && key.stamp > gather.ended.stamp
}
