/** A live Telnyx gather on an agent's screen: the client, the queries, the hooks, the components. */

// Every type of the protocol that an export mentions, so that a host can name it without a further package.
export {
  type Activity,
  type AIGather,
  type AIParameters,
  type AssistantMessage,
  type CallEvent,
  type CallEventFrame,
  type CallHeadFrame,
  type CallPhase,
  type CallRecord,
  type CallState,
  type CallSummary,
  type CallsEventFrame,
  type CallsReply,
  type CommandBodies,
  type CommandEntry,
  type CommandName,
  type CommandOutcome,
  type CommandRequest,
  type CommandState,
  type Conversation,
  type ConversationName,
  type ConversationState,
  type Cursor,
  type DigitGather,
  type DigitGatherName,
  type DigitRules,
  type ErrorName,
  type EventOf,
  type FieldSpec,
  type FieldState,
  type Gather,
  type GatherCommon,
  type GatherEndEntry,
  GatherError,
  type GatherName,
  type GatherState,
  type GatherStatus,
  type HistoryMessage,
  type HistorySplice,
  type HungUpBy,
  type KeyEntry,
  type KeyPress,
  type KnownEvent,
  type KnownEventType,
  type MarkEntry,
  type Mask,
  type MessageEntry,
  type OpaqueEvent,
  type PlaybackEntry,
  type Prompt,
  type Refusal,
  type Refused,
  type Scope,
  type SocketAuth,
  type SocketError,
  type Sorted,
  type SpeechEntry,
  type Stamped,
  selectConversation,
  selectGather,
  type TelnyxError,
  type TelnyxErrorBody,
  type TicketReply,
  type TimelineEntry,
  type TrackState,
  type Waiting,
  type WatchReply,
} from '@callgather/protocol'
export type { AgentSession } from './client/agent-session.ts'
export { type ClientErrorCode, type ConnectionError, GatherClientError } from './client/client-error.ts'
export type { Clock } from './client/clock.ts'
export { type CommandAccepted, type CommandOptions, isOutcomeUnknown, type SendCommand } from './client/commands.ts'
export type { ConnectionState, ConnectionStore } from './client/connection.ts'
export {
  type CallFeed,
  type CallsFeed,
  type FeedNotice,
  initialCallFeed,
  initialCallsFeed,
  type SyncStatus,
} from './client/feed.ts'
export {
  createGatherClient,
  type GatherClient,
  type GatherClientOptions,
  type WatchCallsOptions,
  type WatchOptions,
} from './client/gather-client.ts'
export type { Store } from './client/store.ts'
export type { GetTicket } from './client/tickets.ts'
export { WatchError } from './client/watch-error.ts'
export {
  AssistantBar,
  type AssistantBarProps,
  bodyOf,
  CallList,
  type CallListProps,
  CallTimeline,
  type CallTimelineProps,
  CommandButton,
  type CommandButtonProps,
  CommandNotice,
  ConnectionBanner,
  ConnectionStatus,
  type ConnectionStatusProps,
  DigitSlots,
  type DigitSlotsProps,
  type Draft,
  DtmfPad,
  type DtmfPadProps,
  defaultPresets,
  type FieldDraft,
  type FieldType,
  GatherControls,
  type GatherControlsProps,
  type GatherDraft,
  GatherFields,
  type GatherFieldsProps,
  GatherPanel,
  type GatherPanelProps,
  type PartProps,
  type PartState,
  type Preset,
  type Slot,
  type Slots,
  schemaOf,
  slotsOf,
  Transcript,
  type TranscriptProps,
  useGatherDraft,
} from './components/index.ts'
export { type KeptFocus, useKeptFocus } from './components/kit/use-kept-focus.ts'
export { CallScope, type CallScopeProps, useCallId } from './hooks/call-scope.tsx'
export type { CommandRefusal, CommandRun, CommandRunStatus } from './hooks/command-run.ts'
export { GatherProvider, type GatherProviderProps, useGatherClient } from './hooks/provider.tsx'
export type { InferOutput, StandardIssue, StandardResult, StandardSchemaV1 } from './hooks/standard-schema.ts'
export { type AIGatherOptions, type AIGatherResult, type AIGatherView, useAIGather } from './hooks/use-ai-gather.ts'
export { type Assistant, type HandBackOptions, useAssistant, type WhisperRole } from './hooks/use-assistant.ts'
export { useCall } from './hooks/use-call.ts'
export { type CallGather, useCallGather } from './hooks/use-call-gather.ts'
export { type CallTimeline as CallTimelineView, useCallTimeline } from './hooks/use-call-timeline.ts'
export { type Calls, useCalls } from './hooks/use-calls.ts'
export {
  type AnyCommand,
  type Command,
  type CommandHookOptions,
  type CommandSettled,
  type RunOptions,
  useAnyCommand,
  useCommand,
} from './hooks/use-command.ts'
export { type Connection, useConnection } from './hooks/use-connection.ts'
export { type Dtmf, useDtmf } from './hooks/use-dtmf.ts'
export { type Playback, usePlayback } from './hooks/use-playback.ts'
export { useServerTime } from './hooks/use-server-time.ts'
export {
  type LiveSpeech,
  rowText,
  type TranscriptOptions,
  type TranscriptView,
  useTranscript,
} from './hooks/use-transcript.ts'
export { callQueryOptions } from './query/call-query.ts'
export { callsQueryOptions } from './query/calls-query.ts'
export { gatherKeys } from './query/keys.ts'
export { loadCall } from './query/load-call.ts'
export {
  type Language,
  type Message,
  type PlainStringKey,
  type Plural,
  type StringKey,
  type StringOverrides,
  type Strings,
  StringsProvider,
  type StringsProviderProps,
  type StringValues,
  type Translate,
  useLanguage,
} from './strings/index.ts'
