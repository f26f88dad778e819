/**
 * The words CallGather speaks: events, commands, the state of a call and the fold that makes it. Pure, without I/O,
 * and without a schema library at run time; the schemas are in `@callgather/protocol/schema`.
 */
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
} from './call-state.ts'
export type { AIParameters, AssistantMessage, CommandBodies } from './command.ts'
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
} from './command-name.ts'
export { type DigitRules, type KeyPress, type KeyReading, readKeys, rulesOf } from './digits.ts'
export {
  clientErrors,
  type ErrorName,
  errorTable,
  GatherError,
  gatherError,
  type TelnyxError,
  type TelnyxErrorBody,
  telnyxError,
} from './errors.ts'
export type {
  CallEvent,
  EventOf,
  HistoryMessage,
  HistorySplice,
  KnownEvent,
  KnownEventType,
  OpaqueEvent,
} from './event.ts'
export { isKnownEvent, knownEventTypes, stampOf } from './event-type.ts'
export { type FieldSpec, type FieldState, fieldStates, fieldsOf } from './fields.ts'
export { gatherDefaults, KEYS, limits, MAX_SPEECH_LENGTH } from './limits.ts'
export { isMask, type Mask, readMask } from './mask.ts'
export { foldCall, reduceCall, UNATTRIBUTED } from './reduce-call.ts'
export { DEFAULT_BASE_PATH, MASK_HEADER, PROTOCOL_HEADER, REPLACE_HEADER, routes } from './routes.ts'
export {
  type Activity,
  type AIGather,
  type CallPhase,
  type CallSummary,
  type Conversation,
  callEndedAt,
  callPhase,
  type DigitGather,
  type Gather,
  type GatherCommon,
  type GatherStatus,
  HIDDEN_DIGIT,
  type HungUpBy,
  isStray,
  type Prompt,
  type Refusal,
  readHungUpBy,
  selectConversation,
  selectGather,
  selectHungUpBy,
  selectPartialSpeech,
  selectStrayKeys,
  summarise,
  type Waiting,
} from './select.ts'
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
} from './socket.ts'
export { Sorted } from './sorted.ts'
export {
  judgeVersion,
  OLDEST_CLIENT_VERSION,
  PROTOCOL_VERSION,
  type VersionMismatch,
  versionRefusal,
} from './version.ts'
export {
  decodeEvent,
  encodeEvent,
  readEvent,
  type WireEvent,
  WireReader,
  wireTypes,
  writeEvent,
} from './wire.ts'
