/**
 * Decides how much of a webhook may be stored. Three rules mask a webhook:
 *
 * - Its mark, our signed `client_state`, has a mask. Clocks, order and outcome of the command do not matter.
 * - A masked command may still collect input at its time, on this leg or on a sibling leg.
 * - Masking is configured, and neither mark nor log shows what the webhook holds.
 */
import {
  type CallState,
  type CommandName,
  type CommandState,
  type ConversationState,
  isDigitGather,
  type Mask,
  selectCallEndedAt,
  UNATTRIBUTED,
} from '@callgather/protocol'
import { canBelongTo } from '../telnyx/correlate.ts'
import type { Webhook } from '../telnyx/webhook.ts'
import {
  isCumulative,
  isPayment,
  isPlayback,
  isUnknownType,
  type MaskContentContext,
  maskedHistory,
  mayCarryInput,
} from './mask-content.ts'

/** How long input may still arrive after the end of a masked gather, in milliseconds. */
export const MASK_GRACE_MS = 30_000

/** The maximum difference between our clock and Telnyx's, in milliseconds; equal to the signature tolerance. */
export const MAX_SKEW_MS = 300_000

const strictness: Readonly<Record<Mask, number>> = { allButLast4: 1, digits: 2, all: 3 }

/** Returns the stricter of two masks. */
export function strictest(one: Mask | undefined, other: Mask | undefined): Mask | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return strictness[one] >= strictness[other] ? one : other
}

/** The data for choosing the mask of a webhook. */
export interface MaskContext extends MaskContentContext {
  /** The sibling legs of the call. */
  readonly siblings: readonly CallState[]
  /** Whether masking is configured. If so, webhooks of uncertain content are masked. */
  readonly isMasking: boolean
  /** When this process began to receive webhooks, in milliseconds of its own clock. */
  readonly startedAt: number
}

/** Returns the mask of a webhook; `undefined` when the whole webhook may be stored. */
export function maskOf(webhook: Webhook, context: MaskContext): Mask | undefined {
  const { state, siblings, mark, isMasking } = context
  const marked = mark === 'unreadable' ? (isMasking ? 'all' : undefined) : mark?.mask
  const logged = mark === 'unreadable' || !mark ? undefined : state.commands.get(mark.commandId)?.request?.mask
  const plain = plainCommandOf(webhook, context)
  const masks = [marked, logged, isPayment(webhook) ? ('digits' as const) : undefined]
  for (const leg of [state, ...siblings]) {
    for (const command of leg.commands) {
      const { request } = command
      if (!request?.mask || !mayHoldInputOf(webhook, { context, leg, command, plain })) continue
      masks.push(request.mask)
    }
  }
  const known = masks.reduce(strictest, undefined)
  return known ?? (isMasking && isUncertain(webhook, context, plain) ? 'digits' : undefined)
}

/** An unmasked command that the mark of a webhook names. */
interface PlainCommand {
  readonly name: CommandName
  /** When the command was requested, in milliseconds of our clock. */
  readonly requestedAt: number
  /** Whether the webhook may be the end of the command that this command replaced. Such an end carries the new mark. */
  readonly mayEndEarlier: boolean
  /** Whether an event of the webhook's type can belong to the command. */
  readonly isFitting: boolean
}

/** Returns the unmasked command that a webhook's mark names, if the log has it. */
function plainCommandOf(webhook: Webhook, { state, mark }: MaskContext): PlainCommand | null {
  if (!mark || mark === 'unreadable' || mark.mask) return null
  const request = state.commands.get(mark.commandId)?.request
  if (!request || request.mask) return null
  const { status } = webhook.payload
  const isEnd = webhook.eventType === 'call.gather.ended' || webhook.eventType === 'call.ai_gather.ended'
  return {
    name: mark.command,
    requestedAt: Date.parse(request.at),
    mayEndEarlier: isEnd && !(typeof status === 'string' && naturalEnds.has(status)),
    isFitting: canBelongTo(webhook.eventType, mark.command),
  }
}

/** Statuses of a gather that ended by itself. Any other status may be that of a replaced gather. */
const naturalEnds: ReadonlySet<string> = new Set(['valid', 'invalid', 'timeout', 'call_hangup'])

/** A masked command of a leg, with the data for comparing it with a webhook. */
interface Candidate {
  readonly context: MaskContext
  readonly leg: CallState
  readonly command: CommandState
  readonly plain: PlainCommand | null
}

