/**
 * Decides how much of a webhook may be stored.
 *
 * Our signed mark in `client_state` decides first: a mark with a mask masks the webhook, whatever the clocks, the order
 * and the outcome of the command, until a later command of ours puts another mark in its place. Time windows add to it:
 * a webhook is masked while a masked command may still collect, on this leg or on another leg of the session. Where
 * masking is configured and neither mark nor log can tell what a webhook holds, it is masked too.
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

/** How long after a masked gather has ended its input may still arrive, in milliseconds. */
export const MASK_GRACE_MS = 30_000

/** How far our clock and Telnyx's may differ, in milliseconds: as far as a signature's timestamp may be off. */
export const MAX_SKEW_MS = 300_000

const strictness: Readonly<Record<Mask, number>> = { allButLast4: 1, digits: 2, all: 3 }

/** Returns the stricter of two masks. */
export function strictest(one: Mask | undefined, other: Mask | undefined): Mask | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return strictness[one] >= strictness[other] ? one : other
}

/** What the decision about a webhook rests on. */
export interface MaskContext extends MaskContentContext {
  /** The other legs of the call's session. */
  readonly siblings: readonly CallState[]
  /** Whether the server is set up for masked gathers: then doubt masks. */
  readonly isMasking: boolean
  /** Since when this process has seen every webhook, in milliseconds of its own clock. */
  readonly startedAt: number
}

/** Returns the mask of a webhook; `undefined` when all of it may be stored. */
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

/** A command of ours without a mask, whose mark a webhook carries. */
interface PlainCommand {
  readonly name: CommandName
  /** When it was requested, in milliseconds of our clock. */
  readonly requestedAt: number
  /** Whether the webhook may be the end of the command that this one replaced: such an end carries the new mark. */
  readonly mayEndEarlier: boolean
  /** Whether such an event can belong to the command. */
  readonly isFitting: boolean
}

/** The unmasked command that a webhook's mark names, if the log knows it. */
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

/** How a gather ends by itself; any other status may be that of a gather which was replaced. */
const naturalEnds: ReadonlySet<string> = new Set(['valid', 'invalid', 'timeout', 'call_hangup'])

/** A masked command of a leg, and what is known when a webhook is compared with it. */
interface Candidate {
  readonly context: MaskContext
  readonly leg: CallState
  readonly command: CommandState
  readonly plain: PlainCommand | null
}

/** Whether a webhook may hold input of a masked command, by their times. */
function mayHoldInputOf(webhook: Webhook, { context, leg, command, plain }: Candidate): boolean {
  const { request } = command
  if (!request) return false
  const isOwnLeg = leg === context.state
  const at = Date.parse(webhook.occurredAt)
  const requestedAt = Date.parse(request.at)
  if (at < requestedAt - MAX_SKEW_MS) return false
  // What sums up a conversation holds everything that was said in it.
  const since = isCumulative(webhook) ? conversationStart(webhook, context) : at
  // A leg that is over collects nothing more; what is reported of the leg itself may be late.
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

/** Telnyx runs one gather of a kind at a time on a leg: the next one cancels it. */
const replaces = (next: CommandName, running: string) =>
  next === running ? next !== 'ai_assistant_start' : isDigitGather(next) && isDigitGather(running)

/**
 * When a gather ended for certain, by Telnyx's clock, whatever was answered to its command. A command that replaces
 * another gets the end of that one under its own mark, so neither a `cancelled` nor the end of a conversation proves
 * that the new one has ended: after those, the next mark of ours and the end of the call are all that unmasks.
 */
function endOf(state: CallState, { id }: CommandState): number | null {
  const ended = state.gathers.get(id)?.ended
  return ended?.status && naturalEnds.has(ended.status) ? Date.parse(ended.at) : null
}

const parseTime = (at: string | null) => (at === null ? null : Date.parse(at))

/** Since when, at the earliest, things were said that a webhook sums up. */
function conversationStart({ eventType }: Webhook, { state, commandId }: MaskContext): number {
  if (eventType.startsWith('call.ai_gather.')) return startOf(state.conversations.get(commandId ?? ''))
  // Insights do not say of which conversation they are.
  if (eventType !== 'call.conversation_insights.generated' || state.conversations.size === 0)
    return Number.NEGATIVE_INFINITY
  return Math.min(...[...state.conversations].map(startOf))
}

/** When a conversation began, at the earliest: by Telnyx's clock where Telnyx says, else by ours. */
function startOf(conversation: ConversationState | undefined): number {
  if (conversation?.created) return Date.parse(conversation.created.at)
  const requested = conversation?.command?.request?.at
  return requested === undefined ? Number.NEGATIVE_INFINITY : Date.parse(requested) - MAX_SKEW_MS
}

/** Whether a webhook may hold masked input that neither its mark nor the log shows. */
function isUncertain(webhook: Webhook, { state, mark, startedAt }: MaskContext, plain: PlainCommand | null): boolean {
  if (!mayCarryInput(webhook) && !isPlayback(webhook)) return false
  if (isUnknownType(webhook)) return true
  // The log has lost the command of our mark, and perhaps those before it.
  if (mark && mark !== 'unreadable' && !state.commands.get(mark.commandId)?.request) return true
  const { initiated } = state
  const isKnownFromStart = initiated !== null && Date.parse(initiated.at) >= startedAt + MAX_SKEW_MS
  return !isKnownFromStart && !(plain?.isFitting && !plain.mayEndEarlier)
}

/** The strictest mask among the commands of a call that may collect now, by our clock. */
export function openMask(state: CallState, now: number): Mask | undefined {
  let mask: Mask | undefined
  for (const command of state.commands) {
    const ended = endOf(state, command)
    const isOpen = ended === null || now <= ended + MASK_GRACE_MS + MAX_SKEW_MS
    if (isOpen) mask = strictest(mask, command.request?.mask)
  }
  return mask
}

/**
 * The webhook without the messages that may have been said during a masked gather, whenever it arrives. Those stay that
 * were stored before, and those that came after a history from after the gather.
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
