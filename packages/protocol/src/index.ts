/**
 * The words CallGather speaks: events, commands, the state of a call and the fold that makes it. Pure, without I/O,
 * and without a schema library at run time; the schemas are in `@callgather/protocol/schema`. A file that is exported
 * whole is public whole.
 */

export * from './base/errors.ts'
export { KEYS, limits } from './base/limits.ts'
export { isMask, type Mask, readMask } from './base/mask.ts'
export { DEFAULT_BASE_PATH, MASK_HEADER, PROTOCOL_HEADER, REPLACE_HEADER, routes } from './base/routes.ts'
export { Sorted } from './base/sorted.ts'
export * from './base/version.ts'
export {
  type CallState,
  type CommandEntry,
  type CommandOutcome,
  type CommandRequest,
  type CommandState,
  type ConversationState,
  type GatherEndEntry,
  type GatherState,
  initialCallState,
  type KeyEntry,
  type MarkEntry,
  type MessageEntry,
  type PlaybackEntry,
  type SpeechEntry,
  type Stamped,
  type TimelineEntry,
  type TrackState,
} from './call-state/call-state.ts'
export { restoreCallState, type Serialized, type SerializedCallState } from './call-state/restore-call-state.ts'
export type { AIParameters, AssistantMessage, CommandBodies } from './commands/command.ts'
export * from './commands/command-name.ts'
export * from './events/event.ts'
export type { PayloadParts } from './events/payload-parts.ts'
export * from './host-contract/host-contract.ts'
export { foldCall, reduceCall, UNATTRIBUTED } from './reduce/reduce-call.ts'
export * from './socket/socket.ts'
export { WireReader } from './socket/wire-reader.ts'
export * from './views/conversation.ts'
export { type DigitRules, type KeyPress, type KeyReading, readKeys, rulesOf } from './views/digits.ts'
export * from './views/export.ts'
export type { FieldSpec, FieldState } from './views/fields.ts'
export * from './views/gather.ts'
export {
  type CallPhase,
  callEndedAt,
  callPhase,
  type GatherStatus,
  type HungUpBy,
  type Refusal,
  readHungUpBy,
  selectHungUpBy,
} from './views/status.ts'
export * from './views/summary.ts'