/** Whether a webhook may hold input of a masked command, judging by their times. */
function mayHoldInputOf(webhook: Webhook, { context, leg, command, plain }: Candidate): boolean {
  const { request } = command
  if (!request) return false
  const isOwnLeg = leg === context.state
  const at = Date.parse(webhook.occurredAt)
  const requestedAt = Date.parse(request.at)
  if (at < requestedAt - MAX_SKEW_MS) return false
  // A cumulative webhook may hold everything said since the start of its conversation.
  const since = isCumulative(webhook) ? conversationStart(webhook, context) : at
  // A sibling leg collects nothing after its end. Webhooks of the own leg may arrive late.
  const ended = endOf(leg, command) ?? (isOwnLeg || isCumulative(webhook) ? null : parseTime(selectCallEndedAt(leg)))
  const isReplaced =
    plain !== null && isOwnLeg && requestedAt <= plain.requestedAt && replaces(plain.name, request.command)
  const replacedAt = isReplaced ? plain.requestedAt : null
  if (replacedAt !== null && (ended === null || plain?.mayEndEarlier)) {
    return since <= Math.max(replacedAt, ended ?? 0) + MAX_SKEW_MS + MASK_GRACE_MS
  }
  if (ended === null) return true
  return since <= ended + MASK_GRACE_MS + (plain ? 0 : MAX_SKEW_MS)
}

/** Whether a command cancels a running one. Telnyx runs one gather of a kind at a time on a leg. */
const replaces = (next: CommandName, running: string) =>
  next === running ? next !== 'ai_assistant_start' : isDigitGather(next) && isDigitGather(running)

/**
 * Returns when a gather certainly ended, by Telnyx's clock. The end of a replaced gather carries the mark of the new
 * command. So `cancelled` or the end of a conversation does not prove that the new gather ended: masking then continues
 * until our next mark or the end of the call.
 */
function endOf(state: CallState, { id }: CommandState): number | null {
  const ended = state.gathers.get(id)?.ended
  return ended?.status && naturalEnds.has(ended.status) ? Date.parse(ended.at) : null
}

const parseTime = (at: string | null) => (at === null ? null : Date.parse(at))

/** Returns the earliest time of the speech that a cumulative webhook may hold. */
function conversationStart({ eventType }: Webhook, { state, commandId }: MaskContext): number {
  if (eventType.startsWith('call.ai_gather.')) return startOf(state.conversations.get(commandId ?? ''))
  // Insights do not name their conversation.
  if (eventType !== 'call.conversation_insights.generated' || state.conversations.size === 0)
    return Number.NEGATIVE_INFINITY
  return Math.min(...[...state.conversations].map(startOf))
}

/** Returns the earliest start of a conversation: Telnyx's own time if known, otherwise the time of our request. */
function startOf(conversation: ConversationState | undefined): number {
  if (conversation?.created) return Date.parse(conversation.created.at)
  const requested = conversation?.command?.request?.at
  return requested === undefined ? Number.NEGATIVE_INFINITY : Date.parse(requested) - MAX_SKEW_MS
}

/** Whether a webhook may hold masked input although neither its mark nor the log shows a masked gather. */
function isUncertain(webhook: Webhook, { state, mark, startedAt }: MaskContext, plain: PlainCommand | null): boolean {
  if (!mayCarryInput(webhook) && !isPlayback(webhook)) return false
  if (isUnknownType(webhook)) return true
  // The log has lost the command that our mark names, and perhaps earlier commands.
  if (mark && mark !== 'unreadable' && !state.commands.get(mark.commandId)?.request) return true
  const { initiated } = state
  const isKnownFromStart = initiated !== null && Date.parse(initiated.at) >= startedAt + MAX_SKEW_MS
  return !isKnownFromStart && !(plain?.isFitting && !plain.mayEndEarlier)
}

/**
 * Returns the strictest mask among the commands that may collect input now, by our clock. The mask of an AI gather counts
 * as `all`, because its input is words.
 */
export function openMask(state: CallState, now: number): Mask | undefined {
  let mask: Mask | undefined
  for (const command of state.commands) {
    const ended = endOf(state, command)
    const isOpen = ended === null || now <= ended + MASK_GRACE_MS + MAX_SKEW_MS
    const { mask: own, command: name = '' } = command.request ?? {}
    if (isOpen && own) mask = strictest(mask, isDigitGather(name) ? own : 'all')
  }
  return mask
}

/**
 * Hides the messages of a webhook that may be from a masked gather. Two kinds stay visible: messages that were stored
 * before, and messages that follow a history from after the gather.
 */
export function withoutUnsafeMessages(webhook: Webhook, context: MaskContext): Webhook {
  const { payload } = webhook
  const { state, siblings, commandId } = context
  const conversation = state.conversations.get(commandId ?? UNATTRIBUTED)
  const at = Date.parse(webhook.occurredAt)
  const began = startOf(conversation)
  let closes = Number.NEGATIVE_INFINITY
  for (const leg of [state, ...siblings]) {
    for (const command of leg.commands) {
      if (!command.request?.mask || at < Date.parse(command.request.at) - MAX_SKEW_MS) continue
      const ended = endOf(leg, command) ?? parseTime(selectCallEndedAt(leg))
      closes = Math.max(closes, ended === null ? Number.POSITIVE_INFINITY : ended + MASK_GRACE_MS)
    }
  }
  if (closes === Number.NEGATIVE_INFINITY || closes < began || !Array.isArray(payload.message_history)) return webhook
  const length = conversation?.length
  const safeFrom = length && Date.parse(length.at) > closes ? length.value : Number.POSITIVE_INFINITY
  return { ...webhook, payload: { ...payload, ...maskedHistory(payload, context, safeFrom) } }
}
