/**
 * What a call's state means: the gather that runs, its digits so far, how it ended, who speaks. All derived, nothing
 * stored, and cached by the identity of what it is derived from, so that a view changes only when its facts do.
 */
import type { CallState, CommandState, ConversationState, GatherState, KeyEntry, MessageEntry } from './call-state.ts'
import { type ConversationName, type GatherName, isConversation, isDigitGather } from './command-name.ts'
import { type DigitRules, type KeyPress, readKeys, rulesOf } from './digits.ts'
import { type FieldState, fieldStates } from './fields.ts'
import type { Mask } from './mask.ts'

/** How far a call has come. */
export type CallPhase = 'unknown' | 'ringing' | 'answered' | 'ended'

/** How far a gather, or a conversation, has come. */
export type GatherStatus = 'requested' | 'collecting' | 'ended' | 'refused' | 'unknown'

/** Telnyx's words for why a command was refused. */
export interface Refusal {
  readonly httpStatus: number
  readonly code: string
  readonly title: string
  readonly detail?: string | undefined
}

/** The fields that both kinds of gather have. */
export interface GatherCommon {
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
export interface DigitGather extends GatherCommon {
  readonly kind: 'digits'
  readonly rules: DigitRules
  /** The keys of the attempt that runs, or ran last. */
  readonly keys: readonly KeyPress[]
  /** The digits of that attempt, `•` for a hidden one; those Telnyx reported once it has ended. */
  readonly digits: string
  /** How many digits that is; known even where the digits are hidden. */
  readonly count: number
  /** Which attempt runs, from 1. */
  readonly attempt: number
  readonly prompt: Prompt
  /** What the caller's time is running out for, and from when; `null` when nothing is waited for. */
  readonly waiting: Waiting | null
}

/** What is said or played to the caller. */
export interface Prompt {
  readonly text: string | null
  readonly media: string | null
  /** Whether it plays now; `null` where Telnyx does not say. */
  readonly playing: boolean | null
}

/** A running timeout. The browser's clock is not the server's: show it as "about". */
export interface Waiting {
  readonly for: 'first_digit' | 'next_digit'
  readonly since: string
  readonly millis: number
}

/** A gather of fields by conversation. */
export interface AIGather extends GatherCommon {
  readonly kind: 'fields'
  readonly fields: readonly FieldState[]
  /** How many required fields are in, of how many. */
  readonly progress: { readonly done: number; readonly of: number }
  /** The final result, as Telnyx sent it; not yet checked against the schema. */
  readonly result: Readonly<Record<string, unknown>> | null
}

/** A gather of either kind. */
export type Gather = DigitGather | AIGather

/** A conversation with an AI. */
export interface Conversation {
  readonly id: string
  readonly command: ConversationName | null
  readonly status: GatherStatus
  readonly conversationId: string | null
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly reason: string | null
  readonly refusal: Refusal | null
  readonly length: number
  readonly lastMessage: MessageEntry | null
}

/** One line of a list of calls. */
export interface CallSummary {
  readonly callId: string
  readonly phase: CallPhase
  readonly from: string | null
  readonly to: string | null
  readonly direction: string | null
  readonly startedAt: string | null
  readonly answeredAt: string | null
  readonly endedAt: string | null
  /** Who hung up; absent while the call is up, and where Telnyx does not say. */
  readonly hungUpBy?: HungUpBy
  /** What happens on the call now. */
  readonly activity: Activity | null
}

/** What a call is busy with. */
export type Activity =
  | {
      readonly kind: 'digits'
      readonly status: GatherStatus
      readonly outcome: string | null
      readonly count: number
      readonly max: number
    }
  | {
      readonly kind: 'fields'
      readonly status: GatherStatus
      readonly outcome: string | null
      readonly done: number
      readonly of: number
    }
  | { readonly kind: 'assistant'; readonly status: GatherStatus; readonly messages: number }

/** How far the call has come. */
export function callPhase(state: CallState): CallPhase {
  if (state.hangup || state.closed) return 'ended'
  if (state.answered) return 'answered'
  return state.initiated ? 'ringing' : 'unknown'
}

/**
 * Who hung up. `us`: our side, by the agent, the host's code or an assistant. `caller` placed the call, `callee` was
 * called.
 */
export type HungUpBy = 'us' | 'caller' | 'callee'

/** Telnyx names the legs by their part in the call. Which of them is ours follows from the direction, once it is known. */
export function readHungUpBy(source: unknown, direction: unknown): HungUpBy | null {
  if (source !== 'caller' && source !== 'callee') return null
  const ours = direction === 'incoming' ? 'callee' : direction === 'outgoing' ? 'caller' : null
  return source === ours ? 'us' : source
}

/** Who hung up; `null` while the call is up, and where Telnyx does not say. */
export const selectHungUpBy = (state: CallState): HungUpBy | null =>
  readHungUpBy(state.hangup?.source, state.initiated?.direction)

/** When the call ended, if it has. */
export const callEndedAt = (state: CallState): string | null => state.hangup?.at ?? state.closed?.at ?? null

/** A gather by id; by default the one that began last. */
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
  const ended = callEndedAt(state)
  if (ended !== null) return endOf(ended, 'call_hangup')
  const { latestGather } = state
  const began = gather.command?.request?.stamp
  if (!latestGather || began === undefined || latestGather.stamp <= began) return null
  const successor = state.commands.get(latestGather.id)
  // One gather at a time per call leg: the next one that Telnyx accepts cancels this one.
  return successor?.outcome?.status === 'accepted' ? endOf(successor.outcome.at, 'cancelled') : null
}

