/** A live Telnyx gather on an agent's screen: the client, the queries, the hooks. */

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
export type { CommandRun, CommandRunStatus } from './hooks/command-run.ts'
export { GatherProvider, type GatherProviderProps, useGatherClient } from './hooks/provider.tsx'
export type { InferOutput, StandardIssue, StandardResult, StandardSchemaV1 } from './hooks/standard-schema.ts'
export { type AIGatherOptions, type AIGatherResult, type AIGatherView, useAIGather } from './hooks/use-ai-gather.ts'
export { type Assistant, type HandBackOptions, useAssistant, type WhisperRole } from './hooks/use-assistant.ts'
export { useCall } from './hooks/use-call.ts'
export { type CallGather, useCallGather } from './hooks/use-call-gather.ts'
export { type CallTimeline, useCallTimeline } from './hooks/use-call-timeline.ts'
export { type Calls, useCalls } from './hooks/use-calls.ts'
export { type AnyCommand, type Command, type CommandSettled, useAnyCommand, useCommand } from './hooks/use-command.ts'
export { type Connection, useConnection } from './hooks/use-connection.ts'
export { type Dtmf, useDtmf } from './hooks/use-dtmf.ts'
export { type Playback, usePlayback } from './hooks/use-playback.ts'
export { useServerTime } from './hooks/use-server-time.ts'
export {
  type LiveSpeech,
  rowText,
  type Transcript,
  type TranscriptOptions,
  useTranscript,
} from './hooks/use-transcript.ts'
export { callQueryOptions } from './query/call-query.ts'
export { callsQueryOptions } from './query/calls-query.ts'
export { gatherKeys } from './query/keys.ts'
