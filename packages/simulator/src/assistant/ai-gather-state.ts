/**
 * What an AI gather remembers, and what follows from it: which fields there are now, which is asked next, whether all is
 * in, and what the result is so far. Queries only; nothing here changes a state.
 */
import { record, string } from './conversation.ts'
import { assemble, type Draft } from './draft.ts'
import type { AiContext } from './input.ts'
import { type JsonSchema, requiredOf } from './json-schema.ts'
import { listFields, type SchemaFields, type Slot } from './slots.ts'
import { startTalk, type TalkState } from './talk.ts'

/** Everything the machine remembers. */
export interface AiGatherState extends TalkState {
  readonly parameters: JsonSchema
  readonly hasPartialResults: boolean
  readonly responseTimeoutMs: number
  readonly endedSpeech: string | undefined
  readonly instructions: string | undefined
  /** What follows when the present speech is over. */
  afterSpeech: 'ask' | 'listen'
  draft: Draft
  /** The id of the field that was asked for last. */
  openSlotId: string | undefined
  /** Optional fields that were not understood and aren't asked for again. */
  skippedSlotIds: readonly string[]
  /** Fields that a rule across properties made required. */
  forcedSlotIds: readonly string[]
  /** How often an answer was not understood, by field. */
  misunderstandings: Readonly<Record<string, number>>
  silenceCount: number
  /** How often the finished result did not conform. */
  rejectionCount: number
  /** Hangs up when the last words have been said: the model called for it. */
  shouldHangUp: boolean
  outcome: Outcome | undefined
}

/** How it ends. */
interface Outcome {
  readonly status: 'valid' | 'invalid' | 'client_error'
  readonly result: Record<string, unknown> | null
  readonly reason: string | null
}

/** Documented default of `user_response_timeout_ms`. */
const DEFAULT_RESPONSE_TIMEOUT_MS = 10_000

/** The state at the start of the command. */
export function initialState(params: Record<string, unknown>, ctx: AiContext, now: number): AiGatherState {
  const timeout = params.user_response_timeout_ms
  return {
    ...startTalk(params, ctx, now),
    parameters: record(params.parameters),
    hasPartialResults: params.send_partial_results === true,
    responseTimeoutMs: typeof timeout === 'number' && timeout > 0 ? timeout : DEFAULT_RESPONSE_TIMEOUT_MS,
    endedSpeech: string(params.gather_ended_speech),
    instructions: string(record(params.assistant).instructions),
    afterSpeech: 'listen',
    draft: {},
    openSlotId: undefined,
    skippedSlotIds: [],
    forcedSlotIds: [],
    misunderstandings: {},
    silenceCount: 0,
    rejectionCount: 0,
    shouldHangUp: false,
    outcome: undefined,
  }
}

/** The fields there are, given the answers so far. */
export const fieldsOf = (state: AiGatherState): SchemaFields => listFields(state.parameters, state.draft)

/** The field to ask for next; undefined when nothing is left to ask. */
export function nextSlot(state: AiGatherState): Slot | undefined {
  const open = fieldsOf(state).slots.filter(({ id }) => state.draft[id] === undefined)
  const lastNeeded = open.findLastIndex((slot) => isRequired(state, slot))
  const isFree = requiredOf(state.parameters).length === 0 && state.forcedSlotIds.length === 0
  return open.find((slot, index) => {
    if (isRequired(state, slot)) return true
    if (state.skippedSlotIds.includes(slot.id)) return false
    return isFree || (state.ctx.settings.askOptional && index < lastNeeded)
  })
}

/** Whether the schema requires a field, itself or by a rule across properties. */
export const isRequired = (state: AiGatherState, slot: Slot): boolean =>
  slot.required || state.forcedSlotIds.includes(slot.id)

/** A4: every required property is in; with none required, the first value is enough. */
export function isComplete(state: AiGatherState): boolean {
  const { slots } = fieldsOf(state)
  if (slots.some((slot) => isRequired(state, slot) && state.draft[slot.id] === undefined)) return false
  return requiredOf(state.parameters).length > 0 || slots.length === 0 || Object.keys(state.draft).length > 0
}

/** The answers alone, in the schema's order: what `partial_results` shows. */
export const answersOf = (state: AiGatherState): Record<string, unknown> =>
  assemble(fieldsOf(state).slots.flatMap(({ id }) => state.draft[id] ?? []))

/** The whole result: the answers and what the schema leaves no choice about. */
export function resultOf(state: AiGatherState): Record<string, unknown> {
  const { slots, constants } = fieldsOf(state)
  return assemble([...slots.flatMap(({ id }) => state.draft[id] ?? []), ...constants])
}

/** What goes out when a gather ends without all it wanted. */
export function partialResultOf(state: AiGatherState): Record<string, unknown> | null {
  const isEmpty = Object.keys(state.draft).length === 0
  return isEmpty && state.ctx.settings.emptyResult === 'null' ? null : answersOf(state)
}
