/**
 * Events, commands, call state and the fold that computes it. This entry does no I/O and loads no schema library; the
 * schemas are in `@callgather/protocol/schema`.
 */

export * from './base/errors.ts'
export { DTMF_KEYS, limits } from './base/limits.ts'
export { isMask, type Mask, masks, readMask } from './base/mask.ts'
export {
  DEFAULT_BASE_PATH,
  LABEL_HEADER,
  MASK_HEADER,
  MAX_DISPOSITION_LENGTH,
  MAX_LABEL_LENGTH,
  MAX_NOTE_LENGTH,
  PROTOCOL_HEADER,
  REPLACE_HEADER,
  routes,
} from './base/routes.ts'
export { SortedMap } from './base/sorted-map.ts'
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
  type LifecycleEntry,
  type MessageEntry,
  type Occurrence,
  type PlaybackEntry,
  type SpeechEntry,
  type TimelineEntry,
  type TrackState,
  type WrapUpState,
} from './call-state/call-state.ts'
export { restoreCallState, type Serialized, type SerializedCallState } from './call-state/restore-call-state.ts'
export type { AIParameters, AssistantMessage, CommandBodies, commandSchemas } from './commands/command.ts'
export * from './commands/command-name.ts'
export * from './events/event.ts'
export type { eventTable } from './events/event-table.ts'
export type { PayloadTypes, payloadTypes } from './events/payload-types.ts'
export * from './host-contract/host-contract.ts'
export { foldCall, reduceCall, UNATTRIBUTED } from './reduce/reduce-call.ts'
export * from './socket/socket.ts'
export { WireReader } from './socket/wire-reader.ts'
export {
  type CallDetailRecord,
  type RecordedGather,
  selectCallDetailRecord,
} from './views/call-detail-record.ts'
export { type CollectedItem, type CollectedValue, selectCollected } from './views/collected.ts'
export * from './views/conversation.ts'
export {
  type DigitAttempt,
  type DigitRules,
  type KeyPress,
  keyRole,
  type Rejection,
  readDigitRules,
  readKeys,
} from './views/digits.ts'
export * from './views/export.ts'
export type { FieldSpec, FieldState } from './views/fields.ts'
export * from './views/gather.ts'
export {
  type CallPhase,
  type GatherStatus,
  type HungUpBy,
  type Refusal,
  readHungUpBy,
  selectCallEndedAt,
  selectCallPhase,
  selectHungUpBy,
  selectNotAnswered,
} from './views/status.ts'
export { claimFrom, isStrayKey, selectStrayKeys } from './views/stray-keys.ts'
export * from './views/summary.ts'
export * from './views/wrap-up.ts'
