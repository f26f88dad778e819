/** The client, queries, hooks and components that show a live Telnyx gather on an agent's screen. */

// Exports the protocol's types, so that a host can name them without a dependency on another package.
export type * from '@callgather/protocol'
export { GatherError, restoreCallState, selectCollected, selectConversation, selectGather } from '@callgather/protocol'
export type { AgentSession, FeedCache } from './client/agent-session.ts'
export { type ClientErrorCode, type ConnectionError, GatherClientError } from './client/client-error.ts'
export type { Clock } from './client/clock.ts'
export {
  type AcceptedCommand,
  type CommandOptions,
  isOutcomeUnknown,
  type SaveWrapUp,
  type SendCommand,
  type WrapUpInput,
} from './client/commands.ts'
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
  type CloseOptions,
  createGatherClient,
  type GatherClient,
  type GatherClientOptions,
  type WatchCallsOptions,
  type WatchOptions,
} from './client/gather-client.ts'
export type { Store } from './client/store.ts'
export type { GetTicket } from './client/tickets.ts'
export { WatchError } from './client/watch-error.ts'
export { AssistantBar, type AssistantBarProps } from './components/assistant-bar/assistant-bar.tsx'
export type { AssistantStartOptions } from './components/assistant-bar/context.ts'
export * as AssistantBarParts from './components/assistant-bar/parts.tsx'
export type { MessageReceipt } from './components/assistant-bar/receipts.ts'
export type { Attention } from './components/call-list/attention.ts'
export { CallList, type CallListProps } from './components/call-list/call-list.tsx'
export type { AnswerCall, CallListGroup, CallListItem } from './components/call-list/context.ts'
export * as CallListParts from './components/call-list/parts.tsx'
export { CallTimeline, type CallTimelineProps } from './components/call-timeline/call-timeline.tsx'
export type { LaneName, TimelineSpan } from './components/call-timeline/lanes.ts'
export * as CallTimelineParts from './components/call-timeline/parts.tsx'
export { Collected, type CollectedProps } from './components/collected/collected.tsx'
export * as CollectedParts from './components/collected/parts.tsx'
export {
  ConnectionBanner,
  ConnectionStatus,
  type ConnectionStatusProps,
} from './components/connection-status/connection-status.tsx'
export type { ConnectionView } from './components/connection-status/connection-view.ts'
export * as ConnectionStatusParts from './components/connection-status/parts.tsx'
export { DigitSlots, type DigitSlotsProps } from './components/digit-slots/digit-slots.tsx'
export * as DigitSlotsParts from './components/digit-slots/parts.tsx'
export { type Slot, type Slots, slotsOf } from './components/digit-slots/slots.ts'
export { DtmfPad, type DtmfPadProps } from './components/dtmf-pad/dtmf-pad.tsx'
export * as DtmfPadParts from './components/dtmf-pad/parts.tsx'
export { AskCaller, type AskCallerProps } from './components/gather-controls/ask-caller.tsx'
export { CurrentGather, type CurrentGatherProps } from './components/gather-controls/current-gather.tsx'
export { bodyOf, type Draft } from './components/gather-controls/draft.ts'
export {
  type FieldDraft,
  type FieldProblem,
  type FieldType,
  schemaOf,
} from './components/gather-controls/field-drafts.ts'
export { GatherControls, type GatherControlsProps } from './components/gather-controls/gather-controls.tsx'
export {
  defaultPresets,
  type GatherParameter,
  type ParameterInput,
  type Preset,
} from './components/gather-controls/parameters.ts'
export * as GatherControlsParts from './components/gather-controls/parts.tsx'
export { type UseGatherDraftResult, useGatherDraft } from './components/gather-controls/use-gather-draft.ts'
export { GatherFields, type GatherFieldsProps } from './components/gather-fields/gather-fields.tsx'
export * as GatherFieldsParts from './components/gather-fields/parts.tsx'
export { GatherPanel, type GatherPanelProps, type PanelCard } from './components/gather-panel/gather-panel.tsx'
export * as GatherPanelParts from './components/gather-panel/parts.tsx'
export type { ButtonProps } from './components/kit/button.tsx'
export type { Tone } from './components/kit/chip.tsx'
export {
  CommandButton,
  type CommandButtonProps,
  CommandNotice,
  type RunningCommand,
} from './components/kit/command-button.tsx'
export type { IconName } from './components/kit/icon.tsx'
export { ShortcutHint, type ShortcutHintProps } from './components/kit/shortcut-hint.tsx'
export { type UseKeptFocusResult, useKeptFocus } from './components/kit/use-kept-focus.ts'
export type { PartProps, PartState } from './components/part/part.tsx'
export { CommandPalette } from './components/shortcuts/command-palette.tsx'
export { ShortcutHelp } from './components/shortcuts/shortcut-help.tsx'
export { Shortcuts, type ShortcutsProps } from './components/shortcuts/shortcuts.tsx'
export * as TranscriptParts from './components/transcript/parts.tsx'
export type {
  CommandRow,
  GatherEndRow,
  KeysRow,
  RowBase,
  RowCategory,
  RowOutcome,
  Speaker,
  SpeechRow,
  SystemRow,
  TranscriptRow,
  WhisperRow,
} from './components/transcript/rows.ts'
export { Transcript, type TranscriptProps } from './components/transcript/transcript.tsx'
export type { Disposition } from './components/wrap-up/context.ts'
export * as WrapUpParts from './components/wrap-up/parts.tsx'
export { WrapUp, type WrapUpProps } from './components/wrap-up/wrap-up.tsx'
export type { TimelineConversation, TimelineGather } from './hooks/arrays.ts'
export { CallScope, type CallScopeProps, useCallId } from './hooks/call-scope.tsx'
export type { CommandProgress, CommandRefusal, CommandStatus } from './hooks/command-progress.ts'
export { subscribeHostEvents } from './hooks/host-events.ts'
export { GatherProvider, type GatherProviderProps, useGatherClient } from './hooks/provider.tsx'
export type { ShortcutKey } from './hooks/shortcut-key.ts'
export type { Shortcut, ShortcutItem, ShortcutList } from './hooks/shortcut-registry.ts'
export type { InferOutput, StandardIssue, StandardResult, StandardSchemaV1 } from './hooks/standard-schema.ts'
export {
  type AIGatherValidation,
  type UseAIGatherOptions,
  type UseAIGatherResult,
  useAIGather,
} from './hooks/use-ai-gather.ts'
export { type HandBackOptions, type UseAssistantResult, useAssistant, type WhisperRole } from './hooks/use-assistant.ts'
export { useCall } from './hooks/use-call.ts'
export { type UseCallGatherBaseResult, type UseCallGatherResult, useCallGather } from './hooks/use-call-gather.ts'
export { type UseCallTimelineResult, useCallTimeline } from './hooks/use-call-timeline.ts'
export { type UseCallsResult, useCalls } from './hooks/use-calls.ts'
export {
  type CollectedText,
  type UseCollectedOptions,
  type UseCollectedResult,
  useCollected,
} from './hooks/use-collected.ts'
export {
  type CommandMutateOptions,
  type SettledCommandStatus,
  type UseAnyCommandResult,
  type UseCommandActions,
  type UseCommandOptions,
  type UseCommandResult,
  useAnyCommand,
  useCommand,
} from './hooks/use-command.ts'
export { type UseConnectionResult, useConnection } from './hooks/use-connection.ts'
export { type UseDtmfResult, useDtmf } from './hooks/use-dtmf.ts'
export { useHostEvents } from './hooks/use-host-events.ts'
export { type UsePlaybackResult, usePlayback } from './hooks/use-playback.ts'
export { type UseRingingAlertOptions, type UseRingingAlertResult, useRingingAlert } from './hooks/use-ringing-alert.ts'
export { useServerTime } from './hooks/use-server-time.ts'
export { type UseShortcutsResult, useShortcut, useShortcuts } from './hooks/use-shortcut.ts'
export {
  type LiveSpeech,
  rowText,
  type UseTranscriptOptions,
  type UseTranscriptResult,
  useTranscript,
} from './hooks/use-transcript.ts'
export { type UseWrapUpOptions, type UseWrapUpResult, useWrapUp, type WrapUpRecord } from './hooks/use-wrap-up.ts'
export type { WrapUpSummary } from './hooks/wrap-up-summary.ts'
export { callQueryOptions } from './query/call-query.ts'
export { callsQueryOptions } from './query/calls-query.ts'
export { gatherKeys, type KeyOwner } from './query/keys.ts'
export { loadCall } from './query/load-call.ts'
export { en } from './strings/en.ts'
export {
  type Language,
  type Message,
  type MessageText,
  type MessageValueNames,
  type MessageValues,
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
