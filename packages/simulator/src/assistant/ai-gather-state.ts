/** State of an AI gather, and functions that read it: fields, next field to ask for, completeness and partial result. */
import { record, string } from './conversation.ts'
import { assemble, type Draft } from './draft.ts'
import type { AiContext } from './input.ts'
import { type JsonSchema, requiredOf } from './json-schema.ts'
import { listFields, type SchemaFields, type Slot } from './slots.ts'
import { startTalk, type TalkState } from './talk.ts'

/** State of the AI gather machine. */
export interface AiGatherState extends TalkState {
  readonly parameters: JsonSchema
  readonly hasPartialResults: boolean
  readonly responseTimeoutMs: number
  readonly endedSpeech: string | undefined
  readonly instructions: string | undefined
  /** Next action of the gather when its current speech ends. */
  afterSpeech: 'ask' | 'listen'
  draft: Draft
  /** Id of the field that the last question asked for. */
  openSlotId: string | undefined
  /** Ids of optional fields to skip, because the caller's answers were misunderstood. */
  skippedSlotIds: readonly string[]
  /** Ids of fields that a rule across properties requires, such as `dependentRequired`. */
  forcedSlotIds: readonly string[]
  /** Number of misunderstood answers, by field id. */
  misunderstandings: Readonly<Record<string, number>>
  silenceCount: number
  /** Number of complete results that failed validation. */
  rejectionCount: number
  /** True after the model called the `hangup` tool: the call ends after the closing words. */
  shouldHangUp: boolean
  outcome: Outcome | undefined
}

/** `status` and `result` of `call.ai_gather.ended`, `reason` of `call.conversation.ended`. */
interface Outcome {
  readonly status: 'valid' | 'invalid' | 'client_error'
  readonly result: Record<string, unknown> | null
  readonly reason: string | null
}

/** Documented default of `user_response_timeout_ms`. */
const DEFAULT_RESPONSE_TIMEOUT_MS = 10_000

/** Returns the initial state of an AI gather. */
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

/** Lists the fields of the schema. They depend on the answers so far. */
export const fieldsOf = (state: AiGatherState): SchemaFields => listFields(state.parameters, state.draft)

/** Returns the next field to ask for, or undefined when none remains. */
export function nextSlot(state: AiGatherState): Slot | undefined {
  const unanswered = fieldsOf(state).slots.filter(({ id }) => state.draft[id] === undefined)
  const lastRequiredIndex = unanswered.findLastIndex((slot) => isRequired(state, slot))
  const hasNoRequired = requiredOf(state.parameters).length === 0 && state.forcedSlotIds.length === 0
  return unanswered.find((slot, index) => {
    if (isRequired(state, slot)) return true
    if (state.skippedSlotIds.includes(slot.id)) return false
    return hasNoRequired || (state.ctx.settings.askOptional && index < lastRequiredIndex)
  })
}

/** Returns whether `required` or a rule across properties requires a field. */
export const isRequired = (state: AiGatherState, slot: Slot): boolean =>
  slot.required || state.forcedSlotIds.includes(slot.id)

/** Returns whether all required fields have answers. Without required fields, one answer is enough (rule A4). */
export function isComplete(state: AiGatherState): boolean {
  const { slots } = fieldsOf(state)
  if (slots.some((slot) => isRequired(state, slot) && state.draft[slot.id] === undefined)) return false
  return requiredOf(state.parameters).length > 0 || slots.length === 0 || Object.keys(state.draft).length > 0
}

/** Returns the answers so far in schema order, as sent in `partial_results`. */
export const answersOf = (state: AiGatherState): Record<string, unknown> =>
  assemble(fieldsOf(state).slots.flatMap(({ id }) => state.draft[id] ?? []))

/** Returns the complete result of the gather: the answers and the schema's constants. */
export function resultOf(state: AiGatherState): Record<string, unknown> {
  const { slots, constants } = fieldsOf(state)
  return assemble([...slots.flatMap(({ id }) => state.draft[id] ?? []), ...constants])
}

/** Returns the result of a gather that ends before it is complete. */
export function partialResultOf(state: AiGatherState): Record<string, unknown> | null {
  const isEmpty = Object.keys(state.draft).length === 0
  return isEmpty && state.ctx.settings.emptyResult === 'null' ? null : answersOf(state)
}
