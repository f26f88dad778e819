/**
 * The words CallGather speaks: events, commands, the state of a call and the fold that makes it. Pure, without I/O,
 * and without a schema library at run time; the schemas are in `@callgather/protocol/schema`.
 */

export {
  clientErrors,
  type ErrorName,
  errorTable,
  GatherError,
  gatherError,
  type TelnyxError,
  type TelnyxErrorBody,
  telnyxError,
} from './base/errors.ts'
export { KEYS, limits } from './base/limits.ts'
export { isMask, type Mask, readMask } from './base/mask.ts'
export { DEFAULT_BASE_PATH, MASK_HEADER, PROTOCOL_HEADER, REPLACE_HEADER, routes } from './base/routes.ts'
export { Sorted } from './base/sorted.ts'
export {
  judgeVersion,
  PROTOCOL_VERSION,
  type VersionMismatch,
  versionRefusal,
} from './base/version.ts'
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
export type { AIParameters, AssistantMessage, CommandBodies } from './commands/command.ts'
export {
  type CommandName,
  type ConversationName,
  commandNames,
  type DigitGatherName,
  type GatherName,
  isCommandName,
  isConversation,
  isDigitGather,
  isGather,
} from './commands/command-name.ts'
export {
  type CallEvent,
  type EventOf,
  type HistoryMessage,
  type HistorySplice,
  isKnownEvent,
  type KnownEvent,
  type KnownEventType,
  type OpaqueEvent,
  stampOf,
} from './events/event.ts'
export { foldCall, reduceCall, UNATTRIBUTED } from './reduce/reduce-call.ts'
export type {
  CallEventFrame,
  CallHeadFrame,
  CallRecord,
  CallsEventFrame,
  CallsReply,
  ClientToServer,
  Cursor,
  Refused,
  Scope,
  ServerToClient,
  SocketAuth,
  SocketError,
  TicketReply,
  WatchReply,
  WireEventFrame,
  WireWatchReply,
} from './socket/socket.ts'
export { WireReader } from './socket/wire-reader.ts'
export { type Conversation, selectConversation, selectPartialSpeech } from './views/conversation.ts'
export { type DigitRules, type KeyPress, readKeys, rulesOf } from './views/digits.ts'
export {
  type ExportFormat,
  type ExportHeading,
  type ExportRow,
  exportFile,
  exportFormats,
  exportRow,
  exportTypes,
} from './views/export.ts'
export type { FieldSpec, FieldState } from './views/fields.ts'
export {
  type AIGather,
  type DigitGather,
  type Gather,
  type GatherCommon,
  HIDDEN_DIGIT,
  isStray,
  type Prompt,
  selectGather,
  selectStrayKeys,
  type Waiting,
} from './views/gather.ts'
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
export { type Activity, type CallSummary, summarise } from './views/summary.ts'