const ends = new Map<string, End>()

/** Ends are compared by identity below, so equal ones must be one object. Kept small: it is only a cache. */
function endOf(at: string, outcome: string): End {
  const key = `${at} ${outcome}`
  const known = ends.get(key)
  if (known) return known
  if (ends.size > 1000) ends.clear()
  const end = { at, outcome }
  ends.set(key, end)
  return end
}

const gatherViews = new WeakMap<GatherState, { end: End | null; view: Gather }>()

function viewGather(gather: GatherState, end: End | null): Gather {
  const cached = gatherViews.get(gather)
  if (cached && cached.end === end) return cached.view
  const isFields =
    gather.command?.request?.command === 'gather_using_ai' || gather.partial || gather.ended?.gathered === 'fields'
  const view = isFields ? viewAIGather(gather, end) : viewDigitGather(gather, end)
  gatherViews.set(gather, { end, view })
  return view
}

function viewCommon(gather: GatherState, end: End | null, evidence: boolean): GatherCommon {
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

/** Refused stays refused; what was seen to run has run, whatever the answer was. */
function statusOf(command: CommandState | null, over: boolean, evidence: boolean): GatherStatus {
  if (command?.outcome?.status === 'refused') return 'refused'
  if (over) return 'ended'
  if (evidence || command?.outcome?.status === 'accepted' || !command) return 'collecting'
  return command.outcome?.status === 'unknown' ? 'unknown' : 'requested'
}

function refusalOf(command: CommandState | null): Refusal | null {
  const outcome = command?.outcome
  if (outcome?.status !== 'refused') return null
  const { httpStatus, code, title, detail } = outcome
  return { httpStatus, code, title, detail }
}

function viewDigitGather(gather: GatherState, end: End | null): DigitGather {
  const common = viewCommon(gather, end, gather.keys.size > 0 || gather.plays.size > 0)
  const rules = rulesOf(common.command, common.body)
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
    count: gather.ended?.digitCount ?? digits.length,
    attempt: Math.max(1, read.attempt, promptPlays.length),
    prompt: promptOf(gather, common),
    waiting: common.status === 'collecting' ? waitingOf(gather, common, rules, read.keys) : null,
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

function promptOf(gather: GatherState, { body, status }: GatherCommon): Prompt {
  const last = gather.plays.at(-1)
  return {
    text: textOf(body.payload),
    media: textOf(body.media_name) ?? textOf(body.audio_url),
    playing: status === 'ended' || status === 'refused' ? false : last ? last.edge === 'started' : null,
  }
}

function waitingOf(
  gather: GatherState,
  common: GatherCommon,
  rules: DigitRules,
  keys: readonly KeyPress[],
): Waiting | null {
  const last = keys.at(-1)
  if (last?.role === 'terminator' || keys.length >= rules.max) return null
  if (last) return { for: 'next_digit', since: last.at, millis: rules.interDigitMillis }
  if (common.command === 'gather') {
    return common.acceptedAt ? { for: 'first_digit', since: common.acceptedAt, millis: rules.firstDigitMillis } : null
  }
  // A prompted gather waits from the end of its prompt; unless Telnyx says when that is, nothing can be shown.
  const play = gather.plays.at(-1)
  return play?.edge === 'ended' ? { for: 'first_digit', since: play.at, millis: rules.firstDigitMillis } : null
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

/** A conversation by id; by default the one that began last. */
export function selectConversation(state: CallState, id?: string): Conversation | null {
  const wanted = id ?? state.latestConversation?.id ?? (state.conversations.at(-1)?.id || null)
  const conversation = wanted === null ? undefined : state.conversations.get(wanted)
  if (!conversation) return null
  const over = callEndedAt(state)
  const cached = conversationViews.get(conversation)
  if (cached && cached.over === over) return cached.view
  const view = viewConversation(conversation, over)
  conversationViews.set(conversation, { over, view })
  return view
}

const conversationViews = new WeakMap<ConversationState, { over: string | null; view: Conversation }>()

function viewConversation(conversation: ConversationState, over: string | null): Conversation {
  const { command, created, ended, length } = conversation
  const name = command?.request?.command
  const endedAt = ended?.at ?? over
  const outcome = command?.outcome
  const size = length?.value ?? 0
  return {
    id: conversation.id,
    command: isConversation(name) ? name : null,
    status: statusOf(command, endedAt !== null, created !== null || size > 0),
    conversationId:
      created?.conversationId ?? (outcome?.status === 'accepted' ? (outcome.conversationId ?? null) : null),
    startedAt: created?.at ?? command?.request?.at ?? null,
    endedAt,
    reason: ended?.reason ?? null,
    refusal: refusalOf(command),
    length: size,
    lastMessage: size > 0 ? (conversation.messages.get(String(size - 1).padStart(8, '0')) ?? null) : null,
  }
}

const summaries = new WeakMap<CallState, CallSummary>()

/** The call as one line of a list. */
export function summarise(state: CallState): CallSummary {
  const cached = summaries.get(state)
  if (cached) return cached
  const hungUpBy = selectHungUpBy(state)
  const summary: CallSummary = {
    callId: state.callId,
    phase: callPhase(state),
    from: state.parties?.from ?? null,
    to: state.parties?.to ?? null,
    direction: state.initiated?.direction ?? null,
    startedAt: state.initiated?.at ?? state.timeline.at(0)?.at ?? null,
    answeredAt: state.answered?.at ?? null,
    endedAt: callEndedAt(state),
    ...(hungUpBy ? { hungUpBy } : {}),
    activity: activityOf(state),
  }
  summaries.set(state, summary)
  return summary
}

function activityOf(state: CallState): Activity | null {
  const gather = selectGather(state)
  const conversation = selectConversation(state)
  const assistant =
    conversation && conversation.command !== 'gather_using_ai'
      ? ({ kind: 'assistant', status: conversation.status, messages: conversation.length } as const)
      : null
  if (!gather) return assistant
  if (assistant?.status === 'collecting' && gather.status !== 'collecting') return assistant
  const { status, outcome } = gather
  return gather.kind === 'digits'
    ? { kind: 'digits', status, outcome, count: gather.count, max: gather.rules.max }
    : { kind: 'fields', status, outcome, ...gather.progress }
}

/** Keys pressed while no gather was listening, newest last; at most `limit` of them. */
export function selectStrayKeys(state: CallState, limit = 32): KeyEntry[] {
  const strays: KeyEntry[] = []
  for (const key of state.keys.reversed()) {
    if (strays.length >= limit) break
    if (isStray(state, key)) strays.push(key)
  }
  return strays.reverse()
}

/** Whether a key was pressed while no gather was listening. */
export function isStray(state: CallState, key: KeyEntry): boolean {
  if (key.gatherId === null) return true
  const gather = state.gathers.get(key.gatherId)
  if (!gather) return true
  if (gather.command?.request && !isDigitGather(gather.command.request.command)) return true
  return gather.ended !== null && key.stamp > gather.ended.stamp
}

/** What a side of the call is saying right now, not yet final; `null` when it is silent. */
export function selectPartialSpeech(
  state: Pick<CallState, 'tracks'>,
  track: string,
): { at: string; text: string } | null {
  const known = state.tracks[track]
  if (!known?.partial) return null
  return known.final && known.final.stamp >= known.partial.stamp ? null : known.partial
}
