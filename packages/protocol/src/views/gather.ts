/** The view of a gather: its digits or fields so far, and its outcome. Derived from the call state, never stored. */
import type { Mask } from '../base/mask.ts'
import type { CallState, GatherState, KeyEntry } from '../call-state/call-state.ts'
import type { GatherName } from '../commands/command-name.ts'
import { type DigitAttempt, type DigitRules, faultOf, type KeyPress, type Rejection, readKeys } from './digits.ts'
import { type FieldState, fieldStates } from './fields.ts'
import { type GatherStatus, latestOf, type Refusal, refusalOf, selectCallEndedAt, statusOf } from './status.ts'
import { claimedKeys, keysBeforeEnd, rulesOf } from './stray-keys.ts'

/** The fields that both kinds of gather have. */
export interface GatherBase {
  /** The gather's `command_id`; the id of its ending event if it was not started through CallGather. */
  readonly id: string
  /** The status of the gather. */
  readonly status: GatherStatus
  /** The command that started this gather; `null` if it was not started through CallGather. */
  readonly command: GatherName | null
  /** The body of that command as it was sent to Telnyx. */
  readonly body: Readonly<Record<string, unknown>>
  /** What the gather asks for, in the words of its agent, such as `Account number`; `null` without a label. */
  readonly label: string | null
  /** The subject of the ticket that authorised the command; absent if it was not started by an agent. */
  readonly requestedBy?: string | undefined
  /** When the command was sent to Telnyx: ISO 8601, UTC; `null` if it was not started through CallGather. */
  readonly requestedAt: string | null
  /** When Telnyx accepted the command: ISO 8601, UTC; `null` if it has not. */
  readonly acceptedAt: string | null
  /** When the gather ended: ISO 8601, UTC; `null` while it runs. */
  readonly endedAt: string | null
  /** How the gather ended: Telnyx's `valid`, `invalid`, `timeout`, `cancelled`, `call_hangup`, … An open list. */
  readonly outcome: string | null
  /** Why Telnyx refused the gather; `null` if it did not. */
  readonly refusal: Refusal | null
  /** The mask of the caller's input; absent when the input is not masked. */
  readonly mask?: Mask | undefined
  /** Whether the server's `onSensitive` received the masked value; absent when there was no value to deliver. */
  readonly delivery?: 'delivered' | 'failed' | undefined
}

/** A gather of keys. */
export interface DigitGather extends GatherBase {
  readonly kind: 'digits'
  /** What the gather accepts; `null` if it was not started through CallGather, because then its rules are unknown. */
  readonly rules: DigitRules | null
  /** The keys of the current attempt, or of the last attempt once the gather has ended. */
  readonly keys: readonly KeyPress[]
  /** The digits of that attempt; a masked digit is `•`. Once the gather has ended, the digits that Telnyx reported. */
  readonly digits: string
  /** The number of digits; also known when the mask is `digits`. */
  readonly digitCount: number
  /**
   * The number of the current attempt, from 1; `null` while it is unknown. Telnyx reports no attempts, so a later one
   * is inferred from a repeated prompt or from an entry that was finished.
   */
  readonly attempt: number | null
  /** Why the entry in `keys` was rejected; `null` while it is unfinished, and when it fits or Telnyx accepted it. */
  readonly rejected: Rejection | null
  /** What is played to the caller before input. */
  readonly prompt: Prompt
  /** The timeout that is running for the caller's next key; `null` when none is running. */
  readonly runningTimeout: RunningTimeout | null
}

/** The text or audio file that is played to the caller before input. */
export interface Prompt {
  /** The text that is spoken; `null` if there is none, or if it is masked. */
  readonly text: string | null
  /** The URL or name of the audio file; `null` if there is none. */
  readonly media: string | null
  /** Whether the prompt is playing now; `null` when Telnyx has not reported it. */
  readonly playing: boolean | null
}

/** A running timeout. The browser's clock may differ from the server's, so show the remaining time as approximate. */
export interface RunningTimeout {
  /** The key that the timeout waits for. */
  readonly for: 'first_digit' | 'next_digit'
  /** When the timeout started: ISO 8601, UTC. */
  readonly since: string
  /** The length of the timeout. */
  readonly durationMs: number
}

/** An AI gather: an assistant asks the caller for the fields of a JSON Schema. */
export interface AIGather extends GatherBase {
  readonly kind: 'fields'
  /** The requested fields, with their values so far. */
  readonly fields: readonly FieldState[]
  /** How many required fields have a value, and how many there are. All fields count when no field is required. */
  readonly progress: { readonly done: number; readonly of: number }
  /** The final result as Telnyx sent it; not validated against the gather's schema. */
  readonly result: Readonly<Record<string, unknown>> | null
}

/** A digit gather or an AI gather, discriminated by `kind`. */
export type Gather = DigitGather | AIGather

/** Returns the gather with this id, or the latest gather of the call without an id. `null` if there is none. */
export function selectGather(state: CallState, id?: string): Gather | null {
  const wanted = id ?? latestGatherId(state)
  const gather = wanted === null ? undefined : state.gathers.get(wanted)
  return gather ? viewGather(state, gather) : null
}

function latestGatherId(state: CallState): string | null {
  const { latestGatherEnd } = state
  const latest = latestOf(state.latestGather, state.gathers)
  if (!latestGatherEnd) return latest?.id ?? null
  const unasked = !state.gathers.get(latestGatherEnd.gatherId)?.command?.request
  const last = !latest || latestGatherEnd.stamp > latest.stamp
  return unasked && last ? latestGatherEnd.gatherId : (latest?.id ?? null)
}

