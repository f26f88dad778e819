/**
 * What an AI gather remembers, and what follows from it: which slots there are now, which is asked next, whether all is
 * in, and what the result is so far. Queries only; nothing here changes a state.
 */
import type { AiContext, Message } from '../../machine.ts'
import { type Conversation, messagesOf, openConversation, record, string } from '../conversation.ts'
import type { ToolCall } from '../model.ts'
import { assemble, type Draft } from '../schema/draft.ts'
import { type JsonSchema, requiredOf } from '../schema/json-schema.ts'
import { type Slot, type Walk, walk } from '../schema/slots.ts'
import type { Fragment } from '../understand/answers.ts'
import type { Context } from '../understand/turn.ts'

/** The body of `gather_using_ai`, as the API has validated it. */
export type AiGatherParams = Record<string, unknown>

/** Everything the machine remembers. */
export interface AiGatherState {
  readonly ctx: AiContext
  readonly conversation: Conversation
  readonly options: Options
  /** `opening`: nothing said yet and no greeting; `thinking`: a model was asked; `closing`: the last words
   * are being said. */
  phase: 'opening' | 'speaking' | 'listening' | 'thinking' | 'closing' | 'ended'
  /** What follows when the present speech is over. */
  next: 'ask' | 'listen'
  history: readonly Message[]
  draft: Draft
  /** Halves of date-times heard so far. */
  fragments: Readonly<Record<string, Fragment>>
  /** How many items each array of objects has. */
  items: Readonly<Record<string, number>>
  /** What was asked last: a slot, or another item of a group. */
  asked: { slot: string } | { another: string } | undefined
  /** Optional slots passed over, groups that are complete. */
  passed: readonly string[]
  /** Slots a rule across properties made required. */
  forced: readonly string[]
  refusals: Readonly<Record<string, number>>
  confusions: Readonly<Record<string, number>>
  silences: number
  /** Times the finished result was found not to conform. */
  rejected: number
  turn: number
  /** The question put to a model that is still open. */
  consulting: string | undefined
  /** Rounds of tools in this turn. */
  rounds: number
  /** What the model called and has no answer to yet. */
  calling: readonly ToolCall[]
  /** Hangs up when the last words have been said: the model called for it. */
  leaving: boolean
  /** Whispers not yet acted on. */
  whispers: readonly string[]
  outcome: Outcome | undefined
}

/** The parts of the command that matter while it runs. */
export interface Options {
  parameters: JsonSchema
  partialResults: boolean
  historyUpdates: boolean
  responseTimeoutMs: number
  interruptible: boolean
  endedSpeech: string | undefined
  instructions: string | undefined
  tools: unknown
}

/** How it ends. */
export interface Outcome {
  status: 'valid' | 'invalid' | 'client_error'
  result: Record<string, unknown> | null
  reason: string | null
}

/** Documented default of `user_response_timeout_ms`. */
const defaultResponseTimeoutMs = 10_000

export function initial(params: AiGatherParams, ctx: AiContext, now: number): AiGatherState {
  const timeout = params.user_response_timeout_ms
  return {
    ctx,
    conversation: openConversation(params, ctx, now),
    options: {
      parameters: record(params.parameters),
      partialResults: params.send_partial_results === true,
      historyUpdates: params.send_message_history_updates === true,
      responseTimeoutMs: typeof timeout === 'number' && timeout > 0 ? timeout : defaultResponseTimeoutMs,
      interruptible: record(params.interruption_settings).enable !== false,
      endedSpeech: string(params.gather_ended_speech),
      instructions: string(record(params.assistant).instructions),
      tools: record(params.assistant).tools,
    },
    phase: 'opening',
    next: 'listen',
    history: messagesOf(params.message_history).map(({ role, content }) => ({
      role,
      ...(content === undefined ? {} : { content }),
    })),
    draft: {},
    fragments: {},
    items: {},
    asked: undefined,
    passed: [],
    forced: [],
    refusals: {},
    confusions: {},
    silences: 0,
    rejected: 0,
    turn: 0,
    consulting: undefined,
    rounds: 0,
    calling: [],
    leaving: false,
    whispers: [],
    outcome: undefined,
  }
}

/** What there is to understand the caller with. */
export function contextOf(state: AiGatherState, now: number): Context {
  const { slots } = walked(state)
  const { asked } = state
  return {
    slots,
    draft: state.draft,
    asked: asked !== undefined && 'slot' in asked ? slots.find(({ id }) => id === asked.slot) : undefined,
    fragments: state.fragments,
    today: { now, utcOffsetMinutes: state.ctx.settings.utcOffsetMinutes },
  }
}

/** The slots there are, given the answers so far. */
export function walked(state: AiGatherState): Walk {
  return walk(state.options.parameters, state.draft, state.items)
}

/** What to ask next; undefined when nothing is left to ask. */
export function nextQuestion(state: AiGatherState): AiGatherState['asked'] {
  const { slots, groups } = walked(state)
  const open = slots.filter(({ id }) => state.draft[id] === undefined)
  const needed = open.filter((slot) => isRequired(state, slot))
  const lastNeeded = needed.at(-1)
  const free = requiredOf(state.options.parameters).length === 0 && state.forced.length === 0
  for (const slot of open) {
    const group = groups.find(({ id }) => state.asked !== undefined && slot.id.startsWith(`${id}/`))
    if (isRequired(state, slot)) return { slot: slot.id }
    if (state.passed.includes(slot.id)) continue
    if (free || (state.ctx.settings.askOptional && lastNeeded !== undefined && group === undefined))
      return { slot: slot.id }
  }
  const more = groups.find((group) => wantsMore(state, group))
  return more === undefined ? undefined : { another: more.id }
}

function wantsMore(state: AiGatherState, group: Walk['groups'][number]): boolean {
  return (
    state.ctx.settings.askForMoreItems &&
    group.count > 0 &&
    group.count < group.most &&
    !state.passed.includes(group.id)
  )
}

/** The schema requires it, itself or by a rule across properties. */
export function isRequired(state: AiGatherState, slot: Slot): boolean {
  return slot.required || state.forced.includes(slot.id)
}

/** A4: every required property is in; with none required, the first value is enough. */
export function isComplete(state: AiGatherState): boolean {
  const { slots, groups } = walked(state)
  if (slots.some((slot) => isRequired(state, slot) && state.draft[slot.id] === undefined)) return false
  if (groups.some((group) => wantsMore(state, group))) return false
  const nothingRequired = requiredOf(state.options.parameters).length === 0
  return !nothingRequired || slots.length === 0 || Object.keys(state.draft).length > 0
}

/** The answers alone, in the schema's order: what `partial_results` shows. */
export function answersOf(state: AiGatherState): Record<string, unknown> {
  return assemble(walked(state).slots.flatMap(({ id }) => state.draft[id] ?? []))
}

/** The whole result: the answers and what the schema leaves no choice about. */
export function resultOf(state: AiGatherState): Record<string, unknown> {
  const { slots, constants } = walked(state)
  return assemble([...slots.flatMap(({ id }) => state.draft[id] ?? []), ...constants])
}

/** What goes out when a gather ends without all it wanted. */
export function collected(state: AiGatherState): Record<string, unknown> | null {
  const nothing = Object.keys(state.draft).length === 0
  return nothing && state.ctx.settings.emptyResult === 'null' ? null : answersOf(state)
}