/** The end of a gather without an ending event of its own: the call ended, or a later gather replaced it. */
interface End {
  readonly at: string
  readonly outcome: string
}

function endFromOutside(state: CallState, gather: GatherState): End | null {
  if (gather.ended) return null
  const ended = selectCallEndedAt(state)
  if (ended !== null) return { at: ended, outcome: 'call_hangup' }
  const latest = latestOf(state.latestGather, state.gathers)
  const began = gather.command?.request?.stamp
  if (!latest || began === undefined || latest.stamp <= began) return null
  const successor = state.commands.get(latest.id)
  // Telnyx runs one gather per call leg: when it accepts the next gather, it cancels this one.
  return successor?.outcome?.status === 'accepted' ? { at: successor.outcome.at, outcome: 'cancelled' } : null
}

function viewGather(state: CallState, gather: GatherState): Gather {
  const end = endFromOutside(state, gather)
  const isFields =
    gather.command?.request?.command === 'gather_using_ai' || gather.partial || gather.ended?.gathered === 'fields'
  return isFields ? viewAIGather(gather, end) : viewDigitGather(state, gather, end)
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
    label: request?.label ?? null,
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

function viewDigitGather(state: CallState, gather: GatherState, end: End | null): DigitGather {
  const common = viewCommon(gather, end, gather.keys.size > 0 || gather.plays.size > 0)
  const rules = rulesOf(gather)
  const claimed = claimedKeys(state, gather)
  const keys = [...claimed, ...keysBeforeEnd(gather)].sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
  const read = rules ? readKeys(keys, rules) : withoutRules(keys)
  const digits = endDigits(gather.ended) ?? read.digits
  const prompts = [...gather.plays].filter((play) => play.edge === 'started')
  const asked = prompts.filter((play) => !isInvalidPrompt(play.media, common.body)).length
  const lastKey = keys.at(-1)
  // Telnyx plays a prompt again only after an entry that it did not accept, or after none.
  const isAskedAgain = prompts.length > 1 && lastKey !== undefined && (prompts.at(-1)?.stamp ?? '') > lastKey.stamp
  const fault = rules && (isAskedAgain || common.outcome === 'timeout' || common.outcome === 'invalid')
  const rejected =
    read.rejected ?? (fault && lastKey ? (faultOf(read.keys, read.digits.length, rules) ?? 'not_accepted') : null)
  const attempt = Math.min(rules?.maxAttempts ?? 1, Math.max(read.attempt, asked))
  return {
    kind: 'digits',
    ...common,
    rules,
    keys: read.keys,
    digits,
    digitCount: gather.ended?.digitCount ?? digits.length,
    attempt: rules && (rules.maxAttempts === 1 || attempt > 1 || asked > 0) ? attempt : null,
    rejected: common.outcome === 'valid' ? null : rejected,
    prompt: promptOf(gather, common),
    runningTimeout:
      common.status === 'collecting' && rules ? waitingOf(gather, common, rules, read, isAskedAgain) : null,
  }
}

/** The keys of a gather whose rules are unknown, so that none of them ends or breaks an entry. */
const withoutRules = (entries: readonly KeyEntry[]): DigitAttempt => ({
  attempt: 1,
  keys: entries.map(({ id, at, digit }) => ({ id, at, digit, role: 'digit' })),
  digits: entries.map(({ digit }) => digit ?? HIDDEN_DIGIT).join(''),
  rejected: null,
})

/** Returns the digits from the ending event of a gather; `null` if the event has neither digits nor their number. */
function endDigits(ended: GatherState['ended']): string | null {
  if (!ended) return null
  return ended.digits ?? (ended.digitCount === undefined ? null : hidden(ended.digitCount, ended.last4))
}

/** The character that stands for a masked digit. */
export const HIDDEN_DIGIT = '•'

const hidden = (count: number, last4 = '') => HIDDEN_DIGIT.repeat(Math.max(0, count - last4.length)) + last4

/** Returns a text; `null` if it is empty, or consists of hidden characters and so says nothing. */
const textOf = (value: unknown) => (typeof value === 'string' && value.replaceAll(HIDDEN_DIGIT, '') ? value : null)

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
  { keys }: DigitAttempt,
  isAskedAgain: boolean,
): RunningTimeout | null {
  const last = isAskedAgain ? undefined : keys.at(-1)
  if (last?.role === 'terminator' || (last && keys.length >= rules.maxDigits)) return null
  if (last) return { for: 'next_digit', since: last.at, durationMs: rules.interDigitTimeoutMs }
  if (common.command === 'gather') {
    return common.acceptedAt
      ? { for: 'first_digit', since: common.acceptedAt, durationMs: rules.firstDigitTimeoutMs }
      : null
  }
  // The first-digit timeout of a prompted gather starts at the end of its prompt, which Telnyx may not report.
  const play = gather.plays.at(-1)
  return play?.edge === 'ended' ? { for: 'first_digit', since: play.at, durationMs: rules.firstDigitTimeoutMs } : null
}

function viewAIGather(gather: GatherState, end: End | null): AIGather {
  const common = viewCommon(gather, end, gather.partial !== null)
  const result = gather.ended?.result ?? null
  // When the status is not `valid`, the result holds unconfirmed values.
  const confirmed = gather.ended?.status === 'valid' ? result : null
  const fields = fieldStates(common.body.parameters, { ...gather.partial?.results, ...result }, confirmed)
  const required = fields.filter((field) => field.required)
  const counted = required.length > 0 ? required : fields
  const progress = { done: counted.filter((field) => field.status !== 'missing').length, of: counted.length }
  return { kind: 'fields', ...common, fields, progress, result }
}
